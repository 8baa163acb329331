"""fMRI2GES: co-speech gestures decoded from fMRI by a text branch and a direct branch.

The names below are the public API; each is imported when it is first used, so that ``import fmri2ges`` loads
nothing heavy.

>>> import fmri2ges
>>> request = fmri2ges.DecodeRequest(subject="sub-01", story="test-1", rois=("Broca", "AG"), start=0, stop=30)
>>> decoded = fmri2ges.open_run("demo").decode(request)  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .brain.roi import Roi
    from .brain.space import Space
    from .data.study.check import check_study as check
    from .decoding.run import Run, open_run
    from .demo.opener import open_study as load_study
    from .demo.study import simulate_study as simulate
    from .documents import make_report as report
    from .figures import make_figure as figure
    from .figures.export import export
    from .reports.evaluate import evaluate
    from .request import DecodeRequest
    from .results import Decoded
    from .storage.roi_study import load_roi_study
    from .studies.roi_difference import roi_difference
    from .studies.roi_request import RoiStudyRequest
    from .studies.roi_study import roi_study
    from .training.train import train_study as train
    from .work import Work

# Name -> module and name inside it.
_PLACES = {
    "DecodeRequest": ("request", "DecodeRequest"),
    "Decoded": ("results", "Decoded"),
    "Roi": ("brain.roi", "Roi"),
    "RoiStudyRequest": ("studies.roi_request", "RoiStudyRequest"),
    "Run": ("decoding.run", "Run"),
    "Space": ("brain.space", "Space"),
    "Work": ("work", "Work"),
    "check": ("data.study.check", "check_study"),
    "evaluate": ("reports.evaluate", "evaluate"),
    "export": ("figures.export", "export"),
    "figure": ("figures", "make_figure"),
    "load_roi_study": ("storage.roi_study", "load_roi_study"),
    "load_study": ("demo.opener", "open_study"),
    "open_run": ("decoding.run", "open_run"),
    "report": ("documents", "make_report"),
    "roi_difference": ("studies.roi_difference", "roi_difference"),
    "roi_study": ("studies.roi_study", "roi_study"),
    "simulate": ("demo.study", "simulate_study"),
    "train": ("training.train", "train_study"),
}

__all__ = [
    "DecodeRequest",
    "Decoded",
    "Roi",
    "RoiStudyRequest",
    "Run",
    "Space",
    "Work",
    "__version__",
    "check",
    "evaluate",
    "export",
    "figure",
    "load_roi_study",
    "load_study",
    "open_run",
    "report",
    "roi_difference",
    "roi_study",
    "simulate",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, inside = _PLACES[name]
    value = getattr(import_module(f"{__name__}.{module}"), inside)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
