"""Fit the encoding model: against plain himalaya, against a bootstrap ridge, and its memory on large files.

    python benchmarks/encoding.py --out encoding.json     T=3000, F=3072, V=20,000, 10 penalties; 16 GB; tens of minutes
    python benchmarks/encoding.py --quick                 small sizes, under a minute
    python benchmarks/encoding.py --memory --out m.json   files of 27,000 volumes in the temporary folder, up to 9 GB

Baselines in the same run, on the same data and threads: himalaya's kernel ridge with the same folds and penalties
(its own advice for fewer volumes than features), and the bootstrap ridge of 50 resamples that speech encoding models
often use (penalty by the mean held-out correlation over resamples of left-out chunks, an SVD each), written out
below with torch, in float64 as the code published with Tang et al. (2023) computes, and in float32 as ours does.
`--resamples N` measures N of the 50 and scales their time; the output says so.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial

import numpy as np
from common import Claim, arguments, at_least, at_most, finish

from fmri2ges.models.encoding import StoryVoxels, fit_encoding
from fmri2ges.models.story_folds import story_folds

PENALTIES = np.logspace(1, 6, 10)
N_STORIES, N_FOLDS, N_RESAMPLES, CHUNK, HELD_OUT = 10, 5, 50, 40, 0.2
DELAYS = (1, 2, 3, 4)


def simulate(n_volumes: int, n_features: int, n_voxels: int) -> tuple[list, list, list, list]:
    """Training and held-out stories whose voxels have held-out r of about .1 to .3; features of a few strong axes."""
    rng = np.random.default_rng(0)
    length = n_volumes // N_STORIES
    mixing = (
        rng.standard_normal((n_features, n_features), dtype=np.float32)
        / np.arange(1, n_features + 1, dtype=np.float32)[:, None]
    )
    features = [rng.standard_normal((length, n_features), dtype=np.float32) @ mixing for _ in range(N_STORIES + 2)]
    weights = rng.standard_normal((n_features, n_voxels), dtype=np.float32)
    bold = []
    for f in features:
        clean = np.zeros((length, n_voxels), np.float32)
        for d in DELAYS:
            clean[d:] += f[:-d] @ weights
        clean *= np.linspace(0, 0.6, n_voxels, dtype=np.float32) / clean.std()
        bold.append(clean + rng.standard_normal(clean.shape, dtype=np.float32))
    return features[:-2], bold[:-2], features[-2:], bold[-2:]


def timed(work):
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def himalaya_fit(x: np.ndarray, y: np.ndarray, lengths) -> np.ndarray:
    """Weights of himalaya's cross-validated kernel ridge, voxels in batches that fit in memory."""
    from himalaya.backend import set_backend
    from himalaya.kernel_ridge import KernelRidgeCV
    from sklearn.model_selection import PredefinedSplit

    backend = set_backend("torch")
    split = PredefinedSplit(np.repeat(story_folds(lengths, N_FOLDS), lengths))
    params = {"n_targets_batch": 5000, "n_alphas_batch": 5}
    model = KernelRidgeCV(alphas=PENALTIES, cv=split, solver_params=params, warn=False).fit(x, y)
    return x.T @ backend.to_numpy(model.dual_coef_)


