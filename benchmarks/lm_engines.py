"""The 8-bit language model of this project beside libraries, on the steps of a beam search.

    python benchmarks/lm_engines.py --out lm_engines.json
    python benchmarks/lm_engines.py --engines "torchao dynamic, compiled" --steps 4

A step is as in `beam.py`: 20 texts of 17 tokens and more, 6 candidates each to the middle block, and then 20 of the
candidates through all blocks. Texts are sampled from the model once; every engine replays the same ones. Engines
take turns, since other programs may want the same cores; figures are ratios to ours in the same run, of processor
time (median over repeats) and of the clock (least of all repeats). Needs torchao, onnxruntime and onnx, and llama_cpp
for the engines of these names; an engine whose package is missing is left out with one line.
"""

from __future__ import annotations

import copy
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import arguments, at_least, finish

from fmri2ges.text.causal_lm import _read
from fmri2ges.text.engine import Engine
from fmri2ges.text.llama_int8 import LlamaInt8
from fmri2ges.text.lm_cache import find_lm, packaged_gguf
from fmri2ges.threads import SpareCores

TEXTS, EACH, TOKENS = 20, 6, 17
OURS, EXACT = "ours", "transformers float32"


@dataclass(frozen=True)
class Step:
    """One step of a search.

    Parameters
    ----------
    ids, parents : arrays (TEXTS * EACH,), int; candidates and the texts that they continue
    chosen : array (TEXTS,), int, rising; the candidates that stay
    """

    ids: np.ndarray
    parents: np.ndarray
    chosen: np.ndarray


class Steady(SpareCores):
    """A fixed number of threads, whatever other programs do."""

    def __init__(self, n: int):
        super().__init__(most=n)

    def count(self) -> int:
        return self.most


class Packaged:
    """An engine of this project, with the methods of `lm_torch_engines`."""

    def __init__(self, engine, n_threads: int):
        engine._cores = Steady(n_threads)
        self.engine, self.start, self.hidden = engine, engine.run, engine.hidden
        self.candidates = engine.candidates

    def run(self, ids, past, parents):
        return self.engine.run(ids[:, None], past, parents)


def sampled_texts(engine, tokens: np.ndarray, rng, n_steps: int) -> tuple[np.ndarray, list[Step]]:
    """First tokens of some texts, array (TEXTS, TOKENS), and the steps after them, sampled from a model."""
    texts, past, steps = np.full((TEXTS, 1), tokens[0]), None, []
    past = engine.start(texts)
    while texts.shape[1] < TOKENS:
        p = past.scores.float().softmax(-1).numpy().astype(float)
        new = np.array([rng.choice(tokens, p=row / row.sum()) for row in p])
        past, texts = engine.run(new, past, np.arange(TEXTS)), np.column_stack([texts, new])
    parents = np.repeat(np.arange(TEXTS), EACH)
    for _ in range(n_steps):
        ids = tokens[past.scores.float().numpy().argsort(1)[:, -EACH:]].reshape(-1)
        chosen = np.sort(rng.choice(len(ids), TEXTS, replace=False))
        steps.append(Step(ids, parents, chosen))
        past = engine.run(ids[chosen], past, parents[chosen])
    return texts, steps


