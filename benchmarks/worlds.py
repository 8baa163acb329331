"""The results table: every method on held-out stories of several simulated worlds, of both kinds.

    python benchmarks/worlds.py --kind demo --worlds 0 1 2 3 --out docs/results/worlds.json
    python benchmarks/worlds.py --kind varied --worlds 0 1 2 3 4 --out docs/results/worlds_varied.json
    python benchmarks/results.py

Each world is simulated and trained from its own number. Guidance, the one knob left open, is chosen on the validation
stories for each method, then frozen. Scores are taken on the test stories. Worlds that are already in --out are kept,
so an interrupted run goes on where it stopped. `--rows main` leaves out F2G trained in other ways; `--quick` only shows
that the script runs: its figures mean nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from common import Claim, arguments, at_least, at_most, finish, write
from kinds import KINDS, Kind
from results import GRID, MAX_FGD_RATIO, N_SHIFTS, ROWS, table

from fmri2ges.brain.hrf import delayed, fir_delays
from fmri2ges.data.bold.read import standardize
from fmri2ges.decoding.baselines import mean_pose, ridge_motion
from fmri2ges.decoding.run import open_run
from fmri2ges.evaluation.fgd import fgd, frechet_distance
from fmri2ges.evaluation.gesture import features, pair, roughness
from fmri2ges.evaluation.intervals import t_interval
from fmri2ges.evaluation.nulls import allowed_shifts, combine_stories, correlation_at_shifts, p_value
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.models.conditions import volume_track, word_track
from fmri2ges.models.denoiser import LATENT_FPS
from fmri2ges.models.encoding import StoryVoxels
from fmri2ges.models.expectation import Expectation
from fmri2ges.models.f2g import f2g_config, from_t2g
from fmri2ges.models.f2t import F2T
from fmri2ges.models.generator import GestureGenerator
from fmri2ges.models.ridge import fit_ridge
from fmri2ges.motion.features import from_bones, to_bones
from fmri2ges.storage.encoder import load_encoder
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.text.timing import word_counts
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
from fmri2ges.training.presets import PRESETS, TrainConfig
from fmri2ges.training.train import train_study
from fmri2ges.types import Motion, Recording

N_SAMPLES = 8
PENALTIES = tuple(float(p) for p in np.logspace(1, 6, 11))  # of the oracle
PARTS = 2  # means of the motion that the oracle learns for each volume


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    rows : 'all', or 'main' without F2G trained in other ways, or 'branches', these and what they are held against
    quick : a few steps on small studies, to see that everything runs
    """

    rows: str = "all"
    quick: bool = False

    @property
    def config(self) -> TrainConfig:
        """Settings of the training."""
        return replace(PRESETS["demo"], t2g_steps=10, f2g_steps=10) if self.quick else PRESETS["demo"]

    @property
    def grid(self) -> tuple[float, ...]:
        """Guidance to choose from."""
        return GRID[:1] if self.quick else GRID


