"""Words per volume from six ROI time courses of nine listeners (Alice, Brennan et al. 2016), with nulls.

    python benchmarks/alice_rate.py --data ALICE --out alice_rate.json

ALICE holds 6mm/*-timecourses.txt and the TextGrid. Ridge on four response delays, five contiguous
folds with a gap of 16 s. Two things can be added to plain ridge, each for a physical reason:

- AR(1) prewhitening, x[t] - phi x[t - 1] with phi the lag-1 autocorrelation of the training BOLD:
  BOLD noise is red, the word count is nearly white, and a penalty on raw delays suppresses just the
  fast directions that tell one volume from the next.
- one set of weights for all listeners, fitted on all of them in the TRAINING part of the story: the
  listeners share the words and, roughly, the response, but not the noise.

The penalty is chosen inside the training folds, one for all listeners; one row of the table also
leaves the choice between the four combinations to the training folds, and one averages their predictions
instead of choosing. The null moves the words
circularly, in steps of 0.5 s and by at least 20 s, and repeats everything, choices included.
Controls (motion, smoothed words, other folds and delays, planted words) are in alice_checks.py.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import arguments, at_least, finish

from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.study.folds import within_story_folds
from fmri2ges.data.words.files import read_words
from fmri2ges.errors import UserError
from fmri2ges.evaluation.intervals import block_edges, bootstrap, count_blocks
from fmri2ges.evaluation.nulls import MIN_SHIFT, holm, p_value
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Words

TR, FIRST_VOLUME = 2.0, 20.0  # seconds; the data set's clock
ROIS = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
SHIFT_STEP = 0.5  # seconds
CHUNK = 200  # targets at a time: bounds the memory
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)  # per training row, for features of unit variance
TRAINED_ON = ("own", "pooled", "others")  # each listener alone; all nine; the other eight
ROWS = {  # name: (prewhitened?, trained on), each with its penalty chosen inside the training folds
    "plain ridge": [(False, "own")],
    "+ prewhitening": [(True, "own")],
    "+ pooled listeners": [(False, "pooled")],
    "+ both": [(True, "pooled")],
    "chosen among these four": [(False, "own"), (True, "own"), (False, "pooled"), (True, "pooled")],
    "both, listener left out of training": [(True, "others")],
}
METHOD, BASELINE = "+ both", "plain ridge"
AVERAGE, FOUR = "mean of these four", "chosen among these four"


@dataclass(frozen=True)
class Problem:
    """What stays fixed while words move.

    Parameters
    ----------
    bold : array (n_listeners, n_volumes, n_rois), detrended and z-scored
    times : array (n_volumes,), seconds
    delays : volumes from the words to the response
    folds, gap : contiguous blocks, and seconds left out on both sides
    """

    bold: np.ndarray
    times: np.ndarray
    delays: tuple[int, ...] = (1, 2, 3, 4)
    folds: int = 5
    gap: float = 16.0


def read_alice(folder: Path, rois: str = "6mm") -> tuple[tuple[str, ...], Problem, Words]:
    """Names of the listeners, their BOLD, and the words."""
    files = sorted((folder / rois).glob("*-timecourses.txt"))
    grids = sorted(folder.glob("*.TextGrid"))
    if not files or len(grids) != 1:
        raise UserError(f"{folder}: must hold {rois}/*-timecourses.txt and one .TextGrid (the Alice data set)")
    bold = np.stack([read_bold(f, ROIS).data for f in files]).astype(float)
    times = FIRST_VOLUME + TR * np.arange(bold.shape[1])
    return tuple(f.name.split("-")[0] for f in files), Problem(bold, times), read_words(grids[0], "word")


def shifted_counts(words: Words, times: np.ndarray) -> np.ndarray:
    """Words per volume as heard (column 0) and with the words moved circularly, array (n_volumes, 1 + n_shifts)."""
    start, length = times[0] - TR / 2, TR * len(times)
    onset = words.start - start
    onset = onset[(onset >= 0) & (onset < length)]
    moves = np.arange(MIN_SHIFT, length - MIN_SHIFT + SHIFT_STEP / 2, SHIFT_STEP)
    moved = [np.histogram((onset + m) % length, len(times), (0, length))[0] for m in moves]
    return np.stack([word_counts(words, times, TR), *moved], 1).astype(float)


def prewhiten(bold: np.ndarray, train: np.ndarray) -> np.ndarray:
    """x[t] - phi x[t - 1], phi the mean lag-1 autocorrelation over listeners and ROIs in the training volumes."""
    both = train[1:] & train[:-1]
    x = bold - bold[:, train].mean(1, keepdims=True)
    phi = (x[:, 1:][:, both] * x[:, :-1][:, both]).sum() / (x[:, :-1][:, both] ** 2).sum()
    return np.concatenate([x[:, :1] * np.sqrt(1 - phi**2), x[:, 1:] - phi * x[:, :-1]], 1)


def fir(bold: np.ndarray, delays: tuple[int, ...], train: np.ndarray) -> np.ndarray:
    """BOLD `delays` volumes later side by side, unit variance in training: (n_listeners, n_volumes, n_features)."""
    n = bold.shape[1]
    out = np.zeros((len(bold), n, len(delays), bold.shape[2]))
    for k, d in enumerate(delays):
        out[:, max(-d, 0) : n - max(d, 0), k] = bold[:, max(d, 0) : n + min(d, 0)]
    return unit(out.reshape(len(bold), n, -1), train)


def unit(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 in the training volumes (axis -2)."""
    part = features[..., train, :]
    return (features - part.mean(-2, keepdims=True)) / part.std(-2, keepdims=True)


