"""How much gesture an own T2G needs: minutes of clips against likeness, distance and jerk on held-out texts.

    python benchmarks/t2g_minutes.py [--out t2g_minutes.json]

Clips of one speaker of the simulated world 0 are cut to so many minutes; T2G is trained on them as `train` does, and
its samples for held-out texts are compared with what that speaker does. The shipped T2G (120 minutes of four speakers)
and a second rendition by the same speaker stand beside it. It asserts what `motion.amount` says: below a batch of
windows motion is rougher than real motion, from there on it is not.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from common import arguments, at_least, at_most, finish

from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import CLIPS, TEST, World
from fmri2ges.evaluation.fgd import frechet_distance
from fmri2ges.evaluation.gesture import features, on_body, roughness, weighted_r
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.models.conditions import word_track
from fmri2ges.models.generator import GestureGenerator
from fmri2ges.motion.amount import OWN_T2G_SECONDS
from fmri2ges.motion.features import from_bones, to_bones
from fmri2ges.storage.encoder import load_encoder
from fmri2ges.storage.models import read_generator
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training.corpus import GestureStory
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.phase1 import train_t2g
from fmri2ges.training.presets import preset_config

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


def again(world: World) -> list[np.ndarray]:
    """Bones of a second rendition of each held-out text, arrays (n_frames, 27)."""
    return [to_bones(world.truth(story, rendition=1).positions) for story in TEST]


def sampled(t2g: GestureGenerator, world: World, vectors) -> list[np.ndarray]:
    """Bones of one sample for each held-out text, arrays (n_frames, 27)."""
    seed = torch.Generator().manual_seed(0)
    tracks = [word_track(words, vectors.matrix(words.text)) for words in (world.script(story).words for story in TEST)]
    return [t2g.sample_bones([track], 0.0, SECONDS, 0, seed)[0] for track in tracks]


def compared(bones: list[np.ndarray], world: World, encoder) -> dict[str, float]:
    """Likeness, distance and jerk (m/s^3) of motion of the held-out texts."""
    real = [to_bones(world.truth(story).positions)[: len(b)] for story, b in zip(TEST, bones, strict=True)]
    bodies = [(on_body(from_bones(r)), on_body(from_bones(b))) for r, b in zip(real, bones, strict=True)]
    r = float(np.mean([weighted_r(features(a), features(b)) for a, b in bodies]))
    sets = [np.concatenate([encoder(cut_windows(x)) for x in motions]) for motions in (real, bones)]
    return {"r": r, "fgd": frechet_distance(*sets), "jerk": float(np.mean([roughness(b, 3) for _, b in bodies]))}


def main() -> None:
    parser = arguments(__doc__, "t2g_minutes")
    parser.add_argument("--minutes", type=float, nargs="*", default=MINUTES)
    args = parser.parse_args()
    world, vectors, encoder, config = World(0), load_vectors(), load_encoder(), preset_config("demo")
    shipped = read_generator(WEIGHTS / "t2g.safetensors", "cpu")
    rows = [
        {"what": "real re-rendition", **compared(again(world), world, encoder)},
        {"what": "shipped T2G", "minutes": 120.0, **compared(sampled(shipped, world, vectors), world, encoder)},
    ]
    claims = []
    print(*rows, sep="\n", flush=True)
    for minutes in args.minutes:
        begun = time.time()
        clips = clips_of_one_speaker(world, minutes)
        t2g = train_t2g(clips, vectors, config, Keeper(np.random.default_rng(0)), "cpu")
        scores = compared(sampled(t2g, world, vectors), world, encoder)
        rows.append({"what": "own T2G", "minutes": minutes, **scores})
        rows[-1]["seconds"] = round(time.time() - begun)
        print(rows[-1], flush=True)
        compare = at_least if minutes * 60 < OWN_T2G_SECONDS else at_most
        claims.append(compare(f"jerk after {minutes:g} minutes, to real motion", scores["jerk"] / rows[0]["jerk"], 1.5))
    finish(args.out, {"rows": rows}, claims)


if __name__ == "__main__":
    main()
