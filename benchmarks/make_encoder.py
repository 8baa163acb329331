"""Make the encoder of FGD that ships with the package, from the gesture clips of a study.

    python benchmarks/make_encoder.py STUDY.toml

FGD of other encoders cannot be compared with what stands in the docs: `docs/results.md` names the digest of this one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fmri2ges.data.study.load import load_study  # noqa: E402
from fmri2ges.evaluation.encoder import Encoder, train_encoder  # noqa: E402
from fmri2ges.evaluation.windows import cut_windows  # noqa: E402
from fmri2ges.motion.features import resample, to_bones  # noqa: E402
from fmri2ges.storage.encoder import SHIPPED, save_encoder  # noqa: E402


def train_on_study(study_toml: Path, seed: int = 0) -> Encoder:
    study = load_study(study_toml)
    clips = [study.read_clip(source).motion for source in study.gestures]
    windows = np.concatenate([cut_windows(to_bones(resample(m, 15.0).positions)) for m in clips])
    note = f"{len(windows)} windows of {len(clips)} clips of study {study.name}, seed {seed}"
    return train_encoder(windows, seed, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, help="study file with gesture clips")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    encoder = train_on_study(args.study, args.seed)
    save_encoder(encoder, args.out)
    print(encoder.digest)


if __name__ == "__main__":
    main()
