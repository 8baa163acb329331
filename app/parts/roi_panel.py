"""An ROI study on screen: what to show of it, cortex and bars that select each other, table and files."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory

import streamlit as st

from app import state
from app.figure import add_button, folder_of
from app.messages import plain
from app.parts.html_report import html_button
from app.parts.rois import cortex
from app.places import without_paths
from fmri2ges.demo import ROI_STUDY
from fmri2ges.errors import UserError
from fmri2ges.evaluation.roi_rows import Effect, Region, RoiRow, RoiStudy
from fmri2ges.figures.composed import Panel
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.request import DEMO, WHOLE_CORTEX
from fmri2ges.storage.roi_study import STUDY, load_roi_study, table_text
from fmri2ges.views import roi_study as views
from fmri2ges.views.area_map import bar_html
from fmri2ges.views.cortex import area_names, area_numbers
from fmri2ges.views.names import file_stem

FOLDER = "roi-studies"  # folder of a run in which its ROI studies lie
EFFECTS = {Effect.ALONE: "Alone", Effect.LESION: "Lost without"}  # short, so that they fit beside the other choices
FIGURES = {"roi-bars": "Bars", "roi-map": "Map", "roi-group": "Subjects"}  # kind of a figure -> how its button calls it
FORWARD = (
    "Each region is the one that adds most to those above it. Where chosen: the score on the stories that chose, which "
    "is too large. Where not chosen: each part of the stories scored with the path that the other parts chose."
)
PLAIN = {"displayModeBar": False}
HEIGHT = "clamp(380px, calc(100vh - 400px), 640px)"


def newest_study(run=None) -> Path | None:
    """Folder of the newest ROI study of a run (None: the demo), or None."""
    return next(iter(studies_of(run)), None)


def load_study(path: Path) -> RoiStudy:
    """An ROI study, read once as long as its file stays the same."""
    return _load(str(path), (path / STUDY).stat().st_mtime_ns)


def studies_of(run=None) -> list[Path]:
    """Folders of the ROI studies of a run, the newest first; the demo's comes with the package."""
    if run is None or state.request().run == DEMO:
        return [ROI_STUDY] if (ROI_STUDY / STUDY).is_file() else []
    found = (run.path / FOLDER).glob(f"*/{STUDY}")
    return [file.parent for file in sorted(found, key=lambda f: f.stat().st_mtime, reverse=True)]


def choose_study(run) -> Path | None:
    """Folder of the study to show, or None after saying how to make one."""
    found = studies_of(run)
    if not found:
        name = str(run.path)
        st.info(
            "No ROI study of this run yet. Start one on the screen Runs, or with this command: every region alone, "
            "all without it, and random regions of its size.",
            icon=":material/neurology:",
        )
        command = ["fmri2ges", "roi-study", name, "--rois", "groups", "--out", f"{name}/{FOLDER}/groups"]
        st.code(without_paths(join(command)), language="bash", wrap_lines=True)
        st.page_link(state.page_of("runs"), label="Runs", icon=":material/table_rows:")
        return None
    path = found[0]
    if len(found) > 1:
        path = st.selectbox("Study", found, format_func=lambda p: p.name)
    return path


@st.cache_data(max_entries=4, show_spinner=False)
def _load(path: str, stamp: int) -> RoiStudy:
    return load_roi_study(path)


@st.fragment
def show(path: Path) -> None:
    """Choices, cortex beside bars, table, notes and files of the study in a folder."""
    study = load_study(path)
    view, rows = _choose(study)
    if not rows:
        st.info("This study has no such rows.")
        return
    shown = views.cortex_map(study, rows)
    left, right = st.columns([6, 6], gap="large")
    with left:
        if shown is None:
            st.info("The regions of this study have no place on the cortex; the bars and the table show them.")
        else:
            cortex("roi_cortex", HEIGHT, shown)
            st.html(bar_html(shown))
    with right:
        _bars(study, rows)
    _selected(study, rows, shown is not None)
    with st.expander("All regions as a table"):
        st.dataframe(views.roi_table(study, rows), hide_index=True)
    if steps := study.path(view.subject, view.branch):
        with st.expander("Fewest regions, exploratory"):
            st.markdown(plain(views.forward_sentence(steps)))
            st.dataframe(views.forward_table(steps), hide_index=True)
            st.caption(FORWARD)
    with st.expander("How to read this"):
        for note in study.notes:
            st.markdown(f"- {plain(note)}")
    _files(path, study, view, shown is not None)


