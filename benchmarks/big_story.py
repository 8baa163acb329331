"""Peak memory of decoding one large story, beside the same command on a short one.

    python benchmarks/big_story.py --out big_story.json

Generates a subject of 81,000 voxels in the ds003020 layout (noise: only sizes matter), trains on three short
stories with the demo's T2G, and decodes a short and a long held-out story, each in a process of its own. The
difference of the two peaks is what the long story takes beyond the models. About 0.5 GB of temporary disk.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import arguments, at_most, finish

GRID = (54, 60, 50)  # half of it is the mask: 81,000 voxels
STORIES = {"train-a": 120, "train-b": 120, "train-c": 120, "short": 60, "long": 780}
WORDS = ("the", "dog", "house", "river", "walked", "small", "red", "mother", "music", "bread", "sea", "boat")


def write_study(root: Path) -> Path:
    import h5py
    import nibabel

    rng = np.random.default_rng(0)
    mask = np.zeros(GRID, np.uint8)
    mask[:, :, : GRID[2] // 2] = 1
    nibabel.save(nibabel.Nifti1Image(mask, np.diag([3.0, 3.0, 3.0, 1.0])), root / "mask.nii.gz")
    lines = ['name = "big"', "simulated = true"]
    for story, n in STORIES.items():
        with h5py.File(root / f"{story}.hf5", "w") as f:
            data = f.create_dataset("data", (n, int(mask.sum())), "f4")
            for k in range(n):
                data[k] = rng.standard_normal(data.shape[1], dtype=np.float32)
        starts = np.arange(0.5, 2 * n - 1, 0.5)
        rows = [f"{w}\t{t:.2f}\t0.3" for t, w in zip(starts, rng.choice(WORDS, len(starts)), strict=True)]
        (root / f"{story}.tsv").write_text("word\tstart\tduration\n" + "\n".join(rows) + "\n")
        lines += [
            "[[recording]]",
            'subject = "one"',
            f'story = "{story}"',
            f'bold = "{story}.hf5"',
            'mask = "mask.nii.gz"',
            f'words = "{story}.tsv"',
        ]
    lines += ["[split]", 'test_stories = ["short", "long"]', ""]
    (root / "study.toml").write_text("\n".join(lines))
    return root / "study.toml"


def train(study: Path, run: Path) -> None:
    from fmri2ges.training.presets import TrainConfig
    from fmri2ges.training.train import train_study

    train_study(
        study,
        run,
        device="cpu",
        config=TrainConfig(f2g_steps=4, renditions=1, roi_choices=1, penalties=(1e4,), f2g_guidance=1.5),
    )


def decode(run: Path, story: str) -> None:
    from fmri2ges.decoding.run import open_run
    from fmri2ges.request import DecodeRequest

    decoded = open_run(run, device="cpu").decode(DecodeRequest(subject="one", story=story, start=20, stop=80))
    assert np.isfinite(decoded.direct.positions).all() and np.isfinite(decoded.text.positions).all()


def measured(*args: str) -> dict:
    """Peak resident memory (MB) and seconds of this script run with `args`."""
    begun = time.perf_counter()
    out = subprocess.run([sys.executable, __file__, *args], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"peak_mb": round(float(out.split()[-1])), "seconds": round(time.perf_counter() - begun, 1)}


def main() -> None:
    parser = arguments(__doc__, "big_story")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        step, *rest = args.step
        {"train": lambda s, r: train(Path(s), Path(r)), "decode": lambda r, s: decode(Path(r), s)}[step](*rest)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / (1024**2 if sys.platform == "darwin" else 1024))
        return
    with tempfile.TemporaryDirectory() as temp:
        study, run = write_study(Path(temp)), Path(temp) / "run"
        size = (study.parent / "long.hf5").stat().st_size / 1e6
        result = {"long story, MB": round(size), "train": measured("--step", "train", str(study), str(run))}
        result |= {story: measured("--step", "decode", str(run), story) for story in ("short", "long")}
    result["beyond the models, MB"] = result["long"]["peak_mb"] - result["short"]["peak_mb"]
    print(result)
    ratio = result["beyond the models, MB"] / result["long story, MB"]
    finish(args.out, {"figures": result}, [at_most("memory for a long story beyond the models, to its file", ratio, 2)])


if __name__ == "__main__":
    main()
