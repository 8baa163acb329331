"""Few gesture clips: the shipped T2G, the same fine-tuned, and one of the study's own, by held-out clips and by others.

    python benchmarks/t2g_few_clips.py [--out t2g_few_clips.json]

Clips of one speaker of a simulated world, as they are and in a style that the shipped T2G never saw, are cut to so many
minutes. `training.few_clips` chooses as `train` does; likeness, distance and jerk are measured on held-out texts
afterwards. It asserts that what was chosen loses no more than the shipped one on clips held out, and that it is
no rougher.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from common import arguments, at_most, finish
from t2g_minutes import clips_of_one_speaker, sampled

from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import TEST, World
from fmri2ges.evaluation.fgd import frechet_distance
from fmri2ges.evaluation.gesture import features, on_body, roughness, weighted_r
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.motion.amount import T2GPlan
from fmri2ges.motion.features import from_bones, normalise, to_bones
from fmri2ges.storage.encoder import load_encoder
from fmri2ges.storage.models import read_generator
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training import few_clips
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.presets import preset_config

MINUTES = (1.0, 3.2, 6.0)


def styled(bones: np.ndarray, style: str) -> np.ndarray:
    """Bones (n_frames, 27) as they are, or of somebody who leans, keeps the arms apart and moves them less."""
    if style == "known":
        return bones
    middle = bones.mean(0)
    turn = np.random.default_rng(11).normal(0, 0.15, bones.shape[1])
    return normalise(middle + turn + 0.7 * (bones - middle))


def compared(made: list[np.ndarray], real: list[np.ndarray], encoder) -> dict[str, float]:
    """Likeness, distance and jerk (m/s^3) of motion of the held-out texts."""
    real = [r[: len(m)] for r, m in zip(real, made, strict=True)]
    bodies = [(on_body(from_bones(r)), on_body(from_bones(m))) for r, m in zip(real, made, strict=True)]
    r = float(np.mean([weighted_r(features(a), features(b)) for a, b in bodies]))
    sets = [np.concatenate([encoder(cut_windows(x)) for x in motions]) for motions in (real, made)]
    return {"r": r, "fgd": frechet_distance(*sets), "jerk": float(np.mean([roughness(b, 3) for _, b in bodies]))}


def main() -> None:
    parser = arguments(__doc__, "t2g_few_clips")
    parser.add_argument("--minutes", type=float, nargs="*", default=MINUTES)
    parser.add_argument("--styles", nargs="*", default=("known", "new"))
    args = parser.parse_args()
    world, vectors, encoder, config = World(5), load_vectors(), load_encoder(), preset_config("demo")
    shipped = replace(read_generator(WEIGHTS / "t2g.safetensors", "cpu"), guidance=config.t2g_guidance)
    rows, claims = [], []
    for style in args.styles:
        real = [styled(to_bones(world.truth(story).positions), style) for story in TEST]
        before = compared(sampled(shipped, world, vectors), real, encoder)
        rows.append({"style": style, "what": "shipped", **before})
        print(rows[-1], flush=True)
        for minutes in args.minutes:
            begun = time.time()
            clips = [replace(c, bones=styled(c.bones, style)) for c in clips_of_one_speaker(world, minutes)]
            plan = T2GPlan.of(("0", len(c.bones) / 15) for c in clips)
            few = few_clips.FewClips.of(clips, plan, shipped, vectors, config)
            t2g, choice = few_clips.choose_t2g(few, plan, Keeper(np.random.default_rng(0)), "cpu")
            after = compared(sampled(t2g, world, vectors), real, encoder)
            seconds = round(time.time() - begun)
            rows.append({"style": style, "minutes": minutes, **choice.entries(), **after, "seconds": seconds})
            print(rows[-1], flush=True)
            losses = {c.learnt_from: c.loss for c in choice.candidates}
            name = f"{style} style, {minutes:g} min"
            first = next(iter(losses.values()))
            claims.append(at_most(f"{name}: loss of the chosen, to shipped", losses[choice.learnt_from] / first, 1.0))
            claims.append(at_most(f"{name}: jerk of the chosen, to shipped", after["jerk"] / before["jerk"], 1.05))
    finish(args.out, {"rows": rows}, claims)


if __name__ == "__main__":
    main()
