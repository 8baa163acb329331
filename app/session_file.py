"""A view kept as a file: the fields of its link in a versioned JSON, looked at by the same code as a link."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fmri2ges.brain.own_map import OwnMap
from fmri2ges.config import from_dict, to_dict
from fmri2ges.errors import UNPRINTABLE, UserError, one_line

FORMAT = "fMRI2GES session"
VERSION = 1
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Session:
    """What the file of a session holds.

    Parameters
    ----------
    view : names of the fields of a link -> their texts
    own_map : the user's own map on the cortex, which no link carries
    """

    view: dict[str, str]
    own_map: OwnMap | None = None


def session_of(view: Mapping[str, str], own_map: OwnMap | None = None) -> dict[str, Any]:
    """The content of the file of a session, see `Session`."""
    content = {"format": FORMAT, "version": VERSION, "view": dict(view)}
    return content if own_map is None else content | {"own_map": to_dict(own_map)}


def read_session(data: bytes, name: str, allowed: tuple[str, ...]) -> Session:
    """The session in a file; what the fields of its view say is looked at where a link's are.

    Parameters
    ----------
    data : content of the file
    name : of the file, for messages
    allowed : names of the fields of a link

    Raises
    ------
    UserError
        One line, for a file that is no session, is damaged, or is of another version.
    """
    if len(data) > MAX_BYTES:
        raise UserError(f"{name}: is larger than {MAX_BYTES / 1e6:g} MB, far more than a session holds")
    try:
        found: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: is no session: it is not valid JSON ({one_line(error)})") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UserError(f'{name}: is no session of this program: its "format" is not "{FORMAT}"')
    if found.get("version") != VERSION or isinstance(found.get("version"), bool):
        said = one_line(repr(found.get("version")), 30)
        raise UserError(f"{name}: is a session of version {said}; this program reads version {VERSION}")
    view = found.get("view")
    if not isinstance(view, dict) or not all(isinstance(text, str) for text in view.values()):
        raise UserError(f'{name}: "view" must name fields of a link and give each as a text')
    broken = [field for field in allowed if UNPRINTABLE.search(view.get(field, ""))]
    if broken:
        raise UserError(f"{name}: {', '.join(broken)}: holds a control character or half a one")
    unknown = [one_line(UNPRINTABLE.sub(" ", field), 30) for field in view if field not in allowed]
    if unknown:
        raise UserError(f"{name}: fields not known: {', '.join(unknown[:5])}; allowed: {', '.join(allowed)}")
    stated = found.get("own_map")
    try:
        return Session(view, None if stated is None else from_dict(OwnMap, stated, "own_map"))
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