def ridge_predictions(
    problem: Problem, counts: np.ndarray, train: np.ndarray, tests: list[np.ndarray]
) -> list[np.ndarray]:
    """Predictions of every setting for some test blocks, without the training mean.

    The last row of listeners is the mean of the nine: with weights of its own ("own"), or with the
    weights shared by the listeners ("pooled"). "others" has no such row (NaN).

    Returns
    -------
    list of arrays (2 prewhitened, 3 trained on, n_penalties, n_listeners + 1, n_test, n_targets)
    """
    n = len(problem.bold)
    shape = (2, len(TRAINED_ON), len(PENALTIES), n + 1)
    out = [np.full((*shape, t.sum(), counts.shape[1]), np.nan) for t in tests]
    y = counts[train] - counts[train].mean(0)
    for w in (0, 1):
        z = fir(prewhiten(problem.bold, train) if w else problem.bold, problem.delays, train)
        group = z.mean(0)
        z = np.concatenate([z, unit(group, train)[None]])
        gram = z[:, train].transpose(0, 2, 1) @ z[:, train]
        cross = z[:, train].transpose(0, 2, 1) @ y
        total, total_cross = gram[:n].sum(0), cross[:n].sum(0)
        eye = np.eye(len(total)) * train.sum()
        for k, penalty in enumerate(PENALTIES):
            own = np.linalg.solve(gram + penalty * eye, cross)
            pooled = np.linalg.solve(total + n * penalty * eye, total_cross)
            others = np.linalg.solve(total - gram[:n] + (n - 1) * penalty * eye, total_cross - cross[:n])
            for found, test in zip(out, tests, strict=True):
                found[w, 0, k] = z[:, test] @ own
                found[w, 1, k, :n] = z[:n, test] @ pooled
                found[w, 1, k, n] = group[test] @ pooled
                found[w, 2, k, :n] = z[:n, test] @ others
    return out


