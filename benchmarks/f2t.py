"""fMRI to text on the simulated study: both decoders, their nulls, and what more data or signal brings.

    python benchmarks/f2t.py --out f2t.json --figure f2t.svg

One world, held-out test stories. Each decoded text is held against texts of the language model alone
with the same word times. Rows: training stories, signal levels, null brain, ROIs without signal. `--null-decodings N`
adds N decodings of shifted, of phase-randomised and of swapped BOLD to each row, Bayesian form, at the same word times.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Claim, arguments, at_least, at_most, finish, write

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.parcels import fit_atlas_basis
from fmri2ges.brain.space import Cortex
from fmri2ges.data.bold.read import standardize
from fmri2ges.demo.bold import TR, UNPLANTED
from fmri2ges.demo.world import FIRST_VOLUME_AT, N_VOLUMES, SECONDS, TEST, TRAIN, World
from fmri2ges.evaluation.bold_nulls import phase_randomised, shifted_bold, swapped_bold
from fmri2ges.evaluation.metrics import GREEDY_MATCH, WORD_VECTORS
from fmri2ges.evaluation.nulls import p_value
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.evaluation.text import window_edges
from fmri2ges.evaluation.text_scores import (
    Bleu1,
    GreedyMatch,
    Likeness,
    Meteor,
    WordErrorRate,
    window_frequency_weights,
)
from fmri2ges.models.bayes import fit_bayes
from fmri2ges.models.beam import sample_prior
from fmri2ges.models.f2t import sample_prior_texts
from fmri2ges.models.readout import best_penalty
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.text.open_lm import BIGRAM, LmChoice, fastest_choice, open_lm
from fmri2ges.text.statistics import text_statistics
from fmri2ges.text.timing import word_counts
from fmri2ges.training.bayes import parcel_of_column
from fmri2ges.training.phase1 import f2t_problem, fit_f2t
from fmri2ges.training.presets import PRESETS
from fmri2ges.training.word_rate import Listener, fit_rates
from fmri2ges.types import Recording, Words

SUBJECT = "sub-01"
TIMES = FIRST_VOLUME_AT + TR * np.arange(N_VOLUMES)


@dataclass
class Condition:
    """One row: how much is trained on, how strong the signal is, and which ROIs are decoded."""

    name: str
    n_train: int = 24
    signal: float = 1.0
    null: bool = False
    rois: tuple[str, ...] = ("all",)

    @property
    def planted(self) -> bool:
        """Whether what is decoded from carries a signal."""
        return not self.null and self.rois == ("all",)


CONDITIONS = [
    *(Condition(f"{n} training stories", n) for n in (3, 12)),
    Condition("24 training stories"),
    Condition("half the signal", signal=0.5),
    Condition("twice the signal", signal=2.0),
    Condition("null brain", null=True),
    Condition("ROIs without signal", rois=UNPLANTED),
]


def read(world: World, story: str) -> np.ndarray:
    return standardize(world.bold(SUBJECT, story))[0]


def null_bold(
    data: np.ndarray, world: World, others: list[str], rng: np.random.Generator
) -> dict[NullKind, np.ndarray]:
    """BOLD that knows nothing of the story whose BOLD is `data`, by kind."""
    return {
        NullKind.SHIFTED_BOLD: shifted_bold(data, TR, rng)[0],
        NullKind.PHASE_RANDOMISED_BOLD: phase_randomised(data, rng),
        NullKind.SWAPPED_BOLD: swapped_bold(read(world, others[int(rng.integers(len(others)))]), len(data), rng),
    }


def run(c: Condition, seed: int, choice: LmChoice, n_null: int, n_test: int, n_decodings: int) -> dict:
    world = World(seed, null=c.null, signal=c.signal)
    train, test = TRAIN[: c.n_train], TEST[:n_test]
    vectors, rng = load_vectors(), np.random.default_rng(seed)
    bold = {s: read(world, s) for s in train}
    words = {s: world.script(s).words for s in (*train, *test)}
    basis = fit_atlas_basis(bold.values(), PRESETS["demo"].components)
    statistics = text_statistics([words[s].text for s in train], vectors)
    chosen = load_atlas().expand(c.rois)
    parcels = np.array([k for k, name in enumerate(basis.names) if name in chosen])

    stories = [Recording(SUBJECT, s, basis.transform(bold[s]), TR, float(TIMES[0]), words[s], Cortex()) for s in train]
    no_gesture = [np.zeros((1, int(SECONDS * 7.5), 0), np.float32)] * len(stories)
    problem = f2t_problem(stories, no_gesture, statistics, vectors, bins=1)
    rate = fit_rates({SUBJECT: Listener(0, stories, problem.rate_training)}, PRESETS["demo"].components)[SUBJECT]
    fast = fit_f2t(problem, statistics, best_penalty([problem.scores(PRESETS["demo"].penalties)]), rate)
    decoder = fast.decoder(np.flatnonzero(np.isin(basis.parcel, parcels)))

    lm = open_lm(choice, statistics.language, vectors)
    begun = time.process_time()
    heard = [Recording(SUBJECT, s, bold[s], TR, float(TIMES[0]), words[s], Cortex()) for s in train]
    bayes = fit_bayes(heard, parcel_of_column(basis, bold[train[0]].shape[1]), lm, choice, device="cpu")
    fitted = time.process_time() - begun

    language = statistics.language
    weights = window_frequency_weights(dict(zip(language.vocabulary, map(float, language.unigram), strict=True)))
    scores = (
        WordErrorRate(),
        Bleu1(),
        Meteor(),
        GreedyMatch("GloVe-50 idf", vectors.matrix, *weights),
        Likeness(vectors.matrix),
    )
    edges = window_edges(0, SECONDS)
    windows = np.stack([edges[:-1], edges[1:]], 1)
    value, null, rates, searched = {}, {}, [], []
    from_null: dict[NullKind, dict[str, np.ndarray]] = {}  # kind, score: array (n_decodings, n_stories)
    for story, s in enumerate(test):
        data = read(world, s)
        features = basis.transform(data)
        prediction = fast.readout.predict(decoder.solution, features)
        rate = fast.rate(decoder, prediction, features)
        rates.append(np.corrcoef(rate, word_counts(words[s], TIMES, TR))[0, 1])
        begun = time.process_time()
        texts = {
            "fast": fast.decode_texts(decoder, prediction, TIMES, TR, 1, rng, rate)[0],
            "bayes": bayes.search(data, parcels, rate, TIMES, TR, lm).best()[0][0],
        }
        searched.append(time.process_time() - begun)
        start, duration = texts["fast"].start, texts["fast"].duration
        priors = {
            "fast": [
                Words(tuple(language.vocabulary[i] for i in t), start, duration)
                for t in sample_prior_texts(language, len(start), n_null, rng)
            ],
            "bayes": sample_prior(lm, start, duration, n_null, rng),
        }
        for form in texts:
            for score in scores:
                key = form, score.metric.id
                value.setdefault(key, []).append(float(np.nanmean(score(words[s], texts[form], windows))))
                null.setdefault(key, []).append([float(np.nanmean(score(words[s], t, windows))) for t in priors[form]])
        for k in range(n_decodings):
            for kind, noise in null_bold(data, world, [t for t in TEST if t != s], rng).items():
                text = bayes.search(noise, parcels, rate, TIMES, TR, lm).best()[0][0]
                table = from_null.setdefault(kind, {})
                for score in scores:
                    found = table.setdefault(score.metric.id, np.zeros((n_decodings, len(test))))
                    found[k, story] = np.nanmean(score(words[s], text, windows))
    measured = {score.metric.id: score.metric for score in scores}
    rows: dict[str, dict[str, dict]] = {}
    for form, name in value:
        key, metric = (form, name), measured[name]
        mean, drawn = float(np.mean(value[key])), np.mean(null[key], 0)
        rows.setdefault(form, {})[name] = {
            "metric": metric.label,
            "value": mean,
            "per_story": value[key],
            "null_mean": float(drawn.mean()),
            "null_95": float(np.quantile(drawn, 0.95)),
            "p": p_value(mean, drawn, metric.better),
            "n_null": n_null,
        }
    for kind, table in from_null.items():
        for name, found in table.items():
            row, drawn = rows["bayes"][name], found.mean(1)
            p = p_value(row["value"], drawn, measured[name].better)
            row.setdefault("null_bold", {})[kind.label] = {"mean": float(drawn.mean()), "p": p, "n_null": n_decodings}
    return {
        "condition": c.name,
        "planted": c.planted,
        "n_train": c.n_train,
        "signal": c.signal,
        "rows": rows,
        "word_rate_r": float(np.mean(rates)),
        "cpu_seconds": {
            "fit of the Bayesian form": round(fitted, 1),
            "decoding of 300 s, both forms": round(float(np.mean(searched)), 1),
        },
    }


FORMS = {"fast": "#0072B2", "bayes": "#D55E00"}
LABELS = {WORD_VECTORS.id: "likeness", GREEDY_MATCH.id: "greedy word-vector match"}


def figure(results: list[dict], path: Path) -> None:
    """Text quality against training stories (left) and signal level (right).

    The band below is the language model alone: from the mean of its texts to their 95 % point.
    """
    import matplotlib.pyplot as plt

    planted = [r for r in results if r["planted"]]
    full = max(r["n_train"] for r in planted)
    panels = {
        "n_train": (
            "training stories of 5 min",
            sorted((r for r in planted if r["signal"] == 1.0), key=lambda r: r["n_train"]),
        ),
        "signal": (
            "signal (1: as in the demo)",
            sorted((r for r in planted if r["n_train"] == full), key=lambda r: r["signal"]),
        ),
    }
    fig, axes = plt.subplots(len(LABELS), 2, figsize=(7.1, 4.8), layout="constrained", sharex="col", sharey="row")
    for row, (metric, label) in zip(axes, LABELS.items(), strict=True):
        for ax, (key, (_, curve)) in zip(row, panels.items(), strict=True):
            x = [r[key] for r in curve]
            for form, colour in FORMS.items():
                scores = [r["rows"][form][metric] for r in curve]
                ax.plot(x, [s["value"] for s in scores], "o-", ms=4, color=colour, label=form)
                low, high = ([s[k] for s in scores] for k in ("null_mean", "null_95"))
                ax.fill_between(
                    x, low, high, color=colour, alpha=0.25, lw=0, label=f"{form}: language model alone, mean to 95 %"
                )
            ax.set_xticks(x)
            ax.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(label)
    for ax, (label, _) in zip(axes[-1], panels.values(), strict=True):
        ax.set_xlabel(label)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=7)
    fig.suptitle("fMRI to text, simulated data", fontsize=9)
    fig.savefig(path)


def claims(results: list[dict]) -> list[Claim]:
    """The topic is decoded where there is signal, and only there."""
    found = []
    for r in results:
        for form, rows in r["rows"].items():
            row = rows[WORD_VECTORS.id]
            text = f"{r['condition']}, {form}: likeness to the 95 % point of the language model alone"
            ratio = row["value"] / row["null_95"]
            found.append(at_least(text, ratio, 1) if r["planted"] else at_most(text, ratio, 1))
    return found


def main() -> None:
    parser = arguments(__doc__, "f2t")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lm", default=BIGRAM)
    parser.add_argument("--lm-layer", type=int)
    parser.add_argument("--rows", nargs="*", choices=[c.name for c in CONDITIONS], help="only these rows")
    parser.add_argument("--nulls", type=int, default=200)
    parser.add_argument("--stories", type=int, default=6, help="test stories")
    parser.add_argument("--null-decodings", type=int, default=0, help="decodings of each kind of null BOLD")
    args = parser.parse_args()
    results = []
    choice = fastest_choice(args.lm, args.lm_layer, LmChoice.context, "cpu")
    for c in CONDITIONS:
        if args.rows and c.name not in args.rows:
            continue
        results.append(run(c, args.seed, choice, args.nulls, args.stories, args.null_decodings))
        r = results[-1]
        print(f"{c.name}: word rate r {r['word_rate_r']:.2f}, CPU {r['cpu_seconds']}")
        for form, row in ((form, row) for form, rows in r["rows"].items() for row in rows.values()):
            name, null = f"{form}, {row['metric']}", f"null {row['null_mean']:.3f}, 95 % {row['null_95']:.3f}"
            print(f"    {name:<50} {row['value']:.3f}   {null}, p {row['p']:.4f}", flush=True)
            for kind, of_kind in row.get("null_bold", {}).items():
                print(f"        {kind:<46} null {of_kind['mean']:.3f}, p {of_kind['p']:.4f}", flush=True)
        figures = {"lm": args.lm, "seed": args.seed, "simulated": True, "results": results}
        write(args.out, figures)  # an interrupted run keeps its rows
    if args.figure:
        figure(results, args.figure)
    finish(args.out, figures, claims(results))


if __name__ == "__main__":
    main()
