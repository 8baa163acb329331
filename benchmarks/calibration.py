"""Do p and intervals mean what they say? Null and planted data through the functions that the product prints from.

    python benchmarks/calibration.py --page docs/calibration.md        # 200 repetitions of every cell
    python benchmarks/calibration.py --repeats 40 --only clock rate

Nothing comes from the simulated study, so that no number is tuned on it. Motion moves on three time scales (half a
second, 2 s and 12 s), words come with pauses, BOLD is autocorrelated noise. Without a signal, p < .05 may come in 5 %
of the repetitions, within what chance allows; a 95 % interval must cover what very long recordings give. Cells: minutes
a story and number of stories; a story that is too short for a p counts as no claim, and its share is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from common import arguments, at_least, at_most, finish

from fmri2ges.brain.hrf import double_gamma
from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.clock import check_clock
from fmri2ges.evaluation.gesture import FPS, Pair, against_reference, on_body
from fmri2ges.evaluation.measure import Measure, pool, row
from fmri2ges.evaluation.rows import Row
from fmri2ges.evaluation.wordrate import word_rate
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Words

CELLS = ((1, 1), (2, 1), (5, 1), (10, 1), (20, 1), (1, 3), (2, 3), (5, 3), (1, 6), (2, 6), (5, 6))  # minutes, stories
FEWEST_MINUTES = 2  # a claim; one minute leaves 20 s of shifts, and fast scores then have p < .01 in up to 5 %
SLOW_MINUTES = 3  # minutes of motion in a cell, at most: its scores take a second of computing for a minute
SCALES = ((0.5, 1.0), (2.0, 0.7), (12.0, 0.7))  # seconds of memory, amplitude
SAMPLES = 2
TR = 2.0
PLANTED = 0.3  # correlation of the hidden movements of truth and prediction
BONES = np.array([[0, -1, 0.1]] * 9)  # where the bones point on average


def slow_noise(rng: np.random.Generator, n: int, columns: int, rate: float, scales=SCALES) -> np.ndarray:
    """A sum of autoregressive series of several time scales, array (n, columns), of unit variance."""
    from scipy.signal import lfilter

    total = np.zeros((n, columns))
    for seconds, amplitude in scales:
        keep = np.exp(-1 / (seconds * rate))
        lead = int(5 * seconds * rate)
        noise = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal((n + lead, columns)), axis=0)[lead:]
        total += amplitude * noise
    return total / np.sqrt(sum(a * a for _, a in scales))


def body(hidden: np.ndarray) -> np.ndarray:
    """Joints (n, 10, 3) in metres of bones that hidden movements (n, 27) turn; the chain begins at the neck."""
    from fmri2ges.motion.features import from_bones

    bones = BONES + 0.4 * hidden.reshape(len(hidden), 9, 3)
    return on_body(from_bones(bones.reshape(len(hidden), 27)))


def speech(rng: np.random.Generator, seconds: float) -> Words:
    """About two words a second, with pauses of 1 to 6 s."""
    n = int(4 * seconds) + 20
    start = np.cumsum(rng.gamma(2, 0.2, n) + (rng.random(n) < 0.08) * rng.uniform(1, 6, n))
    start = start[start < seconds - 0.5]
    return Words(("word",) * len(start), start, np.full(len(start), 0.2))


def gesture(rng: np.random.Generator, seconds: float, planted: float) -> list[Measure]:
    n = int(seconds * FPS)
    true = slow_noise(rng, n, 27, FPS)
    samples = [planted * true + np.sqrt(1 - planted**2) * slow_noise(rng, n, 27, FPS) for _ in range(SAMPLES)]
    return against_reference(Pair(body(true), np.stack([body(s) for s in samples])), "direct")


def rate(rng: np.random.Generator, seconds: float, planted: float) -> list[Measure]:
    heard = speech(rng, seconds)
    times = TR / 2 + TR * np.arange(int(seconds / TR))
    counts = word_counts(heard, times, TR)
    noise = slow_noise(rng, len(times), 1, 1 / TR, ((4.0, 1.0), (20.0, 0.5)))[:, 0]
    z = (counts - counts.mean()) / max(counts.std(), 1e-9)
    return word_rate(heard, None, times, TR, planted * z + np.sqrt(1 - planted**2) * noise)


KINDS: dict[str, Callable[[np.random.Generator, float, float], list[Measure]]] = {"gesture": gesture, "rate": rate}


@dataclass(frozen=True)
class Cell:
    """What one number did over the repetitions.

    Parameters
    ----------
    kind, metric : where it comes from
    minutes, stories : how much data
    repeats : number of repetitions
    below_05, below_01 : share of repetitions without a signal with p < .05 and p < .01
    no_p : share that was too short for a p
    coverage : share of planted repetitions whose interval held the truth, among those with an interval
    no_interval : share without an interval
    """

    kind: str
    metric: str
    minutes: float
    stories: int
    repeats: int
    below_05: float | None = None
    below_01: float | None = None
    no_p: float | None = None
    coverage: float | None = None
    no_interval: float | None = None


def lines(measured: list[list[Measure]], rng: np.random.Generator) -> Iterator[Row]:
    """The rows that `evaluate` makes of one or of several stories."""
    for measures in zip(*measured, strict=True):
        yield row(measures[0], rng, "one") if len(measured) == 1 else pool(list(measures), rng)


def scored(kind: str, minutes: float, stories: int, repeats: int, planted: float, seed: int) -> dict[str, list[Row]]:
    """Rows of every metric over the repetitions."""
    found: dict[str, list[Row]] = {}
    for k in range(repeats):
        rng = np.random.default_rng([seed, k])
        for line in lines([KINDS[kind](rng, 60 * minutes, planted) for _ in range(stories)], rng):
            found.setdefault(line.id, []).append(line)
    return found


def cells_of(kind: str, minutes: float, stories: int, repeats: int, seed: int) -> Iterator[Cell]:
    nothing = scored(kind, minutes, stories, repeats, 0.0, seed)
    planted = scored(kind, minutes, stories, repeats, PLANTED, seed + 1)
    for name, rows in nothing.items():
        p = np.array([np.nan if r.p is None else r.p for r in rows])
        values = np.array([r.value for r in planted[name]])
        intervals = [r.interval for r in planted[name]]
        # What an interval has to hold: the mean over all repetitions, which stands for a very long recording.
        truth = values.mean()
        hits = [i.low <= truth <= i.high for i in intervals if i is not None]
        tested = any(r.null is not None for r in rows)
        yield Cell(
            kind,
            name,
            minutes,
            stories,
            repeats,
            below_05=float((p < 0.05).mean()) if tested else None,
            below_01=float((p < 0.01).mean()) if tested else None,
            no_p=float(np.isnan(p).mean()) if tested else None,
            coverage=float(np.mean(hits)) if hits else None,
            no_interval=float(np.mean([i is None for i in intervals])),
        )


def heard_bold(rng: np.random.Generator, words: Words, times: np.ndarray, gain: float) -> np.ndarray:
    """Six columns of autocorrelated BOLD that answer the words by `gain`, array (n_volumes, 6), z-scored."""
    grid = np.arange(-30, times[-1] + 31, 0.1)
    impulses = np.histogram(words.start, np.append(grid, grid[-1] + 0.1))[0]
    answer = np.interp(times, grid, np.convolve(impulses, double_gamma(np.arange(0, 30, 0.1)))[: len(grid)])
    bold = slow_noise(rng, len(times), 6, 1 / TR, ((3.0, 1.0), (15.0, 0.5)))
    bold = bold + gain * ((answer - answer.mean()) / answer.std())[:, None]
    return (bold - bold.mean(0)) / bold.std(0)


def clock_cells(repeats: int, seed: int) -> Iterator[Cell]:
    """The clock check: one story at a time, as it prints it; its interval has to hold the lag of the true response."""
    for minutes in sorted({m for m, _ in CELLS}):
        times = TR / 2 + TR * np.arange(int(60 * minutes / TR))
        p, hits = [], []
        for k in range(repeats):
            rng = np.random.default_rng([seed, k])
            words = speech(rng, 60 * minutes)
            try:
                p.append(check_clock(words, heard_bold(rng, words, times, 0.0), times, TR).p)
                found = check_clock(words, heard_bold(rng, words, times, 0.5), times, TR)
            except UserError:
                p.append(np.nan)
                continue
            if found.p < 0.05:
                hits.append(found.interval[0] <= found.expected_lag <= found.interval[1])
        shares = [float((np.array(p) < level).mean()) for level in (0.05, 0.01)]
        coverage = float(np.mean(hits)) if hits else None
        yield Cell("clock", "clock_lag", minutes, 1, repeats, *shares, float(np.isnan(p).mean()), coverage, 0.0)


def claims(cells: list[Cell]) -> list:
    """p is too small no more often than chance allows in one cell of hundreds, from two minutes on; intervals hold."""
    from scipy.stats import binom

    found = []
    for cell in cells:
        if cell.minutes < FEWEST_MINUTES:
            continue
        name = f"{cell.metric}, {cell.stories} x {cell.minutes:g} min"
        for level, share in ((0.05, cell.below_05), (0.01, cell.below_01)):
            if share is not None:
                found.append(
                    at_most(f"{name}: p < {level}", share, binom.ppf(0.9995, cell.repeats, level) / cell.repeats)
                )
        if cell.coverage is not None:
            found.append(at_least(f"{name}: coverage", cell.coverage, 0.88))
    return found


def table(cells: list[Cell]) -> str:
    """The cells as a Markdown table."""
    head = ["score", "stories x minutes", "p < .05", "p < .01", "too short for p", "coverage of 95 %", "no interval"]
    names = {m.id: m.name.replace("{}", "K") for m in metrics.METRICS.values()} | {"clock_lag": "clock check: lag"}
    out = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for c in cells:
        figures = [c.below_05, c.below_01, c.no_p, c.coverage, c.no_interval]
        shown = ["-" if x is None else f"{x:.3f}" for x in figures]
        out.append(f"| {names[c.metric]} | {c.stories} x {c.minutes:g} | {' | '.join(shown)} |")
    return "\n".join(out)


PAGE = """# Calibration: do p and intervals mean what they say?

