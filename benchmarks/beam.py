"""Decode 60 s of BOLD by beam search with a causal language model.

    python benchmarks/beam.py --out beam.json
    python benchmarks/beam.py --lm FOLDER --width 200 --layer 8

BOLD comes from a text of the language model through random encoding weights, with noise; about 130 words.
Baseline in the same run: the same candidates at the last words of the text, each context recomputed in
one pass per candidate, without key-value cache. Time of each part is that of one process, which takes
the cores that other programs leave free; OMP_NUM_THREADS sets the most.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
from common import arguments, at_least, finish

from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.models.beam import decode_beam, sample_prior
from fmri2ges.models.encoding import EncodingModel
from fmri2ges.models.likelihood import Evidence, Likelihood
from fmri2ges.models.noise import NoiseModel
from fmri2ges.text.causal_lm import CausalLM
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.text.lm_cache import find_lm
from fmri2ges.text.timing import spread_words
from fmri2ges.threads import usable_cores

TR = 2.0


class Clock:
    """Seconds spent in some methods of an object, and how often."""

    def __init__(self):
        self.seconds, self.rows = defaultdict(float), defaultdict(int)

    def watch(self, owner, name: str, count=lambda *a: 0) -> None:
        inner = getattr(owner, name)

        def timed(*args, **kwargs):
            started = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - started
                self.rows[name] += count(*args)

        setattr(owner, name, timed)


def simulate(lm, text, volumes, middle, n_voxels, rng):
    """BOLD of a text through random weights, half of its variance noise."""
    n_volumes = len(volumes)
    resampled = lanczos_matrix(middle, volumes) @ lm.story_features(text)
    weights = rng.normal(size=(4 * lm.n_features, n_voxels)).astype(np.float32) / np.sqrt(4 * lm.n_features)
    ones = np.ones(n_voxels, np.float32)
    model = EncodingModel(resampled.mean(0), resampled.std(0) + 1e-3, weights, ones, ones)
    signal = model.predict(resampled)
    bold = signal + signal.std() * rng.normal(size=(n_volumes, n_voxels))
    return model, NoiseModel(np.eye(n_voxels, dtype=np.float32) * float(signal.var()), 1000.0), bold


def without_cache(lm, text, parents: int = 2) -> float:
    """Seconds per candidate when its context is recomputed."""
    k = len(text) - 1
    ids = [lm.start_token] + [t for w in text[lm._begin(k) : k] for t in lm.tokens.of(w)]
    batch = np.array([ids + [int(t)] for t in lm._word_token[: 10 * parents]])
    started = time.perf_counter()
    lm.engine.hidden(batch)
    return (time.perf_counter() - started) / len(batch)


def main() -> None:
    parser = arguments(__doc__, "beam")
    parser.add_argument("--lm", default="smollm2")
    parser.add_argument("--layer", type=int)
    parser.add_argument("--context", type=int, default=16)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--words", type=int, default=3000, help="size of the vocabulary")
    parser.add_argument("--voxels", type=int, default=1000)
    parser.add_argument("--int8", action="store_true", help="8-bit linear layers")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    common = [
        w
        for w in list(load_vectors().index)[:20_000]
        if w.isalpha() and len(w) > 2 or w in ("a", "i", "to", "of", "in", "it", "he")
    ]
    started = time.perf_counter()
    lm = CausalLM.load(find_lm(args.lm), common[: args.words], layer=args.layer, context=args.context, int8=args.int8)
    seconds = {"load the model": round(time.perf_counter() - started, 2)}
    volumes = TR / 2 + TR * np.arange(int(args.seconds / TR) + 4)
    _, start, duration = spread_words(np.where(volumes < args.seconds, 2.2 * TR, 0.0), volumes, TR)
    n = len(start)
    (text,) = sample_prior(lm, start, duration, 1, rng)
    model, noise, bold = simulate(lm, text.text, volumes, start + duration / 2, args.voxels, rng)
    likelihood = Likelihood(Evidence(model, noise, dtype=np.float32), bold, volumes, start + duration / 2)
    lm._remembered.clear()  # as if the story were new

    clock = Clock()
    clock.watch(lm, "features", lambda contexts, rows, words: len(rows))
    clock.watch(lm, "extend", lambda contexts, rows, words: len(rows))
    clock.watch(lm, "next_words")
    clock.watch(likelihood, "step")
    started, used = time.perf_counter(), time.process_time()
    (best, _), *_ = decode_beam(likelihood, lm, start, duration, width=args.width)
    seconds["decode"] = round(time.perf_counter() - started, 2)
    seconds["decode, processor time"] = round(time.process_time() - used, 2)
    seconds.update({f"of which {k}": round(v, 2) for k, v in clock.seconds.items()})
    candidates = clock.rows["features"]
    seconds["baseline: candidates without a cache"] = round(without_cache(lm, best.text) * candidates, 1)
    result = {
        "seconds": seconds,
        "bold_seconds": args.seconds,
        "words": n,
        "width": args.width,
        "layer": lm.layer,
        "context": lm.context,
        "candidates_per_word": round(candidates / n, 1),
        "vocabulary": len(lm.vocabulary),
        "voxels": args.voxels,
        "words_recovered": round(float(np.mean([a == b for a, b in zip(best.text, text.text, strict=True)])), 3),
        "ratio of baseline to features": round(
            seconds["baseline: candidates without a cache"] / clock.seconds["features"], 1
        ),
        "lm": lm.name,
        "threads": usable_cores(),
    }
    for name, value in [*seconds.items(), *[(k, v) for k, v in result.items() if k != "seconds"]]:
        print(f"{value!s:>12}  {name}")
    ratio = result["ratio of baseline to features"]
    finish(args.out, {"figures": result}, [at_least("seconds of candidates without a cache, to with it", ratio, 1)])


if __name__ == "__main__":
    main()
