"""Where the demo lies: the one place that knows that its run is part of the package and its study is made on demand."""

from __future__ import annotations

from pathlib import Path

from ..data.study.load import load_study
from ..data.study.model import Study
from ..request import DEMO
from ..work import QUIET, Work
from . import WEIGHTS
from .cache import DemoStudy, cache_folder


def find_run(run) -> Path:
    """The folder of a run; 'demo' is the one that the package ships, unless a folder of this name exists."""
    return WEIGHTS if str(run) == DEMO and not Path(run).exists() else Path(run)


def open_study(file) -> Study:
    """The study of a run.

    Parameters
    ----------
    file : path of a study file, or 'demo' for the study of the shipped models

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    if str(file) == DEMO or Path(file).absolute().parent == cache_folder().absolute():
        return DemoStudy.open()
    return load_study(file)


def has_study(file) -> bool:
    """Whether a study can be opened under this name."""
    try:
        return str(file) == DEMO or (bool(file) and Path(file).is_file())
    except (OSError, ValueError):  # a name that no file can have
        return False


def name_of_study(study: Study) -> str:
    """How manifests name a study: 'demo', or the absolute path of its file."""
    return DEMO if isinstance(study, DemoStudy) else str(study.path.resolve())


def name_of_run(path: Path) -> str:
    """How manifests name a run: 'demo', or its absolute path."""
    return DEMO if path == WEIGHTS else str(path.resolve())


def make_ready(file, work: Work = QUIET) -> None:
    """Make what a study file promises, where it is the demo's, which makes its stories when they are first read."""
    if Path(file).absolute() != (cache_folder() / "study.toml").absolute():
        return
    study = DemoStudy.open()
    for k, source in enumerate(study.recordings):
        work.report(k / len(study.recordings), f"making the story {source.story}")
        study.read_recording(source)
        study.truth(source.story)
