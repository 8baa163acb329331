"""Words from a listener with little data, with and without the help of reference listeners.

    python benchmarks/cross_subject.py --out cross_subject.json                 about 20 min of one core
    python benchmarks/cross_subject.py --new 1 --stories 2 --rows own aligned

A simulated study of three listeners. Two are references and heard every training story; of the new one only N training
stories are used. Rows, each decoded with the bigram LM on validation and test stories that no model has seen:

    own         encoding model, noise and word rate of the new listener's N stories
    own+        the same, with the word rate and the calibration that `aligned` has: what is left to `aligned` is the words
    aligned     words and word rate through the alignment on the N stories
    wrong       as `aligned`, but fitted on pairs of different stories: chance
    all         `own` on every training story: what much data of one's own gives
    noise       `aligned` with the largest N reads phase-randomised BOLD: chance
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from fmri2ges.brain.atlas import load_atlas  # noqa: E402
from fmri2ges.brain.lanczos import lanczos_matrix  # noqa: E402
from fmri2ges.brain.parcels import fit_atlas_basis  # noqa: E402
from fmri2ges.data.atomic import write_json  # noqa: E402
from fmri2ges.data.study import load_study  # noqa: E402
from fmri2ges.demo.study import simulate_study  # noqa: E402
from fmri2ges.evaluation.bold_nulls import phase_randomised  # noqa: E402
from fmri2ges.evaluation.intervals import bootstrap_mean  # noqa: E402
from fmri2ges.evaluation.measure import pool  # noqa: E402
from fmri2ges.evaluation.text import against_transcript  # noqa: E402
from fmri2ges.models.alignment import Reference, aligned_decoder, aligned_rate, fit_alignment, likelihood_scale  # noqa: E402
from fmri2ges.models.bayes import HeardStory, fit_bayes  # noqa: E402
from fmri2ges.models.encoding import StoryVoxels, fit_encoding  # noqa: E402
from fmri2ges.models.noise import left_out_residuals  # noqa: E402
from fmri2ges.models.word_rate import fit_word_rate  # noqa: E402
from fmri2ges.provenance import versions  # noqa: E402
from fmri2ges.text.embeddings import load_vectors  # noqa: E402
from fmri2ges.text.lm import BigramLM  # noqa: E402
from fmri2ges.text.ngram import Bigram  # noqa: E402
from fmri2ges.text.open_lm import BIGRAM, LmChoice  # noqa: E402
from fmri2ges.text.timing import word_counts  # noqa: E402

ROWS = ("own", "own+", "aligned", "wrong")
METRICS = ("text identification rank", "word-vector likeness")
AUDITORY = ("AC", "STG")  # the word rate is read here
N_BLOCKS = 4  # a single story is cut into these for the listener's own decoder


class Listener:
    """Parcel components of one listener, z-scored within each story."""

    def __init__(self, study, subject: str):
        self.stories = {r.story: study.read_recording(r) for r in study.recordings if r.subject == subject}
        self.basis = fit_atlas_basis([self.stories[s].bold for s in study.train_stories])
        self.bold = {name: self.basis.transform(r.bold) for name, r in self.stories.items()}
        self.times = {name: r.volume_times for name, r in self.stories.items()}
        self.words = {name: r.words for name, r in self.stories.items()}
        self.tr = next(iter(self.stories.values())).tr
        self.stories = None  # 20,484 vertices of 34 stories are not needed any more
        areas = load_atlas().expand(AUDITORY)
        chosen = [k for k, name in enumerate(self.basis.names) if name in areas]
        self.auditory = np.flatnonzero(np.isin(self.basis.parcel, chosen))

    def heard(self, names) -> list[HeardStory]:
        return [HeardStory(self.bold[s], self.times[s], self.words[s]) for s in names]

    def sound(self, names) -> list[np.ndarray]:
        return [self.bold[s][:, self.auditory] for s in names]


def in_blocks(story: HeardStory, tr: float) -> list[HeardStory]:
    """One story as several, so that a decoder can be fitted on it alone."""
    out = []
    for rows in np.array_split(np.arange(len(story.bold)), N_BLOCKS):
        times = story.volume_times[rows]
        out.append(HeardStory(story.bold[rows], times, story.words.slice(times[0] - tr / 2, times[-1] + tr / 2)))
    return out


@dataclass
class Decoding:
    """A words decoder, and word rates of a story's components."""

    words: object
    rate: object


