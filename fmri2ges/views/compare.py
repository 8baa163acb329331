"""Charts of the Compare page: the movement of each branch, and how far each agrees with the reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..evaluation import metrics
from ..evaluation.gesture import LEAST_SHARED, against_reference, pair, wrist_speed
from ..evaluation.measure import row
from ..evaluation.nulls import MIN_SHIFT
from ..evaluation.rows import Row
from ..results import BRANCHES, Decoded
from ..types import Motion, Words
from .plots import graph_objects
from .scores import Dot, layout, score_cells, score_chart
from .tracks import HEARD, OWN, REFERENCE, Track, cut

TEXT_COLOUR = {False: "#31333f", True: "#e6ebe9"}  # colour of the reference; True is the dark theme
DASHES = {REFERENCE: "dot", HEARD: "dash", OWN: "dashdot"}  # lines of tracks that were not read from the brain
AGREEMENT = (metrics.R_ONE.id, metrics.R_MEAN.id, metrics.R_SLOW_ONE.id, metrics.R_SLOW_MEAN.id)
NEARLY = 0.25  # of the distance of two samples; below it two motions look the same
CHARTED = (metrics.R_ONE.id, metrics.R_MEAN.id)  # those of AGREEMENT that are drawn; the others are in the table


@dataclass(frozen=True)
class Agreement:
    """A score, and the track that it belongs to."""

    shown: Track
    row: Row


def track_colour(track: Track, dark: bool) -> str:
    """Colour of its line or dot."""
    return track.colour or TEXT_COLOUR[dark]


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


def motion_chart(shown: dict[Track, Motion], dark: bool = False, simulated: bool = False, draft: bool = False):
    """Speed and height of the wrists of every motion, on one time axis.

    Parameters
    ----------
    shown : from `tracks.Material.motions`
    dark : whether the theme is dark
    simulated : put "simulated" into the title
    draft : put "draft" into the title

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = graph_objects()

    title = "Mean of both wrists over time" + (", draft" if draft else "")
    figure = go.Figure(layout=layout(title, simulated, 366))
    for who, motion in shown.items():
        speed, height = wrist_curves(motion)
        time = {"x0": float(motion.start), "dx": 1 / motion.fps}
        dash = DASHES.get(who.branch, "solid")
        line = {"color": track_colour(who, dark), "width": 1.5, "dash": dash}
        common = {**time, "mode": "lines", "line": line, "name": who.name, "legendgroup": who.name}
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


def gesture_agreement(decoded: Decoded, reference: Motion, letter: str = "") -> list[Agreement]:
    """Correlation of every decoded branch with the reference, in this window.

    Parameters
    ----------
    decoded : the result in this window
    reference : cut to the window here
    letter : "A" or "B" where two ROI selections are compared

    Returns
    -------
    found : list of Agreement
        r of one sample, of the mean of K, and of the slow movement; with null and interval where
        the window is long enough.
    """
    found = []
    for kind in BRANCHES:
        motion = getattr(decoded, kind)
        if motion is None or not reference.shares(decoded.start, decoded.stop, LEAST_SHARED):
            continue
        both = pair(cut(reference, decoded.start, decoded.stop), motion)
        rng = np.random.default_rng(0)
        for measure in against_reference(both, kind):
            if measure.metric.id in AGREEMENT:
                found.append(Agreement(Track(kind, letter), row(measure, rng, decoded.request.story)))
    return found


def word_agreement(decoded: Decoded, heard: Words, embed, letter: str = "") -> list[Agreement]:
    """Scores of the decoded words in this window; empty where it is too short for 20 s windows.

    Parameters
    ----------
    decoded : the result in this window
    heard : the words of the story
    embed : vectors of words, array (n_words, n_dims); see `evaluation.text`
    letter : "A" or "B" where two ROI selections are compared
    """
    from ..evaluation.text import against_transcript

    if not decoded.texts:
        return []
    rng = np.random.default_rng(0)
    found = against_transcript(heard, decoded.texts[0], decoded.start, decoded.stop, embed)
    return [Agreement(Track(m.branch, letter), row(m, rng, decoded.request.story)) for m in found]


def agreement_chart(found: list[Agreement], title: str, dark: bool = False, simulated: bool = False):
    """Agreement with one reference: a dot with its interval, over the band of its shift null.

    Parameters
    ----------
    found : scores that may share one axis
    title : what the chart shows
    dark : whether the theme is dark
    simulated : put "simulated" into the title

    Returns
    -------
    plotly.graph_objects.Figure
    """
    dots = [Dot(a.shown.name, track_colour(a.shown, dark), a.row) for a in found]
    return score_chart(dots, title, "Pearson r", simulated)


def agreement_table(found: list[Agreement]) -> list[dict[str, str]]:
    """Scores as text cells: each with its interval, its null, p and n ("-" where there is none)."""
    return [{"Branch": a.shown.name, **score_cells(a.row)} for a in found]


def likeness_note(first: Decoded, second: Decoded, branches: Iterable[str] = BRANCHES) -> str:
    """How far the motions of two ROI selections are apart, beside how far two samples of the first one are.

    Both selections draw from the same noise, so samples of one number differ by what was decoded alone.

    Parameters
    ----------
    first, second : results over the same stretch
    branches : those of which both motions are on screen

    Returns
    -------
    note : one sentence a branch; it says where A and B are nearly the same motion
    """
    parts = []
    for kind in branches:
        a, b = getattr(first, kind), getattr(second, kind)
        if a is None or b is None:
            continue
        apart = wrist_distance(a.positions, b.positions, a)
        said = f"{kind}: the wrists of A and B are {apart:.1f} cm apart on average"
        if a.samples is None or len(a.samples) < 2:
            parts.append(f"{said}.")
            continue
        usual = wrist_distance(a.samples[0], a.samples[1], a)
        nearly = "; nearly the same motion" if apart < NEARLY * usual else ""
        parts.append(f"{said}, two samples of A {usual:.1f} cm{nearly}.")
    return " ".join(parts)


def wrist_distance(first: np.ndarray, second: np.ndarray, motion: Motion) -> float:
    """Mean distance of the wrists of two poses over time, on the neck, cm; arrays (n_frames, n_joints, 3), metres."""
    n = min(len(first), len(second))
    names = motion.skeleton.joints
    wrists = [names.index("left_wrist"), names.index("right_wrist")]
    neck = [names.index("neck")]
    away = (first[:n, wrists] - first[:n, neck]) - (second[:n, wrists] - second[:n, neck])
    return float(100 * np.linalg.norm(away, axis=-1).mean())


def agreement_note(found: list[Agreement], seconds: float) -> str:
    """What a reader of the scores of one window must know."""
    notes = []
    if any(a.row.null is None for a in found):
        notes.append(
            f"No null: the window has {seconds:g} s, and a shift null needs more than {2 * MIN_SHIFT:g} s. "
            "These values may be chance; choose a longer window."
        )
    else:
        notes.append("Null: the decoded motion or words shifted in time by at least 20 s.")
    if any(a.row.null is not None and a.row.null.p is None for a in found):
        notes.append("Too short: the shifts of this window are worth too few independent draws for a p.")
    if any(a.row.interval is None for a in found):
        notes.append("No interval: the window holds too few blocks of 40 to 60 s.")
    notes.append("One window of one subject is an illustration; claims need all held-out stories.")
    return " ".join(notes)