Made by `python benchmarks/calibration.py --page docs/calibration.md`, {repeats} repetitions of every cell. Nothing
comes from the simulated study: motion moves within half a second, 2 s and 12 s, words come with pauses, BOLD is
autocorrelated noise. Each number goes through the functions that `evaluate` and `check` print from.

- **p < .05, p < .01**: share of repetitions without any signal. A sound p is below .05 in 5 % of them; with {repeats}
  repetitions a share of up to {most:.3f} is chance.
- **too short for p**: share of repetitions whose stories have too few independent shifts
  ([what a score means](scores.md)).
- **coverage**: share of repetitions with a planted signal (r .3) whose 95 % interval holds the mean over all
  repetitions. Blocks inside one story undercover a little; below 5 blocks or stories there is no interval.

**Stories of one minute are too short**: they leave shifts over 20 s only. Most scores then have no p; those of fast
signals (wrist speed) have one that is too small: below .01 in up to 5 % of the repetitions. Decode two minutes or more.

Scores of motion are measured up to {minutes} minutes a cell, because they take longest. Not measured here: text scores
against a language model, whose null texts are independent draws, and [ROI studies](roi-study.md).

{table}
"""


def page(cells: list[Cell], repeats: int) -> str:
    """The page of the documentation."""
    from scipy.stats import binom

    most = binom.ppf(0.999, repeats, 0.05) / repeats
    return PAGE.format(repeats=repeats, most=most, minutes=SLOW_MINUTES, table=table(cells))


def main() -> None:
    parser = arguments(__doc__, "calibration")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, help="also write the table as a page of the documentation")
    parser.add_argument("--only", nargs="+", choices=("clock", *KINDS), default=["clock", *KINDS])
    args = parser.parse_args()
    cells: list[Cell] = []
    begun = time.process_time()
    if "clock" in args.only:
        cells += clock_cells(args.repeats, args.seed)
    for kind in KINDS:
        for minutes, stories in CELLS if kind in args.only else ():
            if kind == "gesture" and minutes * stories > SLOW_MINUTES:
                continue
            cells += cells_of(kind, minutes, stories, args.repeats, args.seed + 100 * stories + int(minutes))
            print(f"{kind}: {stories} x {minutes:g} min done after {time.process_time() - begun:.0f} s", flush=True)
    print(table(cells))
    if args.page:
        args.page.write_text(page(cells, args.repeats), encoding="utf-8")
    finish(args.out, {"repeats": args.repeats, "cells": [asdict(c) for c in cells]}, claims(cells))


if __name__ == "__main__":
    main()
