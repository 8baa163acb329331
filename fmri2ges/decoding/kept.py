"""Results that lie in the folder of a run, and whether what they were decoded from is still there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..demo.opener import name_of_study
from ..errors import UserError
from ..request import DEMO, DecodeRequest
from ..results import Decoded
from ..storage.decoded import load_decoded, read_manifest, request_of
from .proof import places

if TYPE_CHECKING:
    from .run import Run


def kept_result(run: Run, request: DecodeRequest) -> Decoded | None:
    """The result of a complete request among those in the run's folder ``decoded``.

    Only one that these models made of what the files of the study hold now; results that ship with the demo are.

    Parameters
    ----------
    run : the opened run
    request : a complete one, see `Run.complete`
    """
    place = run.path / "decoded"
    for file in sorted([*place.glob("manifest.json"), *place.glob("*/manifest.json")]):
        manifest = read_manifest(file.parent)
        asked = replace(request_of(manifest, file.parent), run=request.run)
        if asked != request or manifest.get("run_digest") != run.digest:
            continue
        if name_of_study(run.study) == DEMO or manifest.get("recording") == _recording_now(run, asked):
            found = load_decoded(file.parent)
            return replace(found, request=asked, manifest=manifest | places(run))
    return None


def _recording_now(run: Run, request: DecodeRequest) -> str:
    """The digest of a recording; empty where the study does not have it any more."""
    try:
        return run.digest_of_recording(request.subject, request.story)
    except UserError:
        return ""