def replayed(engine, texts, steps) -> tuple[list[np.ndarray], float, float]:
    """Features of the candidates of every step, processor time and clock of all steps, in seconds."""
    past, found = engine.start(texts), []
    clock, used = time.perf_counter(), time.process_time()
    for s in steps:
        found.append(engine.candidates(s.ids, past, s.parents))
        past = engine.run(s.ids[s.chosen], past, s.parents[s.chosen])
    return found, time.process_time() - used, time.perf_counter() - clock


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over features of the correlation over candidates."""
    a, b = (x - x.mean(0) for x in (a.astype(float), b.astype(float)))
    return float(np.mean((a * b).sum(0) / (np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0) + 1e-12)))


def batch_differences(engine, texts, step: Step) -> dict[str, float]:
    """Largest difference of a candidate's features, in standard deviations of all: 0 = the same to the last bit.

    Compared are the whole batch with parts of seven rows, and with the same words read as a story is.
    """
    past = engine.start(texts)
    whole = engine.candidates(step.ids, past, step.parents)
    pieces = [slice(k, k + 7) for k in range(0, len(whole), 7)]
    parts = np.concatenate([engine.candidates(step.ids[p], past, step.parents[p]) for p in pieces])
    story = engine.hidden(np.column_stack([texts[step.parents], step.ids]))[:, -1]
    sd = float(whole.std())
    return {
        "in parts": float(np.abs(whole - parts).max()) / sd,
        "as a story": float(np.abs(whole - story).max()) / sd,
    }


def builders(model, layer: int, n: int, folder: Path) -> dict[str, Callable]:
    """How each engine is made; what they share is not changed by any of them."""
    import torch
    from lm_llama_cpp import LlamaCppEngine
    from lm_torch_engines import OnnxEngine, TorchEngine

    def torchao(config: str, compiled: bool):
        from torchao import quantization

        own = copy.deepcopy(model)
        quantization.quantize_(own, getattr(quantization, config)())
        return TorchEngine(own, layer, n, compiled)

    weights, dynamic = "Int8WeightOnlyConfig", "Int8DynamicActivationInt8WeightConfig"
    return {
        OURS: lambda: Packaged(LlamaInt8(model, layer, OURS), n),
        EXACT: lambda: Packaged(Engine(model, layer, EXACT), n),
        "torch float32": lambda: TorchEngine(model, layer, n),
        "torch float32, compiled": lambda: TorchEngine(model, layer, n, True),
        "torch bfloat16": lambda: TorchEngine(copy.deepcopy(model).to(torch.bfloat16), layer, n),
        "torchao weights": lambda: torchao(weights, False),
        "torchao weights, compiled": lambda: torchao(weights, True),
        "torchao dynamic": lambda: torchao(dynamic, False),
        "torchao dynamic, compiled": lambda: torchao(dynamic, True),
        "onnxruntime dynamic": lambda: OnnxEngine(model, layer, n, folder),
        "llama.cpp": lambda: LlamaCppEngine(packaged_gguf(), layer, n, folder),
    }


def missing(name: str) -> list[str]:
    """Packages that an engine needs and that are not installed."""
    needed = {"torchao": ["torchao"], "onnxruntime": ["onnxruntime", "onnx"], "llama.cpp": ["llama_cpp"]}.get(
        name.split()[0], []
    )
    return [package for package in needed if importlib.util.find_spec(package) is None]


def main() -> None:
    parser = arguments(__doc__, "lm_engines")
    parser.add_argument("--lm", default="smollm2")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engines", nargs="*", help="default: all; ours and the exact one always take part")
    args = parser.parse_args()
    import torch

    tokenizer, model = _read(find_lm(args.lm))
    layer, tokens = (model.config.num_hidden_layers + 1) // 2, np.arange(500, 3500)
    Engine(model.eval(), layer, args.lm).keep_outputs(tokens)
    rng, load = np.random.default_rng(0), [os.getloadavg()[0]]
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        makers, engines = builders(model, layer, args.threads, Path(folder)), {}
        for name in [n for n in makers if n in (OURS, EXACT) or not args.engines or n in args.engines]:
            if missing(name):
                print(f"{name}: left out, {', '.join(missing(name))} not installed")
                continue
            engines[name] = makers[name]()
            print(f"{name}: ready", flush=True)
        texts, steps = sampled_texts(engines[OURS], tokens, rng, args.steps)
        exact = replayed(engines[EXACT], texts, steps)[0]
        figures: dict[str, dict] = {}
        for name, engine in engines.items():  # also the first use, when things are compiled
            found = replayed(engine, texts, steps[:2])[0]
            r = correlation(np.concatenate(found), np.concatenate(exact[: len(found)]))
            figures[name] = {"r with float32": r, "difference": batch_differences(engine, texts, steps[0])}
            print(f"{name}: {figures[name]}", flush=True)
        times = {name: [] for name in engines}
        for _ in range(args.repeats):
            for name, engine in engines.items():
                times[name].append(replayed(engine, texts, steps)[1:])
            load.append(os.getloadavg()[0])
    used = {name: float(np.median([t[0] for t in of])) for name, of in times.items()}
    clock = {name: min(t[1] for t in of) for name, of in times.items()}
    for name, of_engine in figures.items():
        of_engine["processor, ms a step"] = 1000 * used[name] / args.steps
        of_engine["processor, ratio to ours"] = used[name] / used[OURS]
        of_engine["clock, ratio to ours"] = clock[name] / clock[OURS]
        print(f"{used[name] / used[OURS]:6.2f} {clock[name] / clock[OURS]:6.2f}  {name}")
    claims = [
        at_least("correlation of ours with float32", figures[OURS]["r with float32"], 0.95),
        at_least("ours the same in any batch", -max(figures[OURS]["difference"].values()), 0),
    ]
    plain = "torch float32"
    if plain in used:
        claims.append(at_least(f"processor time of {plain}, to ours", used[plain] / used[OURS], 2))
    about = {"engines": figures, "threads of each engine": args.threads, "steps": args.steps, "load": load}
    finish(args.out, about, claims)


if __name__ == "__main__":
    main()
