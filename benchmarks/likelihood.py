"""Score the next words of a beam: the fast likelihood against the formula written out.

    python benchmarks/likelihood.py --out likelihood.json            2,000 and 10,000 voxels, about 5 min, 3 GB
    python benchmarks/likelihood.py --quick                          500 and 2,000 voxels, under a minute

Baseline in the same run, same precision: -1/2 (xW - r)' P (xW - r) over the volumes that the new word touches, for
all candidates at once in large matrix products. Both are checked to agree. What is computed once per choice of
voxels (`Evidence`) and once per story (`Likelihood`) is reported beside the ratio.
"""

from __future__ import annotations

import time

import numpy as np
from common import arguments, at_least, at_most, finish

from fmri2ges.models.encoding import EncodingModel
from fmri2ges.models.likelihood import Evidence, Likelihood
from fmri2ges.models.noise import NoiseModel

N_VOLUMES, TR = 60, 2.0  # two minutes of BOLD
WORDS = np.arange(60, 66)  # scored: words in the middle, after steps over all words before them


def timed(work, repeats: int = 1):
    """Best seconds of some repeats, and the result."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def make(n_voxels: int, n_features: int):
    """A random encoding model, noise of some shared components, and BOLD."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((4 * n_features, n_voxels), dtype=np.float32) * np.float32(0.02)
    ones = np.ones(n_voxels, np.float32)
    model = EncodingModel(rng.normal(size=n_features), rng.uniform(0.5, 2, n_features), weights, ones, ones)
    shared = rng.standard_normal((100, n_voxels), dtype=np.float32) / 10
    covariance = shared.T @ shared
    covariance[np.diag_indices_from(covariance)] += 1
    return model, NoiseModel(covariance, 3000.0), rng.standard_normal((N_VOLUMES, n_voxels))


class WrittenOut:
    """The formula with W and P as they are, for one hypothesis and many candidates."""

    def __init__(self, model: EncodingModel, noise: NoiseModel, bold: np.ndarray, dtype):
        precision = noise.shrunk()
        self.precision = np.linalg.inv(precision).astype(dtype)
        self.model, self.weights, self.bold = model, model.weights.astype(dtype), bold.astype(dtype)

    def score(self, text_rows: np.ndarray, word_weights: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Log-likelihood over the touched volumes.

        Parameters
        ----------
        text_rows : array (n_volumes, n_features); resampled features of the words so far
        word_weights : array (n_volumes,); Lanczos weights of the new word
        candidates : array (n, n_features)
        """
        touched = np.flatnonzero(np.abs(word_weights) > 1e-9)
        delays, total = self.model.delays, np.zeros(len(candidates))
        for t in range(touched[0] + min(delays), touched[-1] + max(delays) + 1):
            x = np.concatenate(
                [
                    (text_rows[t - d] + word_weights[t - d] * candidates - self.model.mean) / self.model.sd
                    for d in delays
                ],
                1,
            ).astype(self.weights.dtype)
            error = x @ self.weights - self.bold[t]
            total -= 0.5 * np.einsum("nv,nv->n", error @ self.precision, error)
        return total


def measure(n_voxels: int, n_features: int, width: int, n_each: int, n_slow: int, dtype) -> dict:
    model, noise, bold = make(n_voxels, n_features)
    rng = np.random.default_rng(1)
    volumes = TR * np.arange(N_VOLUMES)
    counts = np.resize([2, 3, 1], N_VOLUMES)  # words per volume, evenly spread as the word rate model does
    times = np.concatenate([v - TR / 2 + TR * (np.arange(n) + 0.5) / n for v, n in zip(volumes, counts, strict=True)])
    once_voxels, evidence = timed(lambda: Evidence(model, noise, dtype))
    once_story, likelihood = timed(lambda: Likelihood(evidence, bold, volumes, times))
    text = rng.normal(size=(WORDS[-1], width, n_features)).astype(dtype)
    candidates = rng.normal(size=(width * n_each, n_features)).astype(dtype)
    parents, first = np.repeat(np.arange(width), n_each), np.arange(width)
    beam, seconds = likelihood.start(), []
    for word in range(WORDS[0]):
        beam = likelihood.step(beam, word).extend(text[word], first if word else first * 0)
    at_word = beam
    for word in WORDS:

        def one_step(word=word, beam=beam):  # of the beam: the form, all candidates, the chosen ones
            step = likelihood.step(beam, word)
            step.score(candidates, parents)
            return step.extend(candidates[::n_each], first)

        best, next_beam = timed(one_step, 3)
        seconds.append(best)
        beam = next_beam
    fast = float(np.mean(seconds))
    slow_model = WrittenOut(model, noise, bold, dtype)
    word, few = WORDS[0], candidates[:n_slow]  # continues the first hypothesis
    rows = likelihood.lanczos[:, :word] @ text[:word, 0]
    slow, expected = timed(lambda: slow_model.score(rows, likelihood.lanczos[:, word], few), 2)
    got = likelihood.step(at_word, word).score(few, np.zeros(len(few), int))
    spread = np.ptp(expected)
    per_fast, per_slow = fast / len(candidates), slow / len(few)
    return {
        "voxels": n_voxels,
        "features": n_features,
        "dtype": np.dtype(dtype).name,
        "hypotheses": width,
        "candidates": len(candidates),
        "candidates of the written-out formula": len(few),
        "microseconds a candidate, fast": round(1e6 * per_fast, 2),
        "microseconds a candidate, written out": round(1e6 * per_slow, 2),
        "ratio": round(per_slow / per_fast, 1),
        "same order": bool((np.argsort(got) == np.argsort(expected)).all()),
        "largest difference over the range of the scores": float(
            np.abs((got - got[0]) - (expected - expected[0])).max() / spread
        ),
        "seconds once per choice of voxels": round(once_voxels, 2),
        "seconds once per story": round(once_story, 2),
    }


def main() -> None:
    parser = arguments(__doc__, "likelihood")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--features", type=int, default=768)
    parser.add_argument("--width", type=int, default=20, help="hypotheses in the beam")
    parser.add_argument("--each", type=int, default=50, help="candidates per hypothesis")
    args = parser.parse_args()
    rows = []
    for n_voxels in (500, 2000) if args.quick else (2000, 10_000):
        for dtype in (np.float64, np.float32):
            row = measure(n_voxels, args.features, args.width, args.each, min(args.width * args.each, 400), dtype)
            rows.append(row)
            print(
                f"{n_voxels:6d} voxels {row['dtype']}: {row['ratio']:8.1f} x, "
                f"{row['microseconds a candidate, fast']} against {row['microseconds a candidate, written out']} "
                "us a candidate; "
                f"difference {row['largest difference over the range of the scores']:.1e}"
            )
    claims = []
    for row in rows:
        name, off = f"{row['voxels']} voxels, {row['dtype']}", row["largest difference over the range of the scores"]
        claims.append(at_least(f"{name}: time of the written-out formula to ours", row["ratio"], 2))
        claims.append(at_most(f"{name}: difference of the scores to their range", off, 1e-3))
    finish(args.out, {"rows": rows}, claims)


if __name__ == "__main__":
    main()
