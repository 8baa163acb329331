"""How much gesture an own T2G needs: minutes of clips against likeness, distance and jerk on held-out texts.

    python benchmarks/t2g_minutes.py [--out t2g_minutes.json]

Clips of one speaker of the simulated world 0 are cut to so many minutes; T2G is trained on them as `train` does, and
its samples for held-out texts are compared with what that speaker does. The shipped T2G (120 minutes) stands beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fmri2ges.demo import WEIGHTS  # noqa: E402
from fmri2ges.demo.world import CLIPS, TEST, World  # noqa: E402
from fmri2ges.evaluation.fgd import frechet_distance  # noqa: E402
from fmri2ges.evaluation.gesture import features, on_body, roughness, weighted_r  # noqa: E402
from fmri2ges.evaluation.windows import cut_windows  # noqa: E402
from fmri2ges.models.conditions import word_track  # noqa: E402
from fmri2ges.models.generator import Generator  # noqa: E402
from fmri2ges.motion.features import from_bones, to_bones  # noqa: E402
from fmri2ges.provenance import versions  # noqa: E402
from fmri2ges.storage.encoder import load_encoder  # noqa: E402
from fmri2ges.storage.models import read_generator  # noqa: E402
from fmri2ges.text.embeddings import load_vectors  # noqa: E402
from fmri2ges.training.corpus import GestureStory  # noqa: E402
from fmri2ges.training.loop import LoopConfig  # noqa: E402
from fmri2ges.training.phase1 import train_t2g  # noqa: E402
from fmri2ges.training.presets import preset_config  # noqa: E402

MINUTES = (1.0, 3.0, 6.4, 12.0, 24.0)
SECONDS = 300.0  # of each held-out text


def clips_of_one_speaker(world: World, minutes: float) -> list[GestureStory]:
    """The first minutes of the first speaker's clips."""
    left, out = minutes * 60, []
    for clip in CLIPS[::4]:
        script, motion, _ = world.clip(clip)
        seconds = min(left, motion.duration)
        if seconds <= 0:
            break
        motion, words = motion.slice(0, seconds), script.words.slice(0, seconds)
        out.append(GestureStory(clip, 0, to_bones(motion.positions), motion.start, words))
        left -= seconds
    return out


def score(t2g: Generator, world: World, vectors, encoder) -> dict[str, float]:
    """Scores of one sample for each held-out text."""
    seed = torch.Generator().manual_seed(0)
    likeness, jerk, made, real = [], [], [], []
    for story in TEST:
        words = world.script(story).words
        bones = t2g.sample_bones([word_track(words, vectors.matrix(words.text))], 0.0, SECONDS, 0, seed)[0]
        truth = to_bones(world.truth(story).positions)[: len(bones)]
        both = [on_body(from_bones(x)) for x in (truth, bones)]
        likeness.append(weighted_r(*map(features, both)))
        jerk.append(roughness(both[1], 3))
        made.append(encoder(cut_windows(bones)))
        real.append(encoder(cut_windows(truth)))
    distance = frechet_distance(np.concatenate(real), np.concatenate(made))
    return {"r": float(np.mean(likeness)), "fgd": distance, "jerk": float(np.mean(jerk))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("t2g_minutes.json"))
    parser.add_argument("--minutes", type=float, nargs="*", default=MINUTES)
    args = parser.parse_args()
    world, vectors, encoder, config = World(0), load_vectors(), load_encoder(), preset_config("demo")
    shipped = score(read_generator(WEIGHTS / "t2g.safetensors", "cpu"), world, vectors, encoder)
    rows = [{"minutes": 120.0, "shipped": True, **shipped}]
    print(rows[-1], flush=True)
    for minutes in args.minutes:
        begun = time.time()
        loop = LoopConfig(config.t2g_steps, config.t2g_rate, 0.02, 0.995)
        clips = clips_of_one_speaker(world, minutes)
        t2g = train_t2g(
            clips, vectors, 1, loop, np.random.default_rng(0), torch.device("cpu"), guidance=config.t2g_guidance
        )
        rows.append({"minutes": minutes, "shipped": False, **score(t2g, world, vectors, encoder)})
        rows[-1]["seconds"] = round(time.time() - begun)
        print(rows[-1], flush=True)
    args.out.write_text(json.dumps({"rows": rows, "versions": versions()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
