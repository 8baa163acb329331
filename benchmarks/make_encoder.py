"""Make the encoder of FGD that ships with the package, from the gesture clips of a study.

    python benchmarks/make_encoder.py STUDY.toml --encoder encoder.npz

FGD of other encoders cannot be compared with what stands in the docs: `docs/results.md` names the digest of this one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import arguments, at_most, finish

from fmri2ges.data.study.load import load_study
from fmri2ges.evaluation.encoder import Encoder, train_encoder
from fmri2ges.evaluation.fgd import frechet_distance
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.motion.features import resample, to_bones
from fmri2ges.storage.encoder import SHIPPED, save_encoder


def train_on_study(study_toml: Path, seed: int) -> tuple[Encoder, np.ndarray]:
    """The encoder and the windows of motion that it saw."""
    study = load_study(study_toml)
    clips = [study.read_clip(source).motion for source in study.gestures]
    windows = np.concatenate([cut_windows(to_bones(resample(m, 15.0).positions)) for m in clips])
    note = f"{len(windows)} windows of {len(clips)} clips of study {study.name}, seed {seed}"
    return train_encoder(windows, seed, note=note), windows


def main() -> None:
    parser = arguments(__doc__, "make_encoder")
    parser.add_argument("study", type=Path, help="study file with gesture clips")
    parser.add_argument("--encoder", type=Path, default=SHIPPED, help="where it is written; default: in the package")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    encoder, windows = train_on_study(args.study, args.seed)
    save_encoder(encoder, args.encoder)
    one, two = encoder(windows[::2]), encoder(windows[1::2])
    still = encoder(np.repeat(windows[1::2, :1], windows.shape[1], axis=1))
    ratio = frechet_distance(one, two) / frechet_distance(one, still)
    claim = at_most("FGD of two halves of the windows, to that of a half and the other standing still", ratio, 0.1)
    finish(args.out, {"digest": encoder.digest, "windows": len(windows)}, [claim])


if __name__ == "__main__":
    main()
