"""Decoded motion on paper: a strip of skeletons over time, and curves of the wrists with the words."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..decoding.stories import DecodedStory
from ..errors import UserError, check_seconds
from ..evaluation.gesture import WRISTS, all_samples, on_body, wrist_speed
from ..exports.meshes import Mesh, body_mesh
from ..motion.amount import T2GOrigin
from ..types import Motion, Words
from .skeleton import centred, draw_skeleton, draw_trail, limits
from .style import COLOURS, GREY, NAMES, PALE, Page, Paper, mark_of, rgb_of, roi_text

LABEL = 19.0  # mm, the column of row names


@dataclass(frozen=True)
class Stretch:
    """What is drawn of a story.

    Parameters
    ----------
    story : the decoded story
    motions : name -> motion, cut to the stretch, the reference first
    start, stop : seconds on the story's clock
    """

    story: DecodedStory
    motions: dict[str, Motion]
    start: float
    stop: float

    @classmethod
    def of(cls, story: DecodedStory, start: float | None, stop: float | None, default: float) -> Stretch:
        """The stretch from `start` (None is the beginning) to `stop` (None is `default` seconds later)."""
        first, last = story.span
        asked = check_seconds("start", start), check_seconds("stop", stop)
        start = first if asked[0] is None else max(first, asked[0])
        stop = min(last, start + default) if asked[1] is None else min(last, asked[1])
        if stop - start < 1:
            low, high = (at if given is None else given for at, given in zip((start, stop), asked, strict=True))
            raise UserError(
                f"figure: start and stop must leave at least 1 s of the decoded stretch, {first:g} to {last:g} s; "
                f"got {low:g} to {high:g} s"
            )
        motions = {branch: motion.slice(start, stop) for branch, motion in story.motions.items()}
        if story.reference is not None and story.reference.shares(start, stop):
            motions = {"reference": story.reference.slice(start, stop), **motions}
        return cls(story, motions, start, stop)

    @property
    def t2g(self) -> T2GOrigin:
        """Whose gestures the motion was learnt from."""
        return T2GOrigin.of(self.story.decoded.manifest)

    @property
    def about(self) -> str:
        """Whose gestures these are and what they were decoded from, one line."""
        request = self.story.decoded.request
        count = f", {request.samples} sample{'' if request.samples == 1 else 's'} a branch"
        where = f"{self.start:g} to {self.stop:g} s"
        return (
            f"subject {request.subject}, story {request.story}, {where}, decoded from {roi_text(request.rois)}{count}"
        )

    @property
    def transcripts(self) -> dict[str, Words]:
        """The words heard and the words decoded, as far as they are known."""
        both = {"heard": self.story.heard, "decoded": self.story.decoded.words}
        return {name: words for name, words in both.items() if words is not None}


def draw_strip(story: DecodedStory, paper: Paper, start: float | None = None, stop: float | None = None) -> Page:
    """Skeletons of every branch at equal steps of time, with the words heard and decoded.

    Parameters
    ----------
    story : the decoded story
    paper : what is drawn on
    start, stop : seconds; None takes the first 8 s
    """
    width = paper.width
    part = Stretch.of(story, start, stop, 8.0)
    start, stop = part.start, part.stop
    motions = {name: centred(m) for name, m in part.motions.items()}
    box = limits(list(motions.values()))
    n = max(3, int((width - LABEL - 4) // 19))
    cell = (width - LABEL - 4) / n
    tall = cell * (box[3] - box[2]) / (box[1] - box[0])
    texts = part.transcripts
    edges = np.linspace(start, stop, n + 1)
    cells = [(name, _wrapped(words, edges, cell)) for name, words in texts.items()]
    depths = [max(7.5, 2.3 * max(map(len, lines)) + 2) for _, lines in cells]  # mm
    page = Page(
        paper,
        20 + tall * len(motions) + sum(depths) + 3,
        "Decoded gestures over time",
        part.about + "; first sample, seen from the front, wrist path of the last 0.6 s",
        mark_of(story.simulated, part.t2g),
        part.t2g.caption,
    )
    moments = (edges[:-1] + edges[1:]) / 2
    for column, moment in enumerate(moments):
        page.text(LABEL + cell * (column + 0.5), 16.5, f"{moment:.1f} s", ha="center", color=GREY, fontsize=6.5)
    top = 18.0
    bodies: list[_Cell] = []
    for name, motion in motions.items():
        page.text(
            4, top + tall / 2, NAMES[name].replace(" ", "\n"), color=COLOURS[name], fontweight="bold", va="center"
        )
        for column, moment in enumerate(moments):
            if not motion.shares(moment - 1 / motion.fps, moment + 1 / motion.fps):
                continue  # this motion begins later or has ended
            axes = page.axes(LABEL + cell * column, top, cell, tall)
            frame = int(np.clip(round((moment - motion.start) * motion.fps), 0, motion.n_frames - 1))
            draw_trail(axes, motion, frame, COLOURS[name])
            if paper.rendered:
                bodies.append(_Cell(axes, body_mesh(motion.positions[frame], motion.skeleton, rgb_of(COLOURS[name]))))
            else:
                draw_skeleton(axes, motion.positions[frame], motion.skeleton, COLOURS[name])
            axes.set(xlim=box[:2], ylim=box[2:], aspect="equal")
            axes.axis("off")
        top += tall
    if bodies:
        _render(page, bodies, box, page.pixels(cell, tall))
    for (name, columns), depth in zip(cells, depths, strict=True):
        page.text(4, top + 1.6, f"words\n{name}", color=GREY, va="top", fontsize=6.5)
        for column, lines in enumerate(columns):
            x = LABEL + cell * (column + 0.5)
            for k, line in enumerate(lines):  # one by one: lines of several columns share a baseline
                page.text(x, top + 3.2 + 2.3 * k, line, ha="center", va="baseline", fontsize=5.6)
        top += depth
    return page


@dataclass(frozen=True)
class _Cell:
    """A body that is rendered, and the axes that it stands in."""

    axes: Any
    mesh: Mesh


def _render(page: Page, cells: list[_Cell], box, pixels: tuple[int, int]) -> None:
    """Render all bodies of a strip, seen from the front, in one go."""
    from .render import Shot, render

    middle = ((box[0] + box[1]) / 2, (box[2] + box[3]) / 2, 0.0)
    none = np.empty((0, 2, 3))
    shots = [Shot(c.mesh, none, 0.01, (0, 0, 1), (0, 1, 0), middle, box[3] - box[2], pixels) for c in cells]
    for cell, picture in zip(cells, render(shots), strict=True):
        page.picture(cell.axes, picture, box)


def _wrapped(words: Words, edges: np.ndarray, cell: float) -> list[list[str]]:
    """The words between each two edges, broken into at most four lines that fit into `cell` mm."""
    columns = []
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        lines = textwrap.wrap(" ".join(words.slice(a, b).text), int(cell / 1.15)) or ["\u2013"]
        columns.append([*lines[:3], lines[3] + " \u2026"] if len(lines) > 4 else lines)
    return columns


def draw_compare(story: DecodedStory, paper: Paper, start: float | None = None, stop: float | None = None) -> Page:
    """Mean speed of the wrists and height of the higher one above the neck over time, for every branch, with the words.

    The line is the first sample; the band holds the middle 80 % of all samples.

    Parameters
    ----------
    story : the decoded story
    paper : what is drawn on
    start, stop : seconds; None takes the first 30 s of a wide figure, less of a narrow one
    """
    width = paper.width
    # A narrow figure shows less time, so that the words stay legible.
    part = Stretch.of(story, start, stop, min(30.0, width / 6))
    motions, start, stop = part.motions, part.start, part.stop
    texts = part.transcripts
    panel, depth = 30.0, 14.0
    page = Page(
        paper,
        24 + 2 * (panel + 7) + depth * len(texts) + 9,
        "Wrist movement over time",
        part.about + "; line: first sample, band: middle 80 % of samples; height of the higher wrist above the neck",
        mark_of(story.simulated, part.t2g),
        part.t2g.caption,
    )
    _names(page, motions, width)
    left, inner = 16.0, width - 16 - 4
    top = 24.0
    for label, curve in (("mean wrist speed (m/s)", _speed), ("wrist height (cm)", _height)):
        axes = page.axes(left, top, inner, panel)
        for name, motion in motions.items():
            values = curve(motion)
            if len(values) > 2:
                low, high = np.quantile(values, [0.1, 0.9], axis=0)
                axes.fill_between(motion.times, low, high, color=COLOURS[name], alpha=0.13, linewidth=0)
            axes.plot(
                motion.times, values[0], color=COLOURS[name], linewidth=1.0, zorder=3 if name == "reference" else 4
            )
        axes.set(xlim=(start, stop), ylabel=label)
        axes.tick_params(labelbottom=False)
        axes.grid(axis="x", color=PALE, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.yaxis.set_label_coords(-11 / inner, 0.5)
        top += panel + 7
    top -= 4
    for k, (name, words) in enumerate(texts.items()):
        axes = page.axes(left, top + depth * k, inner, depth)
        _time_words(axes, words.slice(start, stop), inner, start, stop)
        axes.set(xlim=(start, stop), ylim=(0, 1), yticks=[])
        axes.set_ylabel(f"words\n{name}", rotation=0, ha="left", va="center", color=GREY)
        axes.yaxis.set_label_coords(-12 / inner, 0.5)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(bottom=False, labelbottom=False)
    clock = page.axes(left, top + depth * len(texts) + 0.5, inner, 0.1)
    clock.set(xlim=(start, stop), yticks=[], xlabel="time on the story's clock (s)")
    clock.spines["left"].set_visible(False)
    return page


def _names(page: Page, motions: dict[str, Motion], width: float) -> None:
    for k, name in enumerate(motions):
        x = 4 + min(26, (width - 8) / len(motions)) * k
        page.text(x, 18, "\u2014", color=COLOURS[name], fontweight="bold", fontsize=10, va="center")
        page.text(x + 5, 18, NAMES[name], color=COLOURS[name], fontweight="bold", va="center")


def _speed(motion: Motion) -> np.ndarray:
    """Mean speed of both wrists of each sample, smoothed with 0.1 s, array (n_samples, n_frames), m/s."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(wrist_speed(on_body(all_samples(motion)), motion.fps), 0.1 * motion.fps, axis=-1)


def _height(motion: Motion) -> np.ndarray:
    """Height of the higher wrist above the neck of each sample, array (n_samples, n_frames), cm."""
    return on_body(all_samples(motion))[..., WRISTS, 1].max(-1) * 100


def _time_words(axes, words: Words, width: float, start: float, stop: float) -> None:
    """Write words upright at their onsets; where they are too dense, push them apart and draw a line to the onset."""
    size = 5.2
    pitch = size * 0.36 * (stop - start) / width  # seconds that one upright line takes
    if len(words) * pitch > stop - start:  # too dense to read: the onsets alone
        axes.vlines(words.start, 0.6, 1, color=GREY, linewidth=0.4)
        return
    places = np.array(words.start, float)
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + pitch)
    for k in range(len(places) - 1, -1, -1):  # what was pushed beyond the end moves back
        places[k] = min(places[k], stop if k == len(places) - 1 else places[k + 1] - pitch)
    for word, onset, place in zip(words.text, words.start, places, strict=True):
        axes.plot([onset, onset, place], [1, 0.93, 0.82], color=GREY, linewidth=0.4, clip_on=False)
        axes.text(place, 0.8, word, rotation=90, parse_math=False, ha="center", va="top", fontsize=size)