class Bench:
    """The study, its language model and the models of the reference listeners."""

    def __init__(self, path: Path, new: int):
        study = load_study(path)
        self.train = list(np.random.default_rng(5).permutation(study.train_stories))  # N stories = the first N
        self.held_out = {"validation": study.split.validation_stories, "test": study.split.test_stories}
        self.listeners = [Listener(study, s) for s in study.subjects]
        self.new = self.listeners.pop(new)
        self.vectors = load_vectors()
        self.lm = BigramLM(Bigram.fit([self.new.words[s].text for s in self.train]), self.vectors)
        self.choice = LmChoice(BIGRAM)
        self.models = [self.encoding(reference) for reference in self.listeners]
        self.expected = np.concatenate([self.lm.story_features(self.new.words[s].text) for s in self.train]).mean(0)
        self.rates = [self.own_rate(reference.heard(self.train), reference) for reference in self.listeners]

    def encoding(self, listener: Listener):
        heard = listener.heard(self.train)
        return fit_encoding([self.features(s) for s in heard], StoryVoxels([s.bold for s in heard]), device="cpu")

    def own_rate(self, heard: list[HeardStory], listener: Listener):
        counts = [word_counts(s.words, s.volume_times, listener.tr) for s in heard]
        return fit_word_rate([s.bold[:, listener.auditory] for s in heard], counts)

    def own_stories(self, names) -> list[HeardStory]:
        heard = self.new.heard(names)
        return in_blocks(heard[0], self.new.tr) if len(heard) == 1 else heard

    def own(self, names) -> Decoding:
        heard = self.own_stories(names)
        rate = self.own_rate(heard, self.new)
        words = fit_bayes(heard, self.new.basis.parcel, self.lm, self.choice, device="cpu")
        return Decoding(words, lambda bold: rate.predict(bold[:, self.new.auditory]))

    def calibrated(self, names):
        """The listener's own words decoder, its predictions scaled as those of an aligned one are."""
        heard = self.own_stories(names)
        decoder = fit_bayes(heard, self.new.basis.parcel, self.lm, self.choice, device="cpu")
        model = decoder.model
        design = np.concatenate([model.design(self.features(s)) for s in heard])
        bold = np.concatenate([s.bold[:, decoder.columns] for s in heard])
        lengths = [len(s.bold) for s in heard]
        scale = likelihood_scale(bold - left_out_residuals(design, bold, lengths, model.penalty), bold, lengths)
        return replace(decoder, model=replace(model, weights=np.float32(scale) * model.weights))

    def features(self, story: HeardStory) -> np.ndarray:
        middle = story.words.start + story.words.duration / 2
        return (lanczos_matrix(middle, story.volume_times) @ self.lm.story_features(story.words.text)).astype(np.float32)

    def aligned(self, names, of_references=None) -> Decoding:
        """`of_references`: other stories that the references' BOLD comes from, for the null."""
        theirs = of_references or names
        references = [
            Reference(m, self.expected, [r.bold[s] for s in theirs], [r.times[s] for s in theirs])
            for m, r in zip(self.models, self.listeners)
        ]
        words = aligned_decoder(references, self.new.heard(names), self.new.basis.parcel, self.lm, self.choice)
        maps = [fit_alignment(self.new.sound(names), r.sound(theirs)) for r in self.listeners]
        return Decoding(words, lambda bold: aligned_rate(self.rates, maps, bold[:, self.new.auditory]))

    def row(self, name: str, n: int) -> Decoding:
        names = self.train[:n]
        if name == "own":
            return self.own(names)
        if name == "own+":
            return Decoding(self.calibrated(names), self.aligned(names).rate)
        return self.aligned(names, self.train[1 : n + 1] if name == "wrong" else None)  # each with the next story

    def score(self, decoding: Decoding, change=lambda bold, story: bold) -> dict:
        """Scores of every held-out story, pooled over validation and test."""
        out, parcels, rate_r = {}, np.unique(self.new.basis.parcel), []
        for split, stories in self.held_out.items():
            found = defaultdict(list)
            for s in stories:
                bold, times, words = change(self.new.bold[s], s), self.new.times[s], self.new.words[s]
                rate = decoding.rate(bold)
                rate_r.append(np.corrcoef(rate, word_counts(words, times, self.new.tr))[0, 1] if np.ptp(rate) > 0 else 0.0)
                (best, _), *_ = decoding.words.decode(bold, parcels, rate, times, self.new.tr, self.lm)
                stop = times[-1] + self.new.tr / 2
                for m in against_transcript(words, best, times[0] - self.new.tr / 2, stop, self.vectors.matrix):
                    found[m.metric].append(m)
            rows = {k: pool(v, np.random.default_rng(0)) for k, v in found.items()}
            out[split] = {
                k: {"value": r["value"], "ci": r["ci"], "null": r["null"], "stories": [m.value for m in found[k]]}
                for k, r in rows.items()
            }
        return {**out, "word-rate r": float(np.mean(rate_r))}