class Bench:
    """One world: its study, its trained run, and the scores of motions against the truth."""

    def __init__(self, kind: Kind, seed: int, folder: Path, plan: Plan):
        self.kind, self.seed, self.plan, config = kind, seed, plan, plan.config
        study = kind.write(folder / "study")
        started = time.time()
        trained = train_study(study, folder / "run", config, seed=seed, device="cpu")
        self.run = open_run(trained, device="cpu")
        self.train_seconds = time.time() - started
        self.encoder, self.vectors = load_encoder(), load_vectors()
        self.truth = {s: kind.truth(s) for s in (*kind.test, *kind.validation)}
        self.rng = np.random.default_rng([seed, 11])
        self.clips = read_clips(self.run.study)
        self.real = [self.run.t2g.codec.encode(c.bones) for c in self.clips if c.speaker == 0]
        _, held = read_brains(self.run.study, config.components)
        self.stories = held
        f2t, basis = self.run.f2t(kind.subject, 0), self.run.basis(kind.subject)
        choices = random_choices(basis.parcel, self.stories[0].space.together, config.roi_choices, self.rng)
        self.tokens = roi_tracks(f2t, self.stories, choices, self.rng)

    def tracks(self, story: str, kind: str, rois=("all",), null: bool = False) -> list:
        """Conditions of the samples of a story: its words, words decoded in either way, or volume tokens."""
        recording = self.run.recording(self.kind.subject, story)
        if kind == "observed":
            return [word_track(recording.words, self.vectors.matrix(recording.words.text))] * N_SAMPLES
        if null:
            recording = replace(recording, bold=standardize(self.kind.null_bold(story))[0])
        columns = self.run.columns(rois, self.kind.subject)
        (reading,) = self.run.read(recording, columns)
        if kind == "volumes":
            return [volume_track(reading.tokens, reading.times, reading.f2t.readout.step)] * N_SAMPLES
        rng = np.random.default_rng([self.seed, 5])
        f2t = reading.f2t
        if kind != "texts":  # the text decoder of runs before word signatures (decision 19)
            f2t = F2T(f2t.readout, f2t.blocks, f2t.language, f2t.vectors, f2t.covariance)
        texts = f2t.decode_texts(
            reading.decoder, reading.prediction, reading.times, recording.tr, N_SAMPLES, rng, reading.rate
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

        bones = generator.sample_bones(tracks, 0.0, self.kind.seconds, 0, torch.Generator().manual_seed(self.seed))
        samples = from_bones(bones)
        return Motion(samples[0], samples=samples)

    def expected(self, generator: GestureGenerator, tracks: list) -> Motion:
        """Mean of very many samples, whose r compares with that of a regression."""
        return Motion(from_bones(Expectation(generator, 0).bones(tracks, 0.0, self.kind.seconds)))

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
        best, at = -np.inf, self.plan.grid[0]
        stories = self.kind.validation[:3]
        tracks = {s: self.tracks(s, kind)[:4] for s in stories}
        for guidance in self.plan.grid:
            motions = [self.sample(replace(generator, guidance=guidance, calibration=None), tracks[s]) for s in stories]
            score = np.mean([self.r(s, m, np.zeros(1, int))[1][0] for s, m in zip(stories, motions, strict=True)])
            if score > best and (guidance == self.plan.grid[0] or self.fgd(stories, motions)["fgd"] <= limit):
                best, at = score, guidance
        return at

    def score(self, motions: list[Motion]) -> dict:
        """Scores over the test stories with the shift null of r."""
        shifts = np.append(0, allowed_shifts(int(self.kind.seconds * 15), 15.0))
        ones, means = zip(*(self.r(s, m, shifts) for s, m in zip(self.kind.test, motions, strict=True)), strict=False)
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
            **self.fgd(self.kind.test, motions),
        }

    @cached_property
    def design(self) -> list[np.ndarray]:
        """FIR features of the training stories, arrays (n_volumes, n_delays * n_features)."""
        return [delayed(s.bold, fir_delays(s.tr)) for s in self.stories]

    def ridge(self, targets: list[np.ndarray]) -> Callable[[Recording], np.ndarray]:
        """Ridge from the features to arrays (n_volumes, n) of the training stories; predicts those of a recording."""
        mean = np.concatenate(targets).mean(0)
        wanted = StoryVoxels([(t - mean).astype(np.float32) for t in targets])
        design, n = np.concatenate(self.design).astype(np.float32), [len(t) for t in targets]
        weights = fit_ridge(design, wanted, n, PENALTIES, len(n)).weights
        return lambda r: mean + delayed(self.run.features(r), fir_delays(r.tr)) @ weights

    def oracle(self) -> list[Motion]:
        """Ridge from the same features to the true motion of the training stories: what nobody with real data has."""
        codec, targets = self.run.t2g.codec, []
        for s in self.stories:
            codes = codec.encode(to_bones(self.kind.truth(s.story).positions))
            edges = s.start + np.arange(len(s.bold) * PARTS + 1) * s.tr / PARTS
            rows = np.clip(np.round(edges * LATENT_FPS).astype(int), 0, len(codes) - 1)
            sums = np.concatenate([np.zeros((1, codes.shape[1])), codes.cumsum(0)])
            n = np.maximum(rows[1:] - rows[:-1], 1)[:, None]
            targets.append(((sums[rows[:-1] + n[:, 0]] - sums[rows[:-1]]) / n).reshape(len(s.bold), -1))
        predict, motions = self.ridge(targets), []
        for story in self.kind.test:
            r = self.run.recording(self.kind.subject, story)
            parts = predict(r).reshape(len(r.bold) * PARTS, -1)
            centres = r.start + (np.arange(len(parts)) + 0.5) * r.tr / PARTS
            n = int(self.kind.seconds * LATENT_FPS)
            codes = np.stack([np.interp(np.arange(n) / LATENT_FPS, centres, c) for c in parts.T], 1)
            motions.append(Motion(from_bones(codec.decode(codes, int(self.kind.seconds * 15)))))
        return motions

    def word_rates(self) -> dict[str, float]:
        """Mean r of decoded and heard words per volume: the product's, and of a ridge fitted on the true counts."""
        known = self.ridge([word_counts(s.words, s.volume_times, s.tr)[:, None] for s in self.stories])
        found = []
        for r in (self.run.recording(self.kind.subject, story) for story in self.kind.test):
            (reading,) = self.run.read(r, self.run.columns(("all",), self.kind.subject))
            rates = word_counts(r.words, r.volume_times, r.tr), reading.rate, known(r)[:, 0]
            found.append(np.corrcoef(rates)[0, 1:])
        return dict(zip(("product", "ridge on true counts"), np.mean(found, 0).tolist(), strict=True))


