"""The results table: every method on held-out stories of several simulated worlds.

    python benchmarks/worlds.py --worlds 0 1 2 3 --out docs/results/worlds.json && python benchmarks/results.py

Each world is simulated and trained from its own seed. Guidance, the one knob left open, is chosen
on the validation stories for each method, then frozen. Scores are taken on the six test stories.
Worlds that are already in --out are kept, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import Claim, arguments, at_least, at_most, finish, write
from results import GRID, MAX_FGD_RATIO, N_SHIFTS, ROWS, table

from fmri2ges.data.study.folds import training_folds
from fmri2ges.decoding.baselines import mean_pose, ridge_motion
from fmri2ges.decoding.run import open_run
from fmri2ges.demo.study import simulate_study
from fmri2ges.demo.world import TEST, VALIDATION, World
from fmri2ges.evaluation.fgd import fgd, frechet_distance
from fmri2ges.evaluation.gesture import features, pair, roughness
from fmri2ges.evaluation.intervals import t_interval
from fmri2ges.evaluation.nulls import allowed_shifts, combine_stories, correlation_at_shifts, p_value
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.models.conditions import volume_track, word_track
from fmri2ges.models.f2g import f2g_config, from_t2g
from fmri2ges.models.generator import GestureGenerator
from fmri2ges.motion.features import from_bones, to_bones
from fmri2ges.storage.encoder import load_encoder
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training.inputs import read_brains, read_clips
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.phase1 import calibrated_t2g, pseudo_gestures, seeded
from fmri2ges.training.phase2 import (
    AlignedStory,
    calibrated_f2g,
    decoded_tracks,
    random_choices,
    roi_tracks,
    train_f2g,
)
from fmri2ges.training.presets import PRESETS
from fmri2ges.training.train import train_study
from fmri2ges.types import Motion

SUBJECT = "sub-01"
N_SAMPLES, SECONDS = 8, 300.0
NULL_ROIS = ("Visual", "MT", "M1S1")


class Bench:
    """One world: its study, its trained run, and the scores of motions against the truth."""

    def __init__(self, seed: int, folder: Path):
        self.seed = seed
        study = simulate_study(folder / "study", seed=seed)
        started = time.time()
        self.run = open_run(train_study(study, folder / "run", seed=seed, device="cpu"), device="cpu")
        self.train_seconds = time.time() - started
        self.world, self.null = World(seed), World(seed, null=True)
        self.encoder, self.vectors = load_encoder(), load_vectors()
        self.truth = {s: self.world.truth(s) for s in (*TEST, *VALIDATION)}
        self.rng = np.random.default_rng([seed, 11])
        config = PRESETS["demo"]
        self.clips = read_clips(self.run.study)
        self.real = [self.run.t2g.codec.encode(c.bones) for c in self.clips if c.speaker == 0]
        _, held = read_brains(self.run.study, config.components)
        (self.stories,) = training_folds(self.run.study, held)
        f2t, basis = self.run.f2t(SUBJECT, 0), self.run.basis(SUBJECT)
        choices = random_choices(basis.parcel, self.stories[0].space.together, config.roi_choices, self.rng)
        self.tokens = roi_tracks(f2t, self.stories, choices, self.rng)

    def tracks(self, story: str, kind: str, rois=("all",), null: bool = False) -> list:
        """Conditions of the samples of a story: its words, decoded words or volume tokens."""
        recording = self.run.recording(SUBJECT, story)
        if kind == "observed":
            return [word_track(recording.words, self.vectors.matrix(recording.words.text))] * N_SAMPLES
        if null:
            from fmri2ges.data.bold.read import standardize

            recording = replace(recording, bold=standardize(self.null.bold(SUBJECT, story))[0])
        columns = self.run.columns(rois, SUBJECT)
        (reading,) = self.run.read(recording, columns)
        if kind == "volumes":
            return [volume_track(reading.tokens, reading.times, reading.f2t.readout.step)] * N_SAMPLES
        rng = np.random.default_rng([self.seed, 5])
        texts = reading.f2t.decode_texts(
            reading.decoder, reading.prediction, reading.times, recording.tr, N_SAMPLES, rng
        )
        return [word_track(w, self.vectors.matrix(w.text)) for w in texts]

    def calibrated(self, generator: GestureGenerator, kind: str) -> GestureGenerator:
        """The generator with its moments fitted, on training data, at its guidance."""
        import torch

        g = torch.Generator().manual_seed(self.seed)
        if kind == "volumes":
            return calibrated_f2g(generator, self.stories, self.tokens, self.real, 0, g)
        tracks = [word_track(c.words, self.vectors.matrix(c.words.text)) for c in self.clips]
        return calibrated_t2g(generator, self.clips, tracks, g)

    def sample(self, generator: GestureGenerator, tracks: list) -> Motion:
        import torch

        bones = generator.sample_bones(tracks, 0.0, SECONDS, 0, torch.Generator().manual_seed(self.seed))
        samples = from_bones(bones)
        return Motion(samples[0], samples=samples)

    def features(self, motions: list[np.ndarray]) -> np.ndarray:
        """FGD features of joint positions (n_frames, 10, 3), one array a story."""
        return np.concatenate([self.encoder(cut_windows(to_bones(m))) for m in motions])

    def fgd(self, stories, motions: list[Motion]) -> dict[str, float]:
        """Plain FGD on all windows, and extrapolated to infinitely many; the mean over samples."""
        real = self.features([self.truth[s].positions for s in stories])
        several = zip(*(m.samples if m.samples is not None else m.positions[None] for m in motions), strict=True)
        made = [self.features(sample) for sample in several]
        rng = np.random.default_rng([self.seed, 7])
        plain, limit = np.mean([(frechet_distance(real, x), fgd(real, x, rng)) for x in made], 0)
        return {"fgd": float(plain), "fgd_extrapolated": float(limit)}

    def r(self, story: str, motion: Motion, shifts) -> tuple[np.ndarray, np.ndarray]:
        """r of one sample (mean over samples) and of the mean of the samples, at each shift."""
        both = pair(self.truth[story], motion)
        true = features(both.reference)
        each = np.mean([correlation_at_shifts(true, features(s), shifts) for s in both.samples], 0)
        return each, correlation_at_shifts(true, features(both.mean), shifts)

    def choose(self, generator: GestureGenerator, kind: str, limit: float) -> float:
        """Guidance with the best r of the mean on validation stories, within the FGD limit, before calibration."""
        best, at = -np.inf, GRID[0]
        stories = VALIDATION[:3]
        tracks = {s: self.tracks(s, kind)[:4] for s in stories}
        for guidance in GRID:
            motions = [self.sample(replace(generator, guidance=guidance, calibration=None), tracks[s]) for s in stories]
            score = np.mean([self.r(s, m, np.zeros(1, int))[1][0] for s, m in zip(stories, motions, strict=True)])
            if score > best and (guidance == GRID[0] or self.fgd(stories, motions)["fgd"] <= limit):
                best, at = score, guidance
        return at

    def score(self, motions: list[Motion]) -> dict:
        """Scores over the test stories with the shift null of r."""
        shifts = np.append(0, allowed_shifts(int(SECONDS * 15), 15.0))
        ones, means = zip(*(self.r(s, m, shifts) for s, m in zip(TEST, motions, strict=True)), strict=False)
        null = combine_stories([m[1:] for m in means], np.random.default_rng([self.seed, 9]), N_SHIFTS)
        value = float(np.mean([m[0] for m in means]))
        several = motions[0].samples is not None
        firsts = [m.samples[0] if several else m.positions for m in motions]
        return {
            "jerk": float(np.mean([roughness(x, 3) for x in firsts])),
            "r1": float(np.mean([o[0] for o in ones])),
            "r8": value if several else None,
            "r": value,
            "null95": float(np.quantile(null, 0.95)),
            "p": p_value(value, null),
            **self.fgd(TEST, motions),
        }


def variants(bench: Bench) -> dict[str, GestureGenerator]:
    """F2G trained in the other ways, with the budget of the main one."""
    run, config = bench.run, PRESETS["demo"]
    rng, stories = bench.rng, bench.stories
    speakers = [0, 0, 1, 2][: config.renditions]
    gestures = pseudo_gestures(run.t2g, stories, bench.vectors, speakers, rng)
    f2t = run.f2t(SUBJECT, 0)
    decoded = decoded_tracks(f2t, stories, bench.vectors, config.n_texts, rng)
    aligned = [AlignedStory(*parts) for parts in zip(stories, gestures, bench.tokens, decoded, strict=True)]

    def train(**options) -> GestureGenerator:
        return train_f2g(run.t2g, aligned, speakers, bench.real, bench.vectors, replace(config, **options), Keeper(rng))

    untrained = seeded(lambda: from_t2g(run.t2g.denoiser, f2g_config(run.t2g.denoiser.config, f2t.blocks.width)), rng)
    return {
        "hard": train(loss="hard"),
        "decoded": train(teacher="decoded"),
        "dual": train(teacher="dual"),
        "none": GestureGenerator(untrained.eval(), run.t2g.codec, 1.0),
    }


def run_world(seed: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(seed, Path(folder))
        say(seed, f"trained in {bench.train_seconds:.0f} s")
        rows, guidance = {}, {}
        again = {s: bench.world.truth(s, rendition=1) for s in (*TEST, *VALIDATION)}
        limit = MAX_FGD_RATIO * bench.fgd(VALIDATION[:3], [again[s] for s in VALIDATION[:3]])["fgd"]
        rows["rerendition"] = bench.score([again[s] for s in TEST])
        nets = {
            "t2g": (bench.run.t2g, "observed"),
            "text": (bench.run.t2g, "texts"),
            "direct": (bench.run.f2g(0), "volumes"),
        }
        nets |= {name: (net, "volumes") for name, net in variants(bench).items()}
        for name, (net, kind) in nets.items():
            guidance[name] = bench.choose(net, kind, limit)
            raw = replace(net, guidance=guidance[name], calibration=None)
            nets[name] = bench.calibrated(raw, kind), kind
            rows[name] = bench.score([bench.sample(nets[name][0], bench.tracks(s, kind)) for s in TEST])
            say(seed, f"{name}: guidance {guidance[name]}, {rows[name]}")
            if name == "direct":
                rows["raw"] = bench.score([bench.sample(raw, bench.tracks(s, kind)) for s in TEST])
                say(seed, f"raw: {rows['raw']}")
        for name in ("text", "direct"):
            net, kind = nets[name]
            for row, options in ((f"null-{name}", {"null": True}), (f"unplanted-{name}", {"rois": NULL_ROIS})):
                rows[row] = bench.score([bench.sample(net, bench.tracks(s, kind, **options)) for s in TEST])
                say(seed, f"{row}: {rows[row]}")
        rows["ridge"] = bench.score([ridge_motion(bench.run, SUBJECT, s) for s in TEST])
        rows["mean"] = bench.score([mean_pose(bench.run, bench.truth[s]) for s in TEST])
        return {
            "seed": seed,
            "train_seconds": bench.train_seconds,
            "guidance": guidance,
            "rows": rows,
            "encoder": bench.encoder.digest,
        }


def say(seed: int, message: str) -> None:
    print(f"[world {seed}] {message}", file=sys.stderr, flush=True)


def summarise(worlds: list[dict]) -> dict:
    """What docs/results.md shows: means over worlds, with intervals where there are several."""

    def interval(x: np.ndarray) -> list[float] | None:
        found = t_interval(x)
        return None if found is None else [float(found.low), float(found.high)]

    def values(name: str, key: str) -> np.ndarray:
        return np.array([w["rows"][name][key] for w in worlds])

    rows = {}
    for name in ROWS:
        means = {k: float(values(name, k).mean()) for k in ("r1", "r", "null95", "fgd", "fgd_extrapolated", "jerk")}
        rows[name] = means | {
            "ci": interval(values(name, "r")),
            "one_motion": worlds[0]["rows"][name]["r8"] is None,
            "significant": int((values(name, "p") <= 0.01).sum()),
        }
    pairs = {"direct-text": ("direct", "text"), "direct-hard": ("direct", "hard"), "dual-direct": ("dual", "direct")}
    differences = {name: values(a, "r") - values(b, "r") for name, (a, b) in pairs.items()}
    return {
        "worlds": [w["seed"] for w in worlds],
        "encoder": worlds[0]["encoder"],
        "rows": rows,
        "differences": {name: {"mean": float(d.mean()), "ci": interval(d)} for name, d in differences.items()},
        "fgd_ratio": {n: (values("direct", "fgd") / values(n, "fgd")).tolist() for n in ("rerendition", "ridge")},
        "guidance": {str(w["seed"]): w["guidance"] for w in worlds},
    }


def claims(summary: dict) -> list[Claim]:
    """Both branches follow the truth, what knows nothing does not, and motion looks more real than ridge's."""
    rows = summary["rows"]
    found = [
        at_least(f"{ROWS[n]}: r to the 95 % point of its shift null", rows[n]["r"] / rows[n]["null95"], 3)
        for n in ("t2g", "text", "direct")
    ]
    found += [
        at_most(f"{ROWS[n]}: size of r to that of the text branch", abs(rows[n]["r"]) / rows["text"]["r"], 0.25)
        for n in ("none", "null-text", "null-direct", "unplanted-text", "unplanted-direct")
    ]
    ratio = max(summary["fgd_ratio"]["ridge"])
    return [*found, at_most("FGD of the direct branch to ridge's, the largest of the worlds", ratio, 0.5)]


def main() -> None:
    parser = arguments(__doc__, "worlds")
    parser.add_argument("--worlds", type=int, nargs="+", default=[0, 1, 2, 3])
    args = parser.parse_args()
    done = json.loads(args.out.read_text(encoding="utf-8")).get("by_world", []) if args.out.is_file() else []
    for seed in args.worlds:
        if seed not in [w["seed"] for w in done]:
            done.append(run_world(seed))
            write(args.out, {"simulated": True, "by_world": done})
    chosen = sorted((w for w in done if w["seed"] in args.worlds), key=lambda w: w["seed"])
    summary = summarise(chosen)
    print(table(summary))
    finish(args.out, {"simulated": True, "by_world": done, "summary": summary}, claims(summary))


if __name__ == "__main__":
    main()
