"""Differences on the screen ROI study: of two branches, two subjects or two studies of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory

import streamlit as st

from app import state
from app.messages import guarded, plain
from app.parts.roi_panel import EFFECTS, HEIGHT, bars, load_study, selected
from app.parts.rois import cortex
from app.places import without_paths
from fmri2ges.evaluation.roi_difference import RoiDifference
from fmri2ges.evaluation.roi_rows import Effect, RoiStudy
from fmri2ges.results import BRANCHES
from fmri2ges.storage.roi_difference import TABLE, difference_text
from fmri2ges.studies.roi_difference import roi_difference
from fmri2ges.views import roi_difference as views
from fmri2ges.views.area_map import bar_html
from fmri2ges.views.roi_study import branches, measures

BETWEEN_BRANCHES, BETWEEN_SUBJECTS, BETWEEN_STUDIES = "Branches", "Subjects", "Studies"
WIDTH = 150  # pixels of a short choice
NONE = "This run has nothing to compare yet: a difference needs two branches, two subjects or two studies."


@dataclass(frozen=True)
class Asked:
    """A difference that can be asked for.

    Parameters
    ----------
    path, other : folders of the first study, and of a second one where two are compared
    subjects, branches : one, or two of which the second is on the second side
    metric, effect : what is compared
    """

    path: Path
    other: Path | None
    subjects: tuple[str, ...]
    branches: tuple[str, ...]
    metric: str
    effect: str = Effect.ALONE.value

    def found(self) -> RoiDifference:
        """The difference; a `UserError` where the two sides cannot be compared."""
        second = None if self.other is None else load_study(self.other)
        names = (self.path.name, "" if self.other is None else self.other.name)
        return roi_difference(
            load_study(self.path), second, self.subjects, self.branches, self.metric, self.effect, names
        )

    @property
    def command(self) -> str:
        """The same as one shell command."""
        folders = [str(path) for path in (self.path, self.other) if path is not None]
        words = ["fmri2ges", "roi-difference", *folders, "--branches", ",".join(self.branches)]
        words += ["--subjects", ",".join(self.subjects), "--metric", self.metric, "--effect", self.effect]
        return without_paths(join([*words, "--out", "difference"]))


@st.fragment
@guarded
def show(path: Path, others: list[Path]) -> None:
    """Choices, cortex beside bars, table and files of a difference.

    Parameters
    ----------
    path : folder of the study that is chosen
    others : folders of the other studies of the run
    """
    study = load_study(path)
    asked = _choose(study, path, others)
    if asked is None:
        st.info(NONE)
        return
    found = asked.found()
    shown = views.difference_map(found)
    left, right = st.columns([6, 6], gap="large")
    with left:
        if shown is None:
            st.info("The regions of this study have no place on the cortex; the bars and the table show them.")
        else:
            cortex("roi_cortex", HEIGHT, shown)
            st.html(bar_html(shown))
    with right:
        figure = views.difference_chart(found)
        bars(figure, "roi.difference", found.regions, "Regions sorted by their difference, with interval")
    told = {row.region: "; ".join(views.facts(found, row)) for row in found.rows}
    selected(found.regions, told, shown is not None, "a bar")
    st.markdown(plain(views.difference_sentence(found)))
    with st.expander("All regions as a table"):
        st.dataframe(views.difference_table(found), hide_index=True)
    with st.expander("The same as a command"):
        st.code(asked.command, language="bash", wrap_lines=True)
    _files(found)


def _kinds(study: RoiStudy, others: list[Path]) -> list[str]:
    """What can be compared."""
    kinds = [BETWEEN_BRANCHES] if views.metrics_of_both(study) else []
    kinds += [BETWEEN_SUBJECTS] if len(study.subjects) > 1 else []
    return kinds + ([BETWEEN_STUDIES] if others else [])


def _choose(study: RoiStudy, path: Path, others: list[Path]) -> Asked | None:
    kinds = _kinds(study, others)
    if not kinds:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Difference of two", kinds, default=kinds[0], required=True, key="roi.between")
        metrics = views.metrics_of_both(study) if kind == BETWEEN_BRANCHES else measures(study)
        metric = st.selectbox(
            "Measure", list(metrics), format_func=metrics.__getitem__, key="roi.difference_metric", width=250
        )
        sides = {BETWEEN_BRANCHES: _branches, BETWEEN_SUBJECTS: _subjects}.get(kind, partial(_studies, others=others))
        asked = sides(study, path, metric)
        effect = st.segmented_control(
            "Effect",
            list(EFFECTS),
            format_func=EFFECTS.__getitem__,
            default=Effect.ALONE,
            required=True,
            key="roi.difference_effect",
        )
    return replace(asked, effect=effect)


def _branches(study: RoiStudy, path: Path, metric: str) -> Asked:
    both = [s for s in study.subjects if len(study.branches_of(s, metric)) == len(BRANCHES)]
    subject = _pick("Subject", both, "roi.difference_subject")
    order = st.selectbox("Order", (BRANCHES[::-1], BRANCHES), format_func=" minus ".join, key="roi.order", width=180)
    return Asked(path, None, (subject,), order, metric)


def _subjects(study: RoiStudy, path: Path, metric: str) -> Asked:
    first = _pick("Subject", list(study.subjects), "roi.first_subject")
    second = st.selectbox("minus", [s for s in study.subjects if s != first], key="roi.second_subject", width=WIDTH)
    return Asked(path, None, (first, second), (_branch(study, metric),), metric)


def _studies(study: RoiStudy, path: Path, metric: str, others: list[Path]) -> Asked:
    other = st.selectbox("minus study", others, format_func=lambda p: p.name, key="roi.other_study", width=WIDTH)
    common = views.subjects_of(study, load_study(other)) or list(study.subjects)
    subject = _pick("Subject", common, "roi.common_subject")
    return Asked(path, other, (subject,), (_branch(study, metric),), metric)


def _branch(study: RoiStudy, metric: str) -> str:
    return st.selectbox("Branch", branches(study, metric)[::-1], key="roi.difference_branch", width=WIDTH)


def _pick(label: str, subjects: list[str], key: str) -> str:
    """One of some subjects; at first the one that is chosen on Explore, where it is there."""
    wanted = state.request().subject
    first = subjects.index(wanted) if wanted in subjects else 0
    return st.selectbox(label, subjects, index=first, key=key, width=WIDTH)


def _files(found: RoiDifference) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button(
            "Figure as PDF",
            partial(_figure, found),
            "roi-difference.pdf",
            icon=":material/download:",
            on_click="ignore",  # a rerun would take away the place from which the browser fetches the file
        )
        st.download_button("Table", difference_text(found), TABLE, icon=":material/table:")


def _figure(found: RoiDifference) -> bytes:
    """The figure for a paper as the bytes of a PDF."""
    from fmri2ges.figures import make_difference_figure

    with TemporaryDirectory() as folder:
        return make_difference_figure(found, Path(folder) / "difference.pdf").read_bytes()
