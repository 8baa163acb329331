"""The report of a run on the Statistics screen."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory

import streamlit as st

from app import state
from app.figure import add_button, folder_of
from app.messages import plain
from app.parts.html_report import html_button
from app.places import without_paths
from fmri2ges.demo import WEIGHTS
from fmri2ges.evaluation.report import Report, format_report
from fmri2ges.figures.composed import METRICS, Panel
from fmri2ges.storage.report import NAME, read_report
from fmri2ges.views import scores
from fmri2ges.views.choices import GUIDANCE_NOTE, GUIDANCE_TITLE, guidance_cells
from fmri2ges.views.names import file_stem, run_name
from fmri2ges.views.reliability import TITLE as RELIABILITY
from fmri2ges.views.reliability import reliability_cells, reliability_note

PLAIN = {"displayModeBar": False}
ONE_SHOWN = "r, shares and cosines on one axis; position errors, jerk and distances are in the table."


def read(run) -> Report | None:
    """The report in the folder of a run, or None before `evaluate`."""
    file = run.path / NAME
    return _read(str(run.path), file.stat().st_mtime_ns) if file.is_file() else None


@st.cache_data(max_entries=8, show_spinner=False)
def _read(path: str, stamp: int) -> Report:
    return read_report(Path(path))


def nothing(run) -> None:
    """What to do before there is a report."""
    st.info(
        "This run has not been evaluated yet. Decode its held-out stories and evaluate them on the screen Runs, "
        "or with the commands below; the report is kept in the folder of the run and shown here.",
        icon=":material/analytics:",
    )
    name, story = str(run.path), run.stories[0]
    decode = ["fmri2ges", "decode", name, "--story", story, "--out", f"{name}/decoded/{story}"]
    st.code(
        without_paths(f"{join(decode)}\n{join(['fmri2ges', 'evaluate', name])}"),
        language="bash",
        wrap_lines=True,
    )
    st.page_link(state.page_of("runs"), label="Runs", icon=":material/table_rows:")


def show(run, report: Report) -> None:
    """The scores of one setting of a run: chart, table, texts, notes, files."""
    found = scores.settings(report)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    setting = left.selectbox(
        "Subject and ROIs", found, format_func=lambda s: f"{s.subject}, {', '.join(s.rois)}, {s.samples} samples"
    )
    story = right.selectbox("Story", scores.stories(report, setting))
    rows = scores.rows_of(report, setting, story)
    dots = scores.report_dots(rows)
    with st.container(key="statistics_scores"):
        left, right = st.columns([6, 6], gap="large")
    with left:
        if dots:
            figure = scores.score_chart(
                dots, f"Scores with null and interval, {story}", "Score (no unit)", report.simulated, 19
            )
            st.plotly_chart(
                figure, key="statistics.scores", config=PLAIN, alt="Every score with its interval and its null"
            )
            st.caption(ONE_SHOWN)
    with right:
        whole_p = {"p": st.column_config.TextColumn(width=82)}  # "≤0.003" cut after a digit reads as another p
        table, height = scores.report_table(rows), min(560, 38 + 35 * len(rows))
        st.dataframe(table, hide_index=True, height=height, column_config=whole_p)
    _texts(report, setting, story)
    for curve in (one for one in report.reliability if one.setting == setting):
        with st.expander(RELIABILITY):
            st.dataframe(reliability_cells(curve), hide_index=True)
            st.caption(reliability_note(curve))
    if cells := guidance_cells(report.manifest):
        with st.expander(GUIDANCE_TITLE):
            st.dataframe(cells, hide_index=True)
            st.caption(GUIDANCE_NOTE)
    with st.expander("How to read this", expanded=False):
        for note in report.notes:
            st.markdown(f"- {plain(note)}")
    _files(run, report)


def _texts(report: Report, setting, story: str) -> None:
    """The text tables of the chosen story or mean, with the timeline of a story."""
    tables = [t for t in report.texts if t.subject == setting.subject and t.rois == setting.rois]
    chosen = [t for t in tables if t.story == story] or [t for t in tables if t.stories > 1]
    for table in chosen[:2]:
        st.markdown(f"##### Decoded text against texts without a brain, {plain(table.story)}")
        st.dataframe(scores.text_cells(table), hide_index=True)
        if table.timeline is not None:
            figure = scores.timeline_chart(table.timeline, report.simulated)
            st.plotly_chart(
                figure, key=f"statistics.timeline.{table.story}", config=PLAIN, alt="Text score along the story"
            )


def _files(run, report: Report) -> None:
    with st.container(horizontal=True):
        add_button(Panel(METRICS, folder=folder_of(run.path, WEIGHTS)), "statistics.add")
        st.download_button("Report as text", format_report(report), "report.txt", icon=":material/description:")
        for format in ("svg", "pdf", "png"):
            st.download_button(
                f"Figure as {format.upper()}",
                partial(_figure, report, format),
                f"scores.{format}",
                icon=":material/download:",
            )
        named = ["scores", run_name(state.request().run), *["simulated"] * report.simulated]
        html_button(run.path, f"{file_stem(named)}.html")


def _figure(report: Report, format: str) -> bytes:
    from fmri2ges.figures import make_metrics_figure

    with TemporaryDirectory() as folder:
        return make_metrics_figure(report, Path(folder) / f"scores.{format}").read_bytes()
