"""What a listener with little data gains from reference listeners who heard the same stories (simulated).

    python benchmarks/cross_subject.py --out cross_subject.json          about 2 min of one core

World 0, three listeners, readout only (no texts, no gestures are generated). Two references heard all 24 training
stories; of the third one k are used, also for the parcel components. Rows, each on ten stories that no model has seen:

    own, k              readout of the k stories
    own, hindsight, k   the same with the penalty that is best on the held-out stories, for each kind of target
    aligned, k          the references' readouts through an alignment on the k stories; of one, and the mean of two
    wrong pairs, k      aligned on pairs of different stories: they have in common only what every story has
    shifted pairs, k    aligned with the reference's stories moved in a circle by half their length: nothing in common
    own, all            readout of all training stories

Targets per volume: word rate, mean word vector, its slow course (topic), and gesture: the motion code of two renditions
of the text by the simulator, in the place of T2G's.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from alignment import Reference, fit_alignment, predict_aligned
from common import Claim, arguments, at_least, at_most, finish

from fmri2ges.brain.parcels import fit_atlas_basis
from fmri2ges.data.bold.read import standardize
from fmri2ges.demo.bold import TR
from fmri2ges.demo.world import FIRST_VOLUME_AT, N_VOLUMES, TEST, TRAIN, VALIDATION, World
from fmri2ges.evaluation.intervals import bootstrap_mean
from fmri2ges.evaluation.measure import Measure, pool
from fmri2ges.evaluation.metrics import Metric
from fmri2ges.evaluation.nulls import allowed_shifts, correlation_at_shifts
from fmri2ges.models.f2t import Blocks, text_targets
from fmri2ges.models.readout import Readout, best_penalty, penalty_scores
from fmri2ges.motion.codec import fit_codec
from fmri2ges.motion.features import to_bones
from fmri2ges.storage.report import row_to_dict
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training.phase1 import gesture_bins, gesture_targets
from fmri2ges.training.presets import PRESETS

TIMES = FIRST_VOLUME_AT + TR * np.arange(N_VOLUMES)
HELD_OUT = (*VALIDATION, *TEST)  # nothing is chosen on them: penalties and gains come from the k stories
PRESET = PRESETS["demo"]
METRICS = {  # by the name of its columns in `Blocks`
    name: Metric(f"readout_{name}_r", label, n_unit="volumes")
    for name, label in (("rate", "word rate"), ("fast", "word vector"), ("slow", "topic"), ("gesture", "gesture"))
}


def all_targets(world: World) -> tuple[dict[str, np.ndarray], Blocks]:
    """Targets of every story, arrays (n_volumes, n_targets)."""
    vectors = load_vectors()
    words = {s: world.script(s).words for s in (*TRAIN, *HELD_OUT)}
    centre = np.concatenate([vectors.matrix(words[s].text) for s in TRAIN]).mean(0)
    bones = {s: [to_bones(world.truth(s, n).positions) for n in (0, 1)] for s in words}
    codec = fit_codec([b for s in TRAIN for b in bones[s]])
    out = {}
    for s, heard in words.items():
        text = text_targets(heard, vectors.matrix(heard.text) - centre, TIMES, TR)
        moves = gesture_targets(np.mean([codec.encode(b) for b in bones[s]], 0), N_VOLUMES, TR, gesture_bins(TR))
        out[s] = np.concatenate([text, moves], 1)
    return out, Blocks(vectors.dim, moves.shape[1])


def features(world: World, subject: str, stories, fitted_on) -> dict[str, np.ndarray]:
    """Parcel components of stories; the components come from `fitted_on` only."""
    bold = {s: standardize(world.bold(subject, s))[0] for s in stories}
    basis = fit_atlas_basis([bold[s] for s in fitted_on], PRESET.components)
    return {s: basis.transform(b) for s, b in bold.items()}


def fit_readout(x: dict, y: dict, stories, blocks: Blocks):
    """Readout of one listener and its solution for all parcels; the penalty is chosen on left-out `stories`."""
    own, targets = [x[s] for s in stories], np.concatenate([y[s] for s in stories])
    parts = [getattr(blocks, m) for m in METRICS]
    readout = Readout(own, targets, best_penalty([penalty_scores(own, targets, parts, PRESET.penalties)]))
    return readout, readout.solve(np.arange(own[0].shape[1]))


def score(predicted: list[np.ndarray], y: dict, blocks: Blocks, rng) -> dict:
    """Correlation of each kind of target on the held-out stories, its interval over stories and its shift null."""
    shifts = np.append(0, allowed_shifts(N_VOLUMES, 1 / TR))
    found: dict[str, list[Measure]] = {m: [] for m in METRICS}
    for s, prediction in zip(HELD_OUT, predicted, strict=True):
        for m, parts in found.items():
            part = getattr(blocks, m)
            r = correlation_at_shifts(y[s][:, part], prediction[:, part].astype(float), shifts)
            parts.append(Measure(METRICS[m], "text", float(r[0]), shifted=r[1:]))
    return {m: {**row_to_dict(pool(parts, rng)), "per_story": [p.value for p in parts]} for m, parts in found.items()}


def predictions(
    features: list[np.ndarray], targets: np.ndarray, penalty: float, held: list[np.ndarray]
) -> list[np.ndarray]:
    """What a readout with this penalty reads from the held-out stories."""
    readout = Readout(features, targets, penalty)
    solution = readout.solve(np.arange(features[0].shape[1]))
    return [readout.predict(solution, f) for f in held]


def rows_of(k: int, x: dict, y: dict, blocks: Blocks, shared: list[str], references: list, rng) -> dict[str, dict]:
    """Rows of one number of shared stories; `references` are pairs of features and a fitted readout."""
    own, _ = fit_readout(x, y, shared, blocks)
    held = [x[s] for s in HELD_OUT]
    by_penalty = {p: predictions([x[s] for s in shared], own.targets, p, held) for p in PRESET.penalties}

    def aligned(theirs):
        mine = [x[s] for s in shared]
        return [Reference(fit_alignment(mine, theirs(features)), *fitted) for features, fitted in references]

    used = {
        "aligned with two": aligned(lambda f: [f[s] for s in shared]),
        "wrong pairs": aligned(lambda f: [f[s] for s in shared[1:] + shared[:1]]),
        "shifted pairs": aligned(lambda f: [np.roll(f[s], N_VOLUMES // 2, axis=0) for s in shared]),
    }
    hindsight = [score(p, y, blocks, rng) for p in by_penalty.values()]
    found = {
        "own": score(by_penalty[own.penalty], y, blocks, rng),
        "own, hindsight": {m: max((h[m] for h in hindsight), key=lambda row: row["value"]) for m in METRICS},
        "aligned with one": score([predict_aligned(used["aligned with two"][:1], f) for f in held], y, blocks, rng),
    }
    for name, through in used.items():
        maps = [r.alignment for r in through]
        found[name] = score([predict_aligned(through, f) for f in held], y, blocks, rng)
        found[name]["alignments"] = [{"penalty": a.penalty, "gain": a.gain, "r": a.r} for a in maps]
    return {f"{name}, {k}": row for name, row in found.items()}


def run(seed: int, shared_counts: list[int]) -> dict[str, dict]:
    world, rng = World(seed, subjects=3), np.random.default_rng(seed)
    *helpers, new = world.subject_names
    y, blocks = all_targets(world)
    order = [str(s) for s in rng.permutation(TRAIN)]  # k stories are the first k
    references = []
    for subject in helpers:
        x = features(world, subject, TRAIN, TRAIN)
        references.append((x, fit_readout(x, y, TRAIN, blocks)))
        say(f"{subject}: readout fitted")
    rows = {}
    for k in shared_counts:
        shared = order[:k]
        x = features(world, new, (*shared, *HELD_OUT), shared)
        found = rows_of(k, x, y, blocks, shared, references, rng)
        say("\n".join(table(found)))
        rows |= found
    x = features(world, new, (*TRAIN, *HELD_OUT), TRAIN)
    readout, solution = fit_readout(x, y, TRAIN, blocks)
    rows["own, all"] = score([readout.predict(solution, x[s]) for s in HELD_OUT], y, blocks, rng)
    return rows


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def table(rows: dict[str, dict]) -> list[str]:
    """Markdown: each correlation with the 95 % point of its shift null; a star where p <= .01."""
    lines = [
        "| row, stories | " + " | ".join(m.label for m in METRICS.values()) + " |",
        "|---" * (1 + len(METRICS)) + "|",
    ]
    for name, row in rows.items():
        cells = [
            f"{row[m]['value']:.3f} [{row[m]['null']['q95']:.3f}]" + ("*" if row[m]["null"]["p"] <= 0.01 else "")
            for m in METRICS
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def differences(rows: dict[str, dict], shared_counts: list[int]) -> list[str]:
    """Paired over the held-out stories, with an interval over them."""
    lines = []
    for k in shared_counts:
        for other in (f"own, {k}", f"own, hindsight, {k}", "own, all"):
            cells = []
            for m, metric in METRICS.items():
                d = np.subtract(rows[f"aligned with two, {k}"][m]["per_story"], rows[other][m]["per_story"])
                ci = bootstrap_mean(d, np.random.default_rng(0))
                cells.append(f"{metric.label} {d.mean():+.3f} [{ci.low:+.3f}, {ci.high:+.3f}]")
            lines.append(f"- aligned with two, {k}, minus {other}: " + "; ".join(cells))
    return lines


def claims(rows: dict[str, dict], shared_counts: list[int]) -> list[Claim]:
    """Alignment helps the topic, and pairs of different stories do not."""
    found = []
    for k in shared_counts:
        own, aligned, wrong = (
            rows[f"{name}, {k}"]["slow"]["value"] for name in ("own", "aligned with two", "wrong pairs")
        )
        found.append(at_least(f"topic, {k} stories: r aligned with two, to own", aligned / own, 1))
        found.append(at_most(f"topic, {k} stories: r of wrong pairs, to aligned with two", wrong / aligned, 0.5))
    return found


def main() -> None:
    parser = arguments(__doc__, "cross_subject")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stories", type=int, nargs="+", default=[2, 4, 8], help="shared stories, 2 or more")
    args = parser.parse_args()
    rows = run(args.seed, args.stories)
    print("\n".join([*table(rows), "", *differences(rows, args.stories), "", f"{time.process_time():.0f} CPU seconds"]))
    figures = {"simulated": True, "seed": args.seed, "rows": rows, "cpu_seconds": round(time.process_time(), 1)}
    finish(args.out, figures, claims(rows, args.stories))


if __name__ == "__main__":
    main()
