"""The result that the package ships."""

from __future__ import annotations

from dataclasses import replace

from ..demo import WEIGHTS
from ..results import Decoded
from ..storage.decoded import read_decoded
from .session import Session


def shipped_decoding(session: Session) -> Decoded:
    """The stretch of the demo that ships decoded, so that there is a result before any model has loaded.

    Parameters
    ----------
    session : the demo, from `open_demo`
    """
    decoded = read_decoded(WEIGHTS / "decoded")
    places = {"study": str(session.study.path.resolve()), "run": str(session.run)}
    return replace(decoded, manifest=decoded.manifest | places)