def sums(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sums over volumes (axis -2) that make up r, added over blocks: n, p, y, pp, yy, py stacked first."""
    y = np.broadcast_to(y, p.shape)
    return np.stack([np.ones_like(p).sum(-2), p.sum(-2), y.sum(-2), (p * p).sum(-2), (y * y).sum(-2), (p * y).sum(-2)])


def correlation(s: np.ndarray) -> np.ndarray:
    """Pearson r from `sums`."""
    n, p, y, pp, yy, py = s
    return (n * py - p * y) / np.sqrt(np.maximum((n * pp - p * p) * (n * yy - y * y), 1e-12))


def nested(problem: Problem, counts: np.ndarray):
    """Inner scores and held-out sums of all settings; and the held-out predictions for the first target.

    Returns
    -------
    inner : array (n_folds, 2, 3, n_penalties, n_targets), mean r over listeners within the training part
    outer : array (n_folds, 6 sums, 2, 3, n_penalties, n_listeners + 1, n_targets)
    predicted : array (2, 3, n_penalties, n_listeners + 1, n_volumes)
    """
    folds = within_story_folds(problem.times, problem.folds, problem.gap)
    listeners = len(problem.bold)
    within = [0.0] * len(folds)
    outer, predicted = [], None
    for i, (train, test) in enumerate(folds):
        (p,) = ridge_predictions(problem, counts, train, [test])
        outer.append(sums(p, counts[test]))
        if predicted is None:
            predicted = np.zeros((*p.shape[:4], len(test)))
        predicted[..., test] = p[..., 0]
        for j in range(i):  # trained without blocks i and j: block j is an inner test for i, and i for j
            # Volumes in the gap around the outer block are not part of its training, so no inner score uses them.
            inner_tests = [folds[j][1] & train, test & folds[j][0]]
            found = ridge_predictions(problem, counts, train & folds[j][0], inner_tests)
            for k, rows, p in zip((i, j), inner_tests, found, strict=True):
                within[k] = within[k] + sums(p[:, :, :, :listeners], counts[rows])
    return np.array([correlation(s).mean(-2) for s in within]), np.array(outer), predicted


def choose(inner: np.ndarray, allowed: list[tuple[bool, str]]) -> np.ndarray:
    """Setting with the best inner score in each fold, for each target; ties go to the stronger penalty.

    Returns
    -------
    array (n_folds, n_targets), int; index into the flattened (2, 3, n_penalties)
    """
    mask = np.full(inner.shape[1:4], -np.inf)
    for white, trained in allowed:
        mask[int(white), TRAINED_ON.index(trained)] = 0
    scores = (np.round(inner, 6) + mask[..., None])[:, :, :, ::-1]
    k = len(PENALTIES)
    best = scores.reshape(len(inner), -1, inner.shape[-1]).argmax(1)
    return best // k * k + (k - 1 - best % k)


def _pick(outer: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    flat = outer.reshape(*outer.shape[:2], -1, *outer.shape[-2:])
    return sum(np.take_along_axis(flat[f], chosen[f][None, None, None, :], 1)[:, 0] for f in range(len(flat)))


def score(inner: np.ndarray, outer: np.ndarray, allowed) -> np.ndarray:
    """Held-out r of the chosen settings, array (n_listeners + 1, n_targets)."""
    return correlation(_pick(outer, choose(inner, allowed)))


def average_of_forms(problem: Problem, counts: np.ndarray, inner: np.ndarray, forms) -> tuple[np.ndarray, np.ndarray]:
    """The mean of several forms' predictions, each of unit variance in the test block and with its own penalty.

    Returns
    -------
    r : array (n_listeners + 1, n_targets), held out
    predicted : array (n_listeners + 1, n_volumes), of the first target
    """
    total, predicted = 0.0, np.zeros((len(problem.bold) + 1, len(problem.times)))
    chosen = [choose(inner, [form]) for form in forms]
    for i, (train, test) in enumerate(within_story_folds(problem.times, problem.folds, problem.gap)):
        (p,) = ridge_predictions(problem, counts, train, [test])
        p = p.reshape(-1, *p.shape[3:])  # (settings, n_listeners + 1, n_test, n_targets)
        own = [np.take_along_axis(p, c[i][None, None, None, :], 0)[0] for c in chosen]
        average = sum(x / x.std(1, keepdims=True) for x in own)
        total = total + sums(average, counts[test])
        predicted[:, test] = average[..., 0]
    return correlation(total), predicted


def predictions(problem: Problem, inner: np.ndarray, predicted: np.ndarray, allowed) -> tuple[np.ndarray, list[str]]:
    """Held-out predictions of the chosen settings, array (n_listeners + 1, n_volumes), and the settings' names."""
    chosen = choose(inner, allowed)[:, 0]
    flat = predicted.reshape(-1, *predicted.shape[3:])
    p = np.zeros(flat.shape[1:])
    for (_, test), setting in zip(within_story_folds(problem.times, problem.folds, problem.gap), chosen, strict=True):
        p[:, test] = flat[setting][:, test]
    return p, [describe(c) for c in chosen]


def describe(setting: int) -> str:
    """A setting in words."""
    white, trained, penalty = np.unravel_index(setting, (2, len(TRAINED_ON), len(PENALTIES)))
    return f"{'prewhitened' if white else 'raw'}, {TRAINED_ON[trained]}, penalty {PENALTIES[penalty]:g}"


def interval(p: np.ndarray, y: np.ndarray, minus: np.ndarray | None = None) -> list[float]:
    """95 % interval of the mean r of predictions (n, n_volumes), over blocks of the story; minus that of others."""
    edges = block_edges(len(y), count_blocks(len(y) * TR))

    def mean_r(weights, q):
        blocks = np.stack([sums(q[:, a:b, None], y[a:b, None])[..., 0] for a, b in pairwise(edges)])
        return correlation(np.einsum("db,bsn->sdn", weights, blocks)).mean(1)

    def statistic(weights):
        return mean_r(weights, p) - (0.0 if minus is None else mean_r(weights, minus))

    found = bootstrap(statistic, len(edges) - 1, np.random.default_rng(0))
    return [round(found.low, 3), round(found.high, 3)]


def rounded(r: np.ndarray) -> list[float | None]:
    """[mean of the nine, mean over single listeners] of the first target."""
    return [None if np.isnan(v) else round(float(v), 3) for v in (r[-1, 0], r[:-1, 0].mean())]


def null_line(r: np.ndarray) -> dict[str, float]:
    """Score, null and p of one series of scores: the first is observed, the others come from moved words."""
    return {
        "r": round(float(r[0]), 3),
        "null_mean": round(float(r[1:].mean()), 3),
        "null_q95": round(float(np.quantile(r[1:], 0.95)), 3),
        "p": p_value(r[0], r[1:]),
        "n_null": len(r) - 1,
    }


def both_lines(r: np.ndarray, singles: np.ndarray | None = None) -> dict[str, dict | None]:
    """`null_line` of the mean of the nine and of the mean over listeners (or `singles`)."""
    singles = r[:-1].mean(0) if singles is None else singles
    return {
        "mean of nine": None if np.isnan(r[-1]).any() else null_line(r[-1]),
        "mean over listeners": null_line(singles),
    }


def scores(problem: Problem, counts: np.ndarray, rows: dict) -> tuple[dict[str, np.ndarray], tuple]:
    """Held-out r of each row, array (n_listeners + 1, n_targets), and `nested` of the first targets."""
    parts = [nested(problem, counts[:, c : c + CHUNK]) for c in range(0, counts.shape[1], CHUNK)]
    r = {row: np.concatenate([score(a, b, allowed) for a, b, _ in parts], -1) for row, allowed in rows.items()}
    if FOUR in rows:
        columns = range(0, counts.shape[1], CHUNK)
        each = [
            average_of_forms(problem, counts[:, c : c + CHUNK], part[0], rows[FOUR])[0]
            for c, part in zip(columns, parts, strict=True)
        ]
        r[AVERAGE] = np.concatenate(each, -1)
    return r, parts[0]


def measure(names: tuple[str, ...], problem: Problem, words: Words) -> dict:
    """Everything about the recording as it is."""
    counts = shifted_counts(words, problem.times)
    r, (inner, _, predicted) = scores(problem, counts, ROWS)
    p, chosen = predictions(problem, inner, predicted, ROWS[METHOD])
    base, _ = predictions(problem, inner, predicted, ROWS[BASELINE])
    _, average = average_of_forms(problem, counts[:, :1], inner[..., :1], ROWS[FOUR])
    y = counts[:, 0]
    listeners = []
    for k, name in enumerate(names):
        listeners.append({"listener": name, **null_line(r[METHOD][k]), "ci": interval(p[k : k + 1], y)})
    for line, adjusted in zip(listeners, holm(np.array([line["p"] for line in listeners])), strict=True):
        line["p_holm"] = float(adjusted)
    return {
        "rows": {row: both_lines(v) for row, v in r.items()},
        "best of the rows": both_lines(
            np.nanmax(list(r.values()), 0), singles=np.max([v[:-1].mean(0) for v in r.values()], 0)
        ),
        "ci": {"mean of nine": interval(p[-1:], y), "mean over listeners": interval(p[:-1], y)},
        "ci of the gain over plain ridge": {
            "mean of nine": interval(p[-1:], y, base[-1:]),
            "mean over listeners": interval(p[:-1], y, base[:-1]),
        },
        f"ci of the {AVERAGE}": {
            "mean of nine": interval(average[-1:], y),
            "mean over listeners": interval(average[:-1], y),
        },
        f"ci of the gain of the {AVERAGE}": {
            "mean of nine": interval(average[-1:], y, base[-1:]),
            "mean over listeners": interval(average[:-1], y, base[:-1]),
        },
        "settings per fold": chosen,
        "listeners": listeners,
    }


def show(result: dict) -> None:
    """Print the tables."""
    print(f"{'':38}mean of nine: r (null 95 %, p)   mean over listeners: r (null 95 %, p)")
    for row, found in [*result["rows"].items(), ("best of the rows", result["best of the rows"])]:
        cells = ["-" if c is None else f"{c['r']:.3f} ({c['null_q95']:.3f}, {c['p']:.4f})" for c in found.values()]
        print(f"{row:38}{cells[0]:32}{cells[1]}")
    print()
    print(f"{METHOD}: 95 % intervals {result['ci']}")
    print(f"gain over {BASELINE}: {result['ci of the gain over plain ridge']}")
    print(
        f"{AVERAGE}: 95 % intervals {result[f'ci of the {AVERAGE}']}, gain {result[f'ci of the gain of the {AVERAGE}']}"
    )
    print("chosen in each fold:", "; ".join(result["settings per fold"]))
    for c in result["listeners"]:
        print(
            f"  {c['listener']}  r {c['r']:6.3f}  [{c['ci'][0]:.3f}, {c['ci'][1]:.3f}]  null 95 % {c['null_q95']:.3f}  "
            f"p {c['p']:.4f}  Holm {c['p_holm']:.4f}"
        )


def main() -> None:
    parser = arguments(__doc__, "alice_rate")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the Alice data set")
    args = parser.parse_args()
    started = time.perf_counter()
    try:
        names, problem, words = read_alice(args.data)
    except UserError as error:
        sys.exit(str(error))
    result = measure(names, problem, words)
    result["seconds"] = round(time.perf_counter() - started, 1)
    show(result)
    rows = result["rows"]
    claims = []
    for kind in ("mean of nine", "mean over listeners"):
        best, plain = rows[METHOD][kind], rows[BASELINE][kind]
        claims.append(at_least(f"r of the {kind}, both additions to plain ridge", best["r"] / plain["r"], 1))
        claims.append(at_least(f"r of the {kind} to the 95 % point of its null", best["r"] / best["null_q95"], 1))
    finish(args.out, {"figures": result}, claims)


if __name__ == "__main__":
    main()