def bootstrap_fit(x: np.ndarray, y: np.ndarray, n_resamples: int, dtype) -> tuple[np.ndarray, float]:
    """Bootstrap ridge: weights, and the seconds of one resample."""
    import torch

    x, y, rng = x.astype(dtype), y.astype(dtype), np.random.default_rng(0)
    chunks = np.array_split(np.arange(len(x)), max(2, len(x) // CHUNK))
    score, started = np.zeros((len(PENALTIES), y.shape[1])), time.perf_counter()
    for _ in range(n_resamples):
        out = rng.permutation(len(chunks))[: max(1, int(HELD_OUT * len(chunks)))]
        held = np.sort(np.concatenate([chunks[c] for c in out]))
        kept = np.setdiff1d(np.arange(len(x)), held)
        u, s, vt = torch.linalg.svd(torch.from_numpy(x[kept]), full_matrices=False)
        uy, xv = u.T @ torch.from_numpy(y[kept]), torch.from_numpy(x[held]) @ vt.T
        truth = torch.from_numpy(y[held])
        truth = (truth - truth.mean(0)) / truth.std(0)
        for i, penalty in enumerate(PENALTIES):
            p = (xv * (s / (s**2 + penalty))) @ uy
            score[i] += ((p - p.mean(0)) / (p.std(0) + 1e-9) * truth).mean(0).numpy()
    seconds = (time.perf_counter() - started) / n_resamples
    penalty = torch.from_numpy(PENALTIES[score.argmax(0)].astype(dtype))
    u, s, vt = torch.linalg.svd(torch.from_numpy(x), full_matrices=False)
    shrink = s[:, None] / (s[:, None] ** 2 + penalty)
    return (vt.T @ (shrink * (u.T @ torch.from_numpy(y)))).float().numpy(), seconds


def speed(n_volumes: int, n_features: int, n_voxels: int, n_resamples: int) -> dict:
    from dataclasses import replace

    small = simulate(100, 4, 20)  # first calls load libraries
    fit_encoding(small[0], StoryVoxels(small[1]), n_folds=2, device="cpu")
    himalaya_fit(np.concatenate(small[0]), np.concatenate(small[1]), [10] * N_STORIES)
    features, bold, new_features, new_bold = simulate(n_volumes, n_features // len(DELAYS), n_voxels)
    lengths, new = [len(f) for f in features], StoryVoxels(new_bold)
    seconds, model = timed(lambda: fit_encoding(features, StoryVoxels(bold), DELAYS, PENALTIES, N_FOLDS, "cpu"))
    r = model.correlation(new_features, new)
    x, y = np.concatenate([model.design(f) for f in features]), np.concatenate(bold)
    plain, weights = timed(lambda: himalaya_fit(x, y, lengths))
    plain_r = replace(model, weights=weights).correlation(new_features, new)
    bootstrap = {"resamples": N_RESAMPLES, "resamples measured": n_resamples}
    for dtype in (np.float64, np.float32):
        total, (weights, one) = timed(partial(bootstrap_fit, x, y, n_resamples, dtype))
        total += one * (N_RESAMPLES - n_resamples)
        boot_r = replace(model, weights=weights).correlation(new_features, new)
        bootstrap[dtype.__name__] = {
            "seconds": round(total, 1),
            "ratio": round(total / seconds, 1),
            "held-out r": float(boot_r.mean()),
        }
    return {
        "volumes": len(x),
        "features": x.shape[1],
        "voxels": n_voxels,
        "penalties": len(PENALTIES),
        "folds": N_FOLDS,
        "seconds": round(seconds, 2),
        "seconds, himalaya": round(plain, 2),
        "ratio to himalaya": round(plain / seconds, 2),
        "held-out r": float(r.mean()),
        "held-out r, himalaya": float(plain_r.mean()),
        "bootstrap": bootstrap,
    }


class FileVoxels:
    """Voxels in a raw float32 file of rows; mapped a part at a time, as what is mapped counts as resident memory."""

    def __init__(self, path: str, n_volumes: int, n_voxels: int):
        self.path, self.n_volumes, self.n_voxels = path, n_volumes, n_voxels

    def read(self, columns: slice) -> np.ndarray:
        row, step = 4 * self.n_voxels, max(1, int(64e6 / (4 * self.n_voxels)))
        out = np.empty((self.n_volumes, len(range(self.n_voxels)[columns])), np.float32)
        for start in range(0, self.n_volumes, step):
            n = min(step, self.n_volumes - start)
            out[start : start + n] = np.memmap(self.path, np.float32, "r", start * row, (n, self.n_voxels))[:, columns]
        return out


def memory_of_one(path: str, n_volumes: int, n_features: int, n_voxels: int) -> None:
    """Fit one file in this process; prints a line of JSON."""
    rng = np.random.default_rng(0)
    length = n_volumes // 27
    features = [rng.standard_normal((length, n_features // 4), dtype=np.float32) for _ in range(27)]
    seconds, _ = timed(
        lambda: fit_encoding(features, FileVoxels(path, 27 * length, n_voxels), DELAYS, PENALTIES, N_FOLDS, "cpu")
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {
                "volumes": 27 * length,
                "features": n_features,
                "voxels": n_voxels,
                "file GB": round(4e-9 * 27 * length * n_voxels, 3),
                "peak GB": round(peak / 1e9, 3),
                "weights GB": round(4e-9 * n_features * n_voxels, 3),
                "seconds": round(seconds, 1),
            }
        )
    )


def memory(n_volumes: int, n_features: int, sizes) -> dict:
    """Peak memory of a fresh process for files of growing width, and the line through the points."""
    rows = []
    for n_voxels in sizes:
        with tempfile.NamedTemporaryFile() as file:
            rng = np.random.default_rng(1)
            for _ in range(n_volumes // 27 * 27):
                file.write(rng.standard_normal(n_voxels, dtype=np.float32).tobytes())
            file.flush()
            command = [sys.executable, __file__, "--one", file.name, str(n_volumes), str(n_features), str(n_voxels)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1])
    slope, start = np.polyfit([r["voxels"] for r in rows], [r["peak GB"] for r in rows], 1)
    law = {"GB without voxels": round(float(start), 3), "GB per 10,000 voxels": round(1e4 * float(slope), 3)}
    return {"rows": rows, "law": law, "GB expected at 81,000 voxels": round(float(start + 81_000 * slope), 2)}


def claims_of_speed(result: dict) -> list[Claim]:
    return [
        at_least("seconds of himalaya to ours", result["ratio to himalaya"], 1),
        at_least("seconds of the bootstrap ridge in float64 to ours", result["bootstrap"]["float64"]["ratio"], 5),
        at_least("held-out r of ours to himalaya's", result["held-out r"] / result["held-out r, himalaya"], 0.98),
    ]


def claims_of_memory(result: dict) -> list[Claim]:
    first, *_, last = result["rows"]
    growth = (last["peak GB"] - first["peak GB"]) / (last["file GB"] - first["file GB"])
    return [at_most("growth of the peak of memory to growth of the file", growth, 0.5)]


def main() -> None:
    parser = arguments(__doc__, "encoding")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of speed")
    parser.add_argument("--resamples", type=int, default=2, help="bootstrap resamples measured, of 50")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return memory_of_one(args.one[0], *map(int, args.one[1:]))
    if args.memory:
        result = memory(2700, 256, (2000, 8000, 16_000)) if args.quick else memory(27_000, 3072, (5000, 20_000, 81_000))
    else:
        sizes = (600, 640, 2000) if args.quick else (3000, 3072, 20_000)
        result = speed(*sizes, args.resamples)
    print(json.dumps(result, indent=2))
    finish(args.out, {"figures": result}, claims_of_memory(result) if args.memory else claims_of_speed(result))


if __name__ == "__main__":
    main()
