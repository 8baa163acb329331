"""What the Data screen shows of a study: tables of what was understood, one recording, one gesture clip."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..brain.space import Space
from ..data.study.check import Checked
from ..data.study.clocks import check_recording_clock
from ..evaluation.clock import HRF_WINDOW, ClockCheck
from ..motion.features import resample
from ..types import Motion, Recording, Words
from .charts import LINE
from .names import file_stem
from .player import quantise
from .plots import graph_objects

CLIP_SECONDS = 120.0  # of a long clip so much is shown at a time
CLIP_FPS = 30.0  # the most frames per second that are sent
ROW, TOP, BOTTOM = 74, 40, 44  # pixels for one curve, above the first and under the last one
GREY = "rgba(128, 128, 128, 0.55)"
NULL_BAND = "rgba(128, 128, 128, 0.22)"
EXPECTED = "rgba(0, 136, 106, 0.16)"


@dataclass(frozen=True)
class RecordingPreview:
    """A recording as a few curves.

    Parameters
    ----------
    times : array (n_volumes,), seconds, centres of the volumes
    tr : seconds
    courses : name -> array (n_volumes,), z: the mean of all, then groups of areas, blocks of voxels or columns
    words : array (n_volumes,), int, words that begin in each volume
    clock : the clock check, or None where nothing can be said (less than two minutes, or no words inside)
    """

    times: np.ndarray
    tr: float
    courses: dict[str, np.ndarray]
    words: np.ndarray
    clock: ClockCheck | None


def recording_rows(checked: Checked) -> list[dict[str, Any]]:
    """One row per recording that could be read, for a table."""
    return [
        {
            "Subject": r.subject,
            "Story": r.story,
            "Minutes": round(r.n_volumes * r.tr / 60, 1),
            "Volumes": r.n_volumes,
            "TR (s)": r.tr,
            "Space": r.place,
            "Columns": r.n_columns,
            "Words": r.n_words,
        }
        for r in checked.recordings
    ]


def clip_rows(checked: Checked) -> list[dict[str, Any]]:
    """One row per clip that could be read, for a table."""
    return [
        {
            "Clip": c.clip,
            "Speaker": c.speaker,
            "Minutes": round(c.seconds / 60, 1),
            "Frames per second": round(c.fps, 3),
            "Skeleton": c.skeleton,
            "Units and axes": c.understood.partition("per second, ")[2],
            "Words": c.n_words,
        }
        for c in checked.clips
    ]


def split_place(line: str, root: str) -> tuple[str, str]:
    """A line about a problem as the file, without the study's own folder, and the rest of the line."""
    line = line.replace(f"{root}/", "").replace(f"{root}\\", "")
    where, colon, what = line.partition(": ")
    return (where, what) if colon and len(where) < 160 else ("", line)


def problems_html(lines, root: str) -> str:
    """Problems or notes as an HTML list; every character of them is escaped."""
    items = []
    for line in lines:
        where, what = split_place(line, root)
        mark = f"<b>{escape(where)}</b><br>" if where else ""
        items.append(f"<li style='margin-bottom:.4rem;overflow-wrap:anywhere'>{mark}{escape(what)}</li>")
    return f"<ol style='margin:0;padding-left:1.6rem'>{''.join(items)}</ol>"


def recording_preview(recording: Recording) -> RecordingPreview:
    """The curves and the clock check of one recording."""
    means = recording.space.means(recording.bold)
    half = recording.tr / 2
    edges = np.append(recording.volume_times - half, recording.volume_times[-1] + half)
    return RecordingPreview(
        times=recording.volume_times,
        tr=recording.tr,
        courses=_courses(recording.space, means),
        words=np.histogram(recording.words.start, edges)[0],
        clock=check_recording_clock(recording, means),
    )


def _courses(space: Space, means: np.ndarray) -> dict[str, np.ndarray]:
    """Mean of everything, then of each region of the cortex or of each ROI; `means` is (n_volumes, n_rois)."""
    size = space.sizes
    whole = "whole cortex" if space.has_cortex else f"mean of all {space.column_unit}"
    parts = space.regions if space.has_cortex else {name: np.array([k]) for k, name in enumerate(space.names)}
    weighted = {whole: np.arange(len(size)), **parts}
    return {name: means[:, k] @ (size[k] / size[k].sum()) for name, k in weighted.items()}


def recording_chart(preview: RecordingPreview, chosen, title: str, simulated: bool = False):
    """BOLD of the chosen curves above the words per volume, on one time axis.

    Parameters
    ----------
    preview : curves of the recording
    chosen : names of `preview.courses`
    title : what the recording is called; it is escaped here, as all names are
    simulated : put "simulated" into the title

    Returns
    -------
    plotly.graph_objects.Figure
    """
    from plotly.subplots import make_subplots

    chosen = list(chosen)
    n = len(chosen) + 1
    figure = make_subplots(rows=n, shared_xaxes=True, vertical_spacing=0.012)
    x = {"x0": float(preview.times[0]), "dx": float(preview.tr)}
    for row, name in enumerate(chosen, start=1):
        y = np.asarray(preview.courses[name], np.float32)
        hover = f"%{{x:.0f}} s: %{{y:.2f}}<extra>{escape(name, quote=False)}</extra>"
        figure.add_scatter(
            y=y, **x, mode="lines", line={"color": LINE, "width": 1.3}, hovertemplate=hover, row=row, col=1
        )
        reach = float(np.abs(y).max()) * 1.05 or 1.0
        figure.update_yaxes(range=[-reach, 1.5 * reach], nticks=4, row=row, col=1)  # room for the name
        _name_row(figure, row, name)
    bars = "%{x:.0f} s: %{y}<extra>words</extra>"
    figure.add_bar(
        y=preview.words.tolist(), **x, marker={"color": GREY, "line": {"width": 0}}, hovertemplate=bars, row=n, col=1
    )
    figure.update_yaxes(range=[0, 1.4 * max(1, int(preview.words.max()))], nticks=4, row=n, col=1)
    _name_row(figure, n, "words per volume")
    figure.update_xaxes(title={"text": "Time in the story (s)", "standoff": 6}, row=n, col=1)
    layout = _layout(f"BOLD (z) and words per volume, {escape(title, quote=False)}", simulated, TOP + BOTTOM + ROW * n)
    figure.update_layout(**layout, bargap=0.05)
    return figure


