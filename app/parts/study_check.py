"""Opening a study on the Data screen: which file, what `check` found in it, previews kept between reruns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from shlex import join

import streamlit as st

from app import backend, places
from fmri2ges.data.study.check import Checked, check_study
from fmri2ges.data.study.model import Study
from fmri2ges.demo.opener import make_ready
from fmri2ges.errors import UserError
from fmri2ges.request import DEMO, DecodeRequest
from fmri2ges.views import study as views
from fmri2ges.work import Work

PATH = "data.path"
CHECKED = "data.checked"


@dataclass(frozen=True)
class Opened:
    """A checked study.

    Parameters
    ----------
    path : as the user gave it, made absolute
    name : as the user gave it
    stamp : tells one check from the next, so that previews of changed files are made anew
    """

    path: Path
    checked: Checked
    stamp: int
    name: str = ""

    @property
    def study(self) -> Study:
        """The study; only for those who know that its file could be read (`checked.study` says so)."""
        assert self.checked.study is not None
        return self.checked.study


def demo_study():
    """The simulated study of the shipped models."""
    return backend.open_run(DecodeRequest()).study


def open_demo() -> None:
    """Put the demo's study into the text field."""
    st.session_state[PATH] = DEMO


def opened(text: str) -> Opened:
    """What `check` found in the study file that the user named; kept until the file changes or `forget` is called.

    Raises
    ------
    UserError
        Where this server may not read that file.
    """
    name = text.strip().strip("\"'")
    path = Path(demo_study().path) if name == DEMO else places.find(name, "study")
    try:
        changed = path.stat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0
    kept = st.session_state.get(CHECKED)
    if kept is None or kept[0] != (path, changed):
        kept = st.session_state[CHECKED] = ((path, changed), Opened(path, _check(path), time.time_ns(), name))
    return kept[1]


def forget() -> None:
    """Check again on the next run."""
    st.session_state.pop(CHECKED, None)


def _check(path: Path) -> Checked:
    bar = st.progress(0.0, text="Reading the study")
    make_ready(path, Work(lambda share, message: bar.progress(share, text=message[0].upper() + message[1:])))
    # The label of a source holds names of the user's: it is shown as code, in which nothing is markup.
    work = Work(lambda share, label: bar.progress(share, text=f"Reading `{label.replace('`', ' ')}`"))
    checked = check_study(path, work)
    bar.empty()
    return checked


@st.cache_resource(max_entries=16, show_spinner="Reading the recording")
def recording_preview(path: str, stamp: str, subject: str, story: str, _study) -> views.RecordingPreview:
    """The preview of one recording; a `UserError` where it cannot be read."""
    return views.recording_preview(_study.read_recording(_study.recording(subject, story)))


@st.cache_resource(max_entries=4, show_spinner="Reading the motion")
def motion(path: str, stamp: int, kind: str, name: str, _study):
    """(motion, words or None) of a clip, or of the simulated truth of a story."""
    if kind == "truth":
        return _study.truth(name), None
    source = next(g for g in _study.gestures if g.clip == name)
    try:
        words = _study.read_words(source)
    except UserError:
        words = None  # among the problems; the motion is shown all the same
    return source.import_motion().motion, words


def commands(opened: Opened) -> str:
    """What to type to go on with a study."""
    path, study = opened.path, opened.study
    start = ["fmri2ges"]
    file = str(path) if places.is_local() else opened.name
    lines = [[*start, "check", file]]
    # The demo's study holds only what was held out from its training.
    if study.split.within_story_folds or study.train_stories or study.train_gestures:
        run = f"runs/{path.parent.name if path.name == 'study.toml' else path.stem}"
        lines.append([*start, "train", file, "--out", run])
    return "\n".join(map(join, lines))
