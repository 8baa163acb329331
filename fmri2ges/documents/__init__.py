"""Reports as one HTML file that opens from disk: nothing is fetched and no script of others runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.atomic import read_json, write_text
from ..errors import UserError
from ..evaluation.report import Report
from ..evaluation.roi_rows import RoiStudy
from ..request import DecodeRequest
from ..results import Decoded
from ..work import QUIET, Work
from .stretch import WHOLE, Stretch

if TYPE_CHECKING:
    from .html import Document

ENDINGS = (".html", ".htm")
ALLOWED = "give a folder of roi-study, a decoded folder, or a run with the report.json of evaluate"


def make_report(
    source,
    out,
    beside=None,
    sample: int = 1,
    start: float | None = None,
    stop: float | None = None,
    work: Work = QUIET,
) -> Path:
    """Write a report as one HTML file.

    Parameters
    ----------
    source : a folder of `roi-study`, or what `roi_study` and `load_roi_study` return; a decoded folder, a `Decoded`, or
        a `DecodeRequest`, which is decoded; a run that `evaluate` was run on, or what it returned
    out : file to write, ending in .html
    beside : of a decoded result: a second one of the same recording, shown as B
    sample : of a decoded result: the sample that is shown, from 1
    start, stop : of a decoded result: the stretch that is shown, seconds on the story's clock
    work : progress

    Returns
    -------
    out : Path

    Raises
    ------
    UserError
        When the folder is none of these, or damaged; one line.
    """
    out = Path(out)
    if out.suffix.lower() not in ENDINGS:
        raise UserError(f"out: the name of a report must end in .html; got {out}")
    return write_text(out, report_html(source, beside, Stretch(sample, start, stop), work))


def report_html(source, beside=None, shown: Stretch = WHOLE, work: Work = QUIET) -> str:
    """The text of the file that `make_report` writes; `shown` is the part of a decoded result."""
    found = _read(source, work)
    if isinstance(found, Decoded):
        return _comparison(found, source, beside, shown, work).render()
    if beside is not None or shown != WHOLE:
        raise UserError("beside, sample, start, stop: only a decoded result has them; leave them out")
    if isinstance(found, RoiStudy):
        from .roi_study import roi_document

        return roi_document(found, work).render()
    from .scores import scores_document

    return scores_document(found, _name(source), work).render()


def _comparison(decoded: Decoded, source, beside, shown: Stretch, work: Work) -> Document:
    from ..storage.report import NAME, read_report
    from .comparison import Comparison, comparison_document

    report = None
    if isinstance(source, (str, Path)) and (Path(source) / NAME).is_file():
        report = read_report(source)
    other = None if beside is None else _read(beside, work)
    if other is not None and not isinstance(other, Decoded):
        raise UserError(f"beside: must be a decoded result; got {beside}")
    return comparison_document(Comparison(decoded, other, shown, report), work)


def _name(source: Any) -> str:
    """Name of a run that was evaluated."""
    if isinstance(source, Report):
        return "RUN"
    from ..demo.opener import name_of_run

    return Path(name_of_run(Path(source).resolve())).name


def _read(source, work: Work) -> RoiStudy | Report | Decoded:
    """What a report is made of."""
    if isinstance(source, (RoiStudy, Report, Decoded)):
        return source
    if isinstance(source, DecodeRequest):
        from ..decoding.run import open_run

        return open_run(source.run).decode(source, work)
    from ..storage.decoded import load_decoded
    from ..storage.report import NAME, read_report
    from ..storage.roi_study import STUDY, load_roi_study

    folder = Path(source)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; {ALLOWED}")
    if (folder / STUDY).is_file():
        return load_roi_study(folder)
    if _is_decoded(folder):
        return load_decoded(folder)
    if (folder / NAME).is_file():
        return read_report(folder)
    raise UserError(f"{folder}: nothing of which a report can be made; {ALLOWED}")


def _is_decoded(folder: Path) -> bool:
    """Whether the manifest of a folder says that it is a decoded result."""
    from ..storage.decoded import KIND

    file = folder / "manifest.json"
    manifest = read_json(file) if file.is_file() else None
    return isinstance(manifest, dict) and manifest.get("kind") == KIND