def run(args, path: Path) -> dict:
    result = json.loads(args.out.read_text()) if args.out.is_file() else {"rows": {}}
    started = time.perf_counter()
    bench = Bench(path, args.new - 1)
    say(f"reference listeners: {time.perf_counter() - started:.0f} s")
    jobs = {f"{row}, {n}": (lambda row=row, n=n: bench.row(row, n)) for n in args.stories for row in args.rows}
    jobs = {**jobs, **({} if args.brief else {"all": lambda: bench.own(bench.train)})}
    rng = np.random.default_rng(1)
    noise = {f"noise, {max(args.stories)}": lambda: bench.aligned(bench.train[: max(args.stories)])}
    for name, make in {**jobs, **({} if args.brief else noise)}.items():
        if name in result["rows"]:
            continue
        started = time.process_time()
        change = (lambda bold, story: phase_randomised(bold, rng)) if name.startswith("noise") else lambda bold, story: bold
        decoding = make()
        fitted = time.process_time() - started
        result["rows"][name] = {**bench.score(decoding, change), "fit_cpu_seconds": round(fitted, 1)}
        say(line(name, result["rows"][name]))
        result |= {"new": args.new, "seed": args.seed, "lm": bench.lm.name, "cores": os.cpu_count()}
        write_json(args.out, {**result, "machine": platform.machine(), "versions": versions(), "simulated": True})
    return result


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def line(name: str, row: dict) -> str:
    """A line of the table, Markdown: each score with the 95 % point of its shift null and p."""
    cells = []
    for split in ("validation", "test"):
        for metric in METRICS:
            m = row[split][metric]
            cells.append(f"{m['value']:.3f} ({m['null']['q95']:.3f}, p {m['null']['p']:.3f})")
    return f"| {name} | " + " | ".join(cells) + f" | {row['word-rate r']:.2f} |"


def differences(rows: dict) -> list[str]:
    """Aligned minus own over the ten held-out stories."""
    out = []
    for name in rows:
        n = name.removeprefix("aligned, ")
        if n == name or f"own, {n}" not in rows:
            continue
        for metric in METRICS:
            a, b = (
                np.concatenate([rows[f"{r}, {n}"][s][metric]["stories"] for s in ("validation", "test")])
                for r in ("aligned", "own")
            )
            ci = bootstrap_mean(a - b, np.random.default_rng(0))
            out.append(f"- {n} stories, {metric}: {np.mean(a - b):+.3f} [{ci.low:+.3f}, {ci.high:+.3f}]")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON with every number; rows that it holds are not made again")
    parser.add_argument("--study", type=Path, help="study.toml of a simulated study with three listeners; by default it is made")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--new", type=int, default=3, help="the new listener, 1 to 3")
    parser.add_argument("--stories", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--brief", action="store_true", help="without `all` and `noise`")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.study or simulate_study(Path(folder) / "study", seed=args.seed, subjects=3)
        result = run(args, path)
    print(
        "| row, stories | rank, validation | likeness, validation | rank, test | likeness, test | word-rate r |\n|---|---|---|---|---|---|"
    )
    print("\n".join([*(line(k, v) for k, v in result["rows"].items()), "", *differences(result["rows"])]))


if __name__ == "__main__":
    main()
