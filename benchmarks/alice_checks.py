"""Controls for alice_rate.py: head motion, smoothed words, other folds and delays, planted words.

    python benchmarks/alice_checks.py --data ALICE --out alice_checks.json

Nothing is chosen from these tables.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from alice_rate import (
    AVERAGE,
    BASELINE,
    FIRST_VOLUME,
    FOUR,
    METHOD,
    MIN_SHIFT,
    ROIS,
    ROWS,
    TR,
    Problem,
    average_of_forms,
    both_lines,
    nested,
    read_alice,
    rounded,
    score,
    scores,
    shifted_counts,
)
from common import Claim, arguments, at_least, finish

from fmri2ges.brain.hrf import fir_delays
from fmri2ges.brain.space import Table
from fmri2ges.data.bold.read import standardize
from fmri2ges.data.study.folds import blocks_of, within_story_folds
from fmri2ges.errors import UserError
from fmri2ges.models.word_rate import RateTraining
from fmri2ges.text.timing import unit_rate, word_counts
from fmri2ges.training.word_rate import Listener, fit_rates
from fmri2ges.types import Recording, Words

TWO = {row: ROWS[row] for row in (BASELINE, METHOD)}
PRODUCT = "word-rate model of train and decode"
PHI = 0.74  # of the whole recordings' BOLD and motion, for the regression of motion alone
SENSITIVITY = {
    "delays 1-3": {"delays": (1, 2, 3)},
    "delays 1-5": {"delays": (1, 2, 3, 4, 5)},
    "delays 1-6": {"delays": (1, 2, 3, 4, 5, 6)},
    "delays 0-5": {"delays": (0, 1, 2, 3, 4, 5)},
    "4 folds": {"folds": 4},
    "6 folds": {"folds": 6},
    "8 folds": {"folds": 8},
    "10 folds": {"folds": 10},
    "gap 10 s": {"gap": 10.0},
    "gap 30 s": {"gap": 30.0},
}


def smoothed(problem: Problem, words: Words) -> dict[str, dict]:
    """The task made easier: trained and scored on words per volume smoothed by [1 2 1] / 4; not the goal."""
    from scipy.ndimage import convolve1d

    counts = convolve1d(shifted_counts(words, problem.times), [0.25, 0.5, 0.25], axis=0, mode="nearest")
    return {row: both_lines(r) for row, r in scores(problem, counts, TWO)[0].items()}


def read_motion(folder: Path, names: tuple[str, ...], n_volumes: int) -> np.ndarray:
    """Six motion parameters and their differences, z-scored, array (n_listeners, n_volumes, 12)."""
    found = []
    for name in names:
        files = sorted(folder.glob(f"{name}-rp*.txt"))
        if len(files) != 1:
            raise UserError(f"{folder}: must hold one {name}-rp*.txt with the motion parameters")
        six = np.loadtxt(files[0])[-n_volumes:]  # the first ten volumes were left out of the time courses
        found.append(standardize(np.concatenate([six, np.diff(six, axis=0, prepend=six[:1])], 1))[0])
    return np.stack(found).astype(float)


def remove(bold: np.ndarray, nuisance: np.ndarray) -> np.ndarray:
    """Prewhitened BOLD without what its own prewhitened nuisance explains (generalised least squares)."""

    def white(x):
        x = x[:, 1:] - PHI * x[:, :-1]
        return x - x.mean(1, keepdims=True)

    left = white(bold)
    for x, z in zip(left, white(nuisance), strict=True):
        x -= z @ np.linalg.lstsq(z, x, rcond=None)[0]
    return np.concatenate([np.zeros_like(left[:, :1]), left], 1)


def motion(problem: Problem, words: Words, nuisance: np.ndarray, n: int = 40) -> dict[str, object]:
    """Is it head motion? Words from motion alone, and words from BOLD without motion, against motion moved in time."""
    counts = shifted_counts(words, problem.times)
    row = [(False, "pooled")]  # `remove` has prewhitened already

    def without(x):
        inner, outer, _ = nested(replace(problem, bold=remove(problem.bold, x)), counts[:, :1])
        return rounded(score(inner, outer, row))

    moves = np.linspace(20, len(problem.times) - 20, n).astype(int)
    moved = np.array([without(np.roll(nuisance, m, axis=1)) for m in moves])
    alone, _ = scores(replace(problem, bold=nuisance), counts, TWO)
    return {
        "words from 12 motion parameters, no BOLD": {r: both_lines(v) for r, v in alone.items()},
        "BOLD, nothing removed": without(np.zeros_like(nuisance[..., :1])),
        "BOLD, 12 motion parameters removed": without(nuisance),
        "BOLD, 12 motion parameters moved in time removed: mean": moved.mean(0).round(3).tolist(),
        "BOLD, 12 motion parameters moved in time removed: sd": moved.std(0).round(3).tolist(),
    }


def sensitivity(problem: Problem, words: Words) -> dict[str, dict[str, list[float]]]:
    """Rows under other folds, gaps and delays; nothing is chosen from it."""
    counts = word_counts(words, problem.times, TR)[:, None]
    found = {}
    for name, change in SENSITIVITY.items():
        inner, outer, _ = nested(replace(problem, **change), counts)
        found[name] = {row: rounded(score(inner, outer, ROWS[row])) for row in TWO}
    return found


def other_rois(folder: Path, rois: str) -> dict[str, list[float]]:
    """Rows for another radius of the ROIs."""
    _, problem, words = read_alice(folder, rois)
    inner, outer, _ = nested(problem, word_counts(words, problem.times, TR)[:, None])
    return {row: rounded(score(inner, outer, allowed)) for row, allowed in TWO.items()}


def planted(problem: Problem, words: Words, n: int, amplitude: float) -> dict[str, list[float]]:
    """Mean r of each row when a response to MOVED words is added to the real BOLD: [mean of nine, mean over listeners].

    The response is a double-gamma HRF that peaks 5 s after the word, earlier or later by a listener
    (sd .7 s) and a ROI (sd .4 s), with log-normal strength (sd .3). The BOLD of the recording is the noise.
    """
    from scipy.stats import gamma

    rng = np.random.default_rng(1)
    start, length, fine = problem.times[0] - TR / 2, TR * len(problem.times), 0.1
    per_volume = round(TR / fine)
    t = np.arange(0, 25, fine)
    rows = {row: allowed for row, allowed in ROWS.items() if (True, "others") not in allowed}
    found = []
    for _ in range(n):
        onset = (words.start - start + rng.uniform(2 * MIN_SHIFT, length - 2 * MIN_SHIFT)) % length
        train = np.histogram(onset, round(length / fine), (0, length))[0].astype(float)
        bold = problem.bold.copy()
        for listener in bold:
            late = rng.normal(0, 0.7)
            for column in listener.T:
                hrf = gamma.pdf(t, 6 + late + rng.normal(0, 0.4)) - gamma.pdf(t, 16) / 6
                response = np.convolve(train, hrf)[per_volume // 2 : len(train) : per_volume]
                column += amplitude * rng.lognormal(0, 0.3) * (response - response.mean()) / response.std()
        counts = train.reshape(-1, per_volume).sum(1)[:, None]
        moved = replace(problem, bold=bold / bold.std(1, keepdims=True))
        inner, outer, _ = nested(moved, counts)
        average, _ = average_of_forms(moved, counts, inner, rows[FOUR])
        by_row = (*(score(inner, outer, allowed) for allowed in rows.values()), average, product(moved, counts[:, 0]))
        found.append([rounded(r) for r in by_row])
    return dict(zip((*rows, AVERAGE, PRODUCT), np.round(np.mean(found, 0), 3).tolist(), strict=True))


def product(problem: Problem, counts: np.ndarray) -> np.ndarray:
    """Held-out r of what `train` and `decode` do, array (n_listeners + 1, 1); the last is that of the mean rate.

    Parameters
    ----------
    counts : array (n_volumes,), words per volume
    """
    silence, names = Words((), np.zeros(0), np.zeros(0)), [str(k) for k in range(len(problem.bold))]
    whole = [
        Recording(name, "alice", bold.astype(np.float32), TR, FIRST_VOLUME, silence, Table(ROIS))
        for name, bold in zip(names, problem.bold, strict=True)
    ]
    rates = np.zeros(problem.bold.shape[:2])
    for train, test in within_story_folds(problem.times, problem.folds, problem.gap):
        listeners = {}
        for k, recording in enumerate(whole):
            blocks = blocks_of(recording, train)
            first = [round((b.first_volume_at - FIRST_VOLUME) / TR) for b in blocks]
            heard = [counts[f : f + len(b.bold)].astype(np.float32) for f, b in zip(first, blocks, strict=True)]
            training = RateTraining([b.bold for b in blocks], heard, fir_delays(TR))
            listeners[names[k]] = Listener(k, blocks, training)
        models, columns = fit_rates(listeners, 1), np.arange(len(ROIS))
        for k, (name, recording) in enumerate(zip(names, whole, strict=True)):
            rates[k, test] = unit_rate(models[name].predict(columns, recording.bold, np.flatnonzero(test)))
    return np.array([[np.corrcoef(r, counts)[0, 1]] for r in (*rates, rates.mean(0))])


def claims(result: dict) -> list[Claim]:
    """Head motion does not make the words, and both additions help with other folds and delays."""
    moves = result["motion"]
    left = moves["BOLD, 12 motion parameters removed"][0]
    baseline = moves["BOLD, 12 motion parameters moved in time removed: mean"][0]
    gains = [rows[METHOD][0] / rows[BASELINE][0] for rows in result["other folds, gaps and delays"].values()]
    return [
        at_least("r after removing motion, to r after removing motion moved in time", left / baseline, 0.5),
        at_least("r with both additions to plain ridge, least of the other folds, gaps and delays", min(gains), 1),
    ]


def main() -> None:
    parser = arguments(__doc__, "alice_checks")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the Alice data set")
    parser.add_argument("--plantings", type=int, default=60, help="repetitions of the planted study, per strength")
    args = parser.parse_args()
    started = time.perf_counter()
    try:
        names, problem, words = read_alice(args.data)
        nuisance = read_motion(args.data, names, len(problem.times))
    except UserError as error:
        sys.exit(str(error))
    result = {
        "motion": motion(problem, words, nuisance),
        "words smoothed by [1 2 1] / 4, in training and scoring (not the goal)": smoothed(problem, words),
        "other folds, gaps and delays": sensitivity(problem, words),
        "6 and 10 mm ROIs": {r: other_rois(args.data, r) for r in ("6mm", "10mm")},
        **{f"planted, strength {a}": planted(problem, words, args.plantings, a) for a in (0.12, 0.2)},
        "seconds": round(time.perf_counter() - started, 1),
    }
    print("[mean of nine, mean over listeners]")
    for title, table in result.items():
        if isinstance(table, dict):
            print(f"\n{title}")
            for name, values in table.items():
                print(f"  {name:56}{values}")
    finish(args.out, {"figures": result}, claims(result))


if __name__ == "__main__":
    main()