def variants(bench: Bench) -> dict[str, GestureGenerator]:
    """F2G trained in the other ways, with the budget of the main one."""
    run, config = bench.run, bench.plan.config
    rng, stories = bench.rng, bench.stories
    speakers = sorted(k % run.t2g.denoiser.config.n_speakers for k in (0, 0, 1, 2)[: config.renditions])
    gestures = pseudo_gestures(run.t2g, stories, bench.vectors, speakers, rng)
    f2t = run.f2t(bench.kind.subject, 0)
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


def run_world(kind: Kind, seed: int, plan: Plan) -> dict:
    """All rows of one world."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(kind, seed, Path(folder), plan)
        test, validation = kind.test, kind.validation
        say(seed, f"trained in {bench.train_seconds:.0f} s; {kind.laws()}")
        rows, guidance = {}, {}
        again = {s: kind.truth(s, rendition=1) for s in (*test, *validation)}
        limit = MAX_FGD_RATIO * bench.fgd(validation[:3], [again[s] for s in validation[:3]])["fgd"]

        def keep(row: str, motions: list[Motion]) -> None:
            rows[row] = bench.score(motions)
            say(seed, f"{row}: {rows[row]}")

        word_rate = bench.word_rates()
        say(seed, f"word rate: {word_rate}")
        keep("rerendition", [again[s] for s in test])
        keep("oracle", bench.oracle())
        keep("ridge", [ridge_motion(bench.run, kind.subject, s) for s in test])
        keep("mean", [mean_pose(bench.run, bench.truth[s]) for s in test])
        nets = {
            "t2g": (bench.run.t2g, "observed"),
            "text": (bench.run.t2g, "texts"),
            "direct": (bench.run.f2g(0), "volumes"),
        }
        if plan.rows == "all":
            nets |= {variant: (net, "volumes") for variant, net in variants(bench).items()}
        for row, (net, what) in nets.items():
            guidance[row] = bench.choose(net, what, limit)
            say(seed, f"{row}: guidance {guidance[row]}")
            raw = replace(net, guidance=guidance[row], calibration=None)
            nets[row] = bench.calibrated(raw, what), what
            keep(row, [bench.sample(nets[row][0], bench.tracks(s, what)) for s in test])
            if row in ("text", "direct"):
                keep(f"{row}-expected", [bench.expected(nets[row][0], bench.tracks(s, what)) for s in test])
            if row == "text" and plan.rows != "branches":
                keep("vectors", [bench.sample(nets[row][0], bench.tracks(s, "vectors")) for s in test])
            if row == "direct" and plan.rows == "all":
                keep("raw", [bench.sample(raw, bench.tracks(s, what)) for s in test])
        unplanted = kind.unplanted(bench.run)
        for branch in ("text", "direct") if plan.rows != "branches" else ():
            net, what = nets[branch]
            for row, options in ((f"null-{branch}", {"null": True}), (f"unplanted-{branch}", {"rois": unplanted})):
                keep(row, [bench.sample(net, bench.tracks(s, what, **options)) for s in test])
        return {
            "seed": seed,
            "laws": kind.laws(),
            "train_seconds": bench.train_seconds,
            "guidance": guidance,
            "rows": rows,
            "word_rate": word_rate,
            "encoder": bench.encoder.digest,
        }


def say(seed: int, message: str) -> None:
    print(f"[world {seed}] {message}", file=sys.stderr, flush=True)


def summarise(worlds: list[dict]) -> dict:
    """What docs/results.md shows: means over worlds, with intervals where there are several."""

    def interval(x: np.ndarray) -> list[float] | None:
        found = t_interval(x) if len(x) > 2 else None  # that of two worlds would be wider than r can be
        return None if found is None else [float(found.low), float(found.high)]

    def values(name: str, key: str) -> np.ndarray:
        return np.array([w["rows"][name][key] for w in worlds])

    rows = {}
    for name in (n for n in ROWS if all(n in w["rows"] for w in worlds)):
        means = {k: float(values(name, k).mean()) for k in ("r1", "r", "null95", "fgd", "fgd_extrapolated", "jerk")}
        rows[name] = means | {
            "ci": interval(values(name, "r")),
            "one_motion": worlds[0]["rows"][name]["r8"] is None,
            "significant": int((values(name, "p") <= 0.01).sum()),
        }
    pairs = {"direct-text": ("direct", "text"), "direct-hard": ("direct", "hard"), "dual-direct": ("dual", "direct")}
    differences = {n: values(a, "r") - values(b, "r") for n, (a, b) in pairs.items() if {a, b} <= rows.keys()}
    branches = [n for n in ("text", "text-expected", "direct", "direct-expected") if {n, "oracle"} <= rows.keys()]
    shares = {n: (values(n, "r") / values("oracle", "r")).tolist() for n in branches}
    return {
        "worlds": [w["seed"] for w in worlds],
        "laws": {str(w["seed"]): w.get("laws", {}) for w in worlds},
        "share_of_oracle": shares,
        "word_rate": {str(w["seed"]): w["word_rate"] for w in worlds if "word_rate" in w},
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
        if n in rows
    ]
    if "vectors" in rows:
        gain = rows["text"]["r"] / rows["vectors"]["r"]
        found.append(at_least("r of the text branch, evidence of word signatures to that of word vectors", gain, 1))
    if "oracle" in rows:
        found += [
            at_least(
                f"{ROWS[n]}: r to that of the paired oracle, means over worlds", rows[n]["r"] / rows["oracle"]["r"], x
            )
            for n, x in (("text", 0.75), ("direct", 1))
        ]
    if rates := list(summary["word_rate"].values()):
        product, known = (sum(rate[name] for rate in rates) for name in ("product", "ridge on true counts"))
        found.append(at_least("word rate r to that of a ridge fitted on the true counts, means", product / known, 0.9))
    ratio = max(summary["fgd_ratio"]["ridge"])
    return [
        *found,
        at_most(
            "FGD of the text branch to the direct branch's, means over worlds",
            rows["text"]["fgd"] / rows["direct"]["fgd"],
            1.2,
        ),
        at_most("FGD of the direct branch to ridge's, the largest of the worlds", ratio, 0.5),
    ]


def main() -> None:
    parser = arguments(__doc__, "worlds")
    parser.add_argument("--kind", choices=KINDS, default="demo", help="whose worlds; default demo")
    parser.add_argument("--worlds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--rows", choices=("all", "main"), default="all", help="main: without other ways of training")
    parser.add_argument("--quick", action="store_true", help="a few steps, main rows: only to see that it runs")
    args = parser.parse_args()
    plan = Plan("main" if args.quick else args.rows, args.quick)
    about = {"simulated": True, "kind": args.kind, "rows": plan.rows, "quick": plan.quick}
    done = json.loads(args.out.read_text(encoding="utf-8")).get("by_world", []) if args.out.is_file() else []
    for seed in args.worlds:
        if seed not in [w["seed"] for w in done]:
            done.append(run_world(KINDS[args.kind].make(seed, plan.quick), seed, plan))
            write(args.out, about | {"by_world": done})
    chosen = sorted((w for w in done if w["seed"] in args.worlds), key=lambda w: w["seed"])
    summary = summarise(chosen)
    print(table({args.kind: summary}))
    finish(args.out, about | {"by_world": done, "summary": summary}, () if plan.quick else claims(summary))


if __name__ == "__main__":
    main()