def _choose(study: RoiStudy) -> tuple[RoiView, list[RoiRow]]:
    a, b, c, d = st.columns([4, 2, 3, 5])
    metrics = views.measures(study)
    metric = a.selectbox("Measure", list(metrics), format_func=metrics.__getitem__, key="roi.metric")
    allowed = views.branches(study, metric)
    branch = b.selectbox("Branch", allowed, index=len(allowed) - 1, key="roi.branch")
    wanted = state.request().subject
    first = study.subjects.index(wanted) if wanted in study.subjects else 0
    subject = c.selectbox("Subject", study.subjects, index=first, key="roi.subject")
    effect = d.segmented_control(
        "Effect",
        list(EFFECTS),
        format_func=EFFECTS.__getitem__,
        default=Effect.ALONE,
        required=True,
        key="roi.effect",
    )
    return RoiView(subject, metric, branch), study.select(subject, branch, metric, effect)


def _bars(study: RoiStudy, rows: list[RoiRow]) -> None:
    figure = views.bar_chart(study, rows, study.simulated)
    bars(figure, "roi.bars", study.regions, "Regions sorted by value, with interval, null and random regions")


def bars(figure, key: str, regions: tuple[Region, ...], alt: str) -> None:
    """A chart of regions; a click on one selects it everywhere.

    Parameters
    ----------
    figure : whose points have the name of their region first in their customdata
    key : unique on the page
    regions : what the names mean
    alt : what a screen reader says
    """
    event = st.plotly_chart(figure, key=key, on_select="rerun", selection_mode="points", config=PLAIN, alt=alt)
    points = [p for p in event["selection"]["points"] if p.get("customdata")]
    picked, told = points[0]["customdata"][0] if points else None, f"{key}.picked"
    if picked is not None and st.session_state.get(told) != picked:
        st.session_state[told] = picked
        region = next(r for r in regions if r.name == picked)
        try:
            state.update(rois=area_names(area_numbers(region.rois)))
        except UserError:
            state.update(rois=region.rois)  # a study without a cortex
        st.rerun(scope="fragment")
    if not points:
        st.session_state.pop(told, None)


def _selected(study: RoiStudy, rows: list[RoiRow], on_cortex: bool) -> None:
    told = {row.region: "; ".join(views.facts(study, row)) for row in rows}
    selected(study.regions, told, on_cortex)


def selected(regions: tuple[Region, ...], told: dict[str, str], on_cortex: bool, mark: str = "a dot") -> None:
    """What the table says of the regions that the selection touches.

    Parameters
    ----------
    regions : those that are shown
    told : name of a region -> its row in words
    on_cortex : whether areas of the cortex can be clicked
    mark : what stands for a region in the chart
    """
    rois = state.request().rois
    if rois == WHOLE_CORTEX:
        what = f"{mark}, or an area of the cortex," if on_cortex else mark
        st.caption(f"Click {what} to select a region: it is then what Explore decodes from.")
        return
    chosen = set(rois)
    with suppress(UserError):  # names of a study without a cortex
        chosen |= set(_areas(rois))
    lines = [told[r.name] for r in regions if r.name in told and chosen & set(r.rois)]
    st.caption(plain(" | ".join(lines[:4])) if lines else "The selection touches no region of this study.")


def _areas(rois: tuple[str, ...]) -> list[str]:
    from fmri2ges.brain.atlas import load_atlas

    return [load_atlas().areas[k] for k in area_numbers(rois)]


def _files(path: Path, study: RoiStudy, view: RoiView, on_cortex: bool) -> None:
    folder = folder_of(path, ROI_STUDY)
    left_out = {*(() if on_cortex else ("roi-map",)), *(() if views.has_group(study) else ("roi-group",))}
    kinds = [kind for kind in FIGURES if kind not in left_out]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Figure", kinds, default="roi-bars", required=True, format_func=FIGURES.__getitem__, key="roi.figure"
        )
        add_button(Panel(kind, folder=folder, view=view), "roi.add")
        st.download_button(
            f"{FIGURES[kind]} as PDF",
            partial(_figure, study, kind, view),
            f"{kind}.pdf",
            icon=":material/download:",
            on_click="ignore",  # a rerun would take away the place from which the browser fetches the file
        )
        st.download_button("Table", table_text(study), "roi-study.tsv", icon=":material/table:")
        named = ["roi-study", str(study.manifest.get("study_name") or ""), *["simulated"] * study.simulated]
        html_button(study, f"{file_stem(named)}.html")


def _figure(study: RoiStudy, kind: str, view: RoiView) -> bytes:
    """A figure for a paper as the bytes of a PDF."""
    from fmri2ges.figures import make_roi_figure

    with TemporaryDirectory() as folder:
        return make_roi_figure(study, kind, Path(folder) / f"{kind}.pdf", view).read_bytes()
