"""Charts of the Compare page: the movement of each branch, and how far each agrees with the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..evaluation.gesture import against_reference, pair, wrist_speed
from ..evaluation.measure import row
from ..evaluation.nulls import MIN_SHIFT
from ..results import BRANCHES, Decoded
from ..types import Motion, Words
from .player import COLOURS, cut

TEXT_COLOUR = {False: "#31333f", True: "#e6ebe9"}  # of the reference, by dark theme
NULL_BAND = "rgba(128, 128, 128, 0.35)"


def motions(decoded: Decoded, reference: Motion | None = None, other: Decoded | None = None) -> dict[str, Motion]:
    """The motions on screen by name ("text", or "text A" and "text B", "reference"), the shown sample of each."""
    found: dict[str, Motion] = {}
    for kind in BRANCHES:
        for letter, result in (("", decoded),) if other is None else (("A", decoded), ("B", other)):
            if getattr(result, kind) is not None:
                found[f"{kind} {letter}".strip()] = getattr(result, kind)
    if reference is not None:
        found["reference"] = cut(reference, decoded.start, decoded.stop)
    return found


def wrist_curves(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Speed and height of the wrists over time, each the mean of both wrists.

    Returns
    -------
    speed : array (n_frames,), m/s, smoothed over five frames
    height : array (n_frames,), cm above the neck (mostly negative)
    """
    names = motion.skeleton.joints
    speed = wrist_speed(motion.positions, motion.fps)
    window = min(5, len(speed))
    padded = np.pad(speed, (window // 2, window - 1 - window // 2), mode="edge")
    wrists = [names.index("left_wrist"), names.index("right_wrist")]
    height = (motion.positions[:, wrists, 1] - motion.positions[:, [names.index("neck")], 1]).mean(1) * 100
    return np.convolve(padded, np.ones(window) / window, mode="valid"), height


def motion_chart(shown: dict[str, Motion], dark: bool = False, simulated: bool = False):
    """Speed and height of the wrists of every motion, on one time axis.

    Parameters
    ----------
    shown : from `motions`

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout=_layout("Mean of both wrists over time", simulated, 366))
    for name, motion in shown.items():
        speed, height = wrist_curves(motion)
        time = {"x0": float(motion.start), "dx": 1 / motion.fps}
        line = {"color": _colour(name, dark), "width": 1.5, "dash": "dot" if name == "reference" else "solid"}
        common = {**time, "mode": "lines", "line": line, "name": name, "legendgroup": name}
        figure.add_scatter(y=speed.astype(np.float32), **common, hovertemplate="%{y:.2f} m/s")
        figure.add_scatter(
            y=height.astype(np.float32), **common, yaxis="y2", showlegend=False, hovertemplate="%{y:.0f} cm"
        )
    figure.update_layout(
        hovermode="x",
        xaxis={"title": {"text": "Time in the story (s)", "standoff": 6}, "anchor": "y2"},
        yaxis={"title": {"text": "Speed (m/s)"}, "domain": [0.55, 1], "rangemode": "tozero"},
        yaxis2={"title": {"text": "Height above<br>the neck (cm)"}, "domain": [0, 0.45]},
    )
    return figure


def gesture_agreement(decoded: Decoded, reference: Motion, letter: str = "") -> list[dict[str, Any]]:
    """Correlation of every decoded branch with the reference, in this window.

    Parameters
    ----------
    letter : "A" or "B" where two ROI selections are compared

    Returns
    -------
    rows : list of dict, see `evaluation.measure.row`
        r of one sample, of the mean of K, and of the slow movement; with null and interval where
        the window is long enough.
    """
    rows = []
    for kind in BRANCHES:
        motion = getattr(decoded, kind)
        if motion is None:
            continue
        both = pair(cut(reference, decoded.start, decoded.stop), motion)
        rng = np.random.default_rng(0)
        for measure in against_reference(both, f"{kind} {letter}".strip()):
            if measure.metric.startswith("r"):
                rows.append(row(measure, rng, decoded.request.story))
    return rows


def word_agreement(decoded: Decoded, heard: Words, embed, letter: str = "") -> list[dict[str, Any]]:
    """Scores of the decoded words in this window; empty where it is too short for 20 s windows.

    Parameters
    ----------
    embed : callable, tuple of words -> array (n_words, n_dims); see `evaluation.text`
    """
    from ..evaluation.text import against_transcript

    if not decoded.texts:
        return []
    rng = np.random.default_rng(0)
    found = against_transcript(heard, decoded.texts[0], decoded.start, decoded.stop, embed)
    rows = [row(m, rng, decoded.request.story) for m in found]
    return [{**r, "branch": f"{r['branch']} {letter}".strip()} for r in rows]


def agreement_chart(rows: list[dict[str, Any]], dark: bool = False, simulated: bool = False):
    """Agreement with the reference: a dot with its interval, over the band of its shift null.

    Parameters
    ----------
    rows : from `gesture_agreement`

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout=_layout("Agreement with the reference", simulated, 110 + 32 * len(rows)))
    names = [f"{r['branch']}: {r['metric']}" for r in rows]
    nulls = [(name, r["null"]) for name, r in zip(names, rows) if r["null"]]
    if nulls:
        figure.add_bar(
            y=[n for n, _ in nulls],
            base=[v["q05"] for _, v in nulls],
            x=[v["q95"] - v["q05"] for _, v in nulls],
            orientation="h",
            width=0.62,
            marker={"color": NULL_BAND, "line": {"width": 0}},
            name="shift null, 5 to 95 %",
            hoverinfo="skip",
        )
    for branch in dict.fromkeys(r["branch"] for r in rows):
        mine = [(n, r) for n, r in zip(names, rows) if r["branch"] == branch]
        known = all(r["ci"] for _, r in mine)
        bars = (
            {
                "type": "data",
                "symmetric": False,
                "thickness": 1.5,
                "array": [r["ci"]["high"] - r["value"] for _, r in mine],
                "arrayminus": [r["value"] - r["ci"]["low"] for _, r in mine],
            }
            if known
            else None
        )
        figure.add_scatter(
            x=[r["value"] for _, r in mine],
            y=[n for n, _ in mine],
            mode="markers",
            showlegend=False,
            name=branch,
            marker={"color": _colour(branch, dark), "size": 10},
            error_x=bars,
            customdata=[_reading(r) for _, r in mine],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": "Pearson r", "standoff": 6}, "zeroline": True},
        yaxis={"autorange": "reversed", "categoryorder": "array", "categoryarray": names, "automargin": True},
        barmode="overlay",
    )
    return figure


def agreement_table(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Rows as text cells: every score with its interval, its null, p and n ("-" where there is none)."""
    from ..evaluation.report import format_number, format_p

    table = []
    for r in rows:
        ci, null = r["ci"], r["null"]
        table.append(
            {
                "Branch": r["branch"],
                "Metric": r["metric"] + (f" ({r['unit']})" if r["unit"] else ""),
                "Value": format_number(r["value"]),
                "95 % CI": f"{format_number(ci['low'])} to {format_number(ci['high'])}" if ci else "-",
                "Null, 5 to 95 %": f"{format_number(null['q05'])} to {format_number(null['q95'])}" if null else "-",
                "p": format_p(null["p"], null["n"]) if null else "-",
                "n": f"{r['n']} {r['n_unit']}",
            }
        )
    return table


def agreement_note(rows: list[dict[str, Any]], seconds: float) -> str:
    """What a reader of the scores of one window must know."""
    notes = []
    if any(r["null"] is None for r in rows):
        notes.append(
            f"No null: the window has {seconds:g} s, and a shift null needs more than {2 * MIN_SHIFT:g} s. "
            "These values may be chance; choose a longer window."
        )
    else:
        notes.append("Null: the decoded motion or words shifted in time by at least 20 s.")
    if any(r["ci"] is None for r in rows):
        notes.append("No interval: the window holds too few blocks of 40 to 60 s.")
    notes.append("One window of one subject is an illustration; claims need all held-out stories.")
    return " ".join(notes)


def _reading(r: dict[str, Any]) -> str:
    null = r["null"]
    chance = (
        f"null 5 to 95 %: {null['q05']:.2f} to {null['q95']:.2f}, p = {null['p']:.3f}"
        if null
        else "no null: window too short"
    )
    return f"{r['branch']}, {r['metric']}: {r['value']:.3f}<br>{chance}<br>n = {r['n']} {r['n_unit']}"


def _colour(name: str, dark: bool) -> str:
    return COLOURS[name.removesuffix(" A")] or TEXT_COLOUR[dark]


def _layout(title: str, simulated: bool, height: int) -> dict[str, Any]:
    import plotly.graph_objects as go

    return {
        "template": go.layout.Template(),  # the default one is 7 kB of JSON a chart
        "title": {
            "text": title + (" (simulated)" if simulated else ""),
            "font": {"size": 14},
            "x": 0,
            "y": 0.98,
            "yanchor": "top",
        },
        "height": height,
        "margin": {"l": 56, "r": 8, "t": 58, "b": 40},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
    }