def clock_chart(clock: ClockCheck, title: str, simulated: bool = False):
    """Correlation of word rate and BOLD by lag, with its null band and the lags that a response can have.

    Parameters
    ----------
    clock : the clock check of a recording
    title : what the recording is called; it is escaped here
    simulated : put "simulated" into the title

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    data = clock.plot_data()
    figure = go.Figure(layout=_layout(f"Word rate and BOLD by lag, {escape(title, quote=False)}", simulated, 330))
    ends = [data["lags"][0], data["lags"][-1]]
    figure.add_scatter(
        x=ends,
        y=[data["null_95"]] * 2,
        mode="lines",
        line={"width": 0},
        fill="tozeroy",
        fillcolor=NULL_BAND,
        name=f"95 % of {data['n_null']:,} searches with random word rates",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=data["lags"],
        y=data["curve"],
        mode="lines",
        line={"color": LINE, "width": 1.8},
        name="words and BOLD",
        hovertemplate="BOLD %{x:.1f} s after the words: r = %{y:.3f}<extra></extra>",
    )
    low, high = data["interval"]
    peak = data["peak_lag"]
    bar = {"type": "data", "symmetric": False, "array": [high - peak], "arrayminus": [peak - low], "thickness": 1.5}
    figure.add_scatter(
        x=[peak],
        y=[max(data["curve"])],
        error_x=bar,
        mode="markers",
        marker={"color": LINE, "size": 10},
        name="peak, 95 % interval",
        hovertemplate=f"peak at {peak:.1f} s ({low:.1f} to {high:.1f} s)<extra></extra>",
    )
    figure.add_vrect(
        *HRF_WINDOW,
        fillcolor=EXPECTED,
        line_width=0,
        layer="below",
        annotation={"text": "expected", "font": {"size": 11}},
        annotation_position="top left",
    )
    figure.update_xaxes(title={"text": "BOLD after the words (s)", "standoff": 6}, range=ends, zeroline=True)
    figure.update_yaxes(title={"text": "Correlation (r)", "standoff": 4}, rangemode="tozero")
    figure.update_layout(showlegend=True, margin={"l": 56, "t": 64})
    return figure


def clip_data(
    motion: Motion, words: Words | None, name: str, caption: str, simulated: bool, start: float = 0.0
) -> dict[str, Any]:
    """What the skeleton player needs to show a motion: at most 120 s at 30 frames per second.

    Parameters
    ----------
    motion : the clip
    words : said in it, or None
    name, caption : the player shows them as text and never as markup
    simulated : whether the mark is shown
    start : seconds after the first frame from which the motion is shown
    """
    first = motion.start + start
    part = motion.slice(first, min(first + CLIP_SECONDS, motion.start + motion.duration))
    if part.fps > CLIP_FPS:
        part = resample(part, CLIP_FPS)
    stop = part.start + part.duration
    said = None if words is None else words.slice(part.start, stop)
    transcripts = []
    if said is not None and len(said):
        times = (np.round(said.start, 3).tolist(), np.round(said.duration, 3).tolist())
        transcripts = [
            {"name": "words", "colour": None, "words": list(said.text), "start": times[0], "duration": times[1]}
        ]
    view = {
        "name": name,
        "detail": "",
        "colour": None,
        "fps": float(part.fps),
        "start": round(part.start, 4),
        "frames": part.n_frames,
        "positions": quantise(part.positions),
    }
    return {
        "start": round(part.start, 4),
        "stop": round(stop, 4),
        "simulated": simulated,
        "caption": caption,
        "file": file_stem([*caption.split(" \u00b7 "), *(["simulated"] if simulated else [])]),
        "skeleton": {"joints": list(part.skeleton.joints), "parents": list(part.skeleton.parents)},
        "views": [view],
        "transcripts": transcripts,
        "bold": None,
    }


def _name_row(figure, row: int, name: str, most: int = 60) -> None:
    """Write a name into the upper left corner of a row."""
    short = name if len(name) <= most else f"{name[: most - 1]}\u2026"
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        text=escape(short, quote=False),
        xref="paper",
        yref=f"y{axis} domain",
        x=0.004,
        y=1.0,
        xanchor="left",
        yanchor="top",
        showarrow=False,
        font={"size": 12},
    )


def _layout(title: str, simulated: bool, height: int) -> dict[str, Any]:
    go = graph_objects()

    return {
        "template": go.layout.Template(),  # an empty one; the default would send 7 kB of JSON with each chart
        "title": {
            "text": title + (" (simulated)" if simulated else ""),
            "font": {"size": 14},
            "x": 0,
            "y": 0.99,
            "yanchor": "top",
        },
        "height": height,
        "margin": {"l": 44, "r": 8, "t": TOP, "b": BOTTOM},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        "hovermode": "closest",
    }
