"""Small trained runs and decoded results, as `train` and `decode` leave them, made in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fmri2ges.data.atomic import write_json, write_text
from fmri2ges.provenance import FORMAT_VERSION, build_manifest
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.storage.decoded import write_decoded
from fmri2ges.storage.tensors import write_tensors
from fmri2ges.types import Motion
from tests.conftest import make_motion, make_words

CODES, DIM, WIDTH = 3, 50, 8
COLUMNS = ("A", "B", "C", "D")
VOCABULARY = ("a", "house", "sea", "walked")


def network(token_width: int) -> dict[str, Any]:
    """Sizes of a very small denoiser."""
    return {
        "n_codes": CODES,
        "token_width": token_width,
        "width": WIDTH,
        "blocks": 1,
        "heads": 2,
        "mlp": 1,
        "hidden": 4,
        "patch": 3,
        "refine": 2,
        "n_speakers": 1,
        "lag": 0.0,
    }


def generator_arrays(config: dict[str, Any], rng) -> dict[str, np.ndarray]:
    from fmri2ges.models.denoiser import Denoiser, DenoiserConfig

    net = Denoiser(DenoiserConfig(**config)).state_dict()
    c = config["n_codes"]
    codec = {"mean": rng.normal(size=27), "sd": np.ones(27), "components": np.eye(27)[:, :c], "scale": np.ones(c)}
    calibration = {"kernel": rng.normal(size=(15, c, c)), "made": np.zeros(c), "real": np.zeros(c)}
    return {
        **{f"net.{k}": v.numpy() for k, v in net.items()},
        **{f"codec.{k}": v.astype(np.float32) for k, v in codec.items()},
        **{f"calibration.{k}": v.astype(np.float32) for k, v in calibration.items()},
    }


def make_run(folder: Path, lm: str = "", **entries: Any) -> Path:
    """A run of a table study with one subject and one fold; `entries` go into its manifest."""
    rng, n = np.random.default_rng(0), len(COLUMNS)
    gesture, volumes, dim = 2, 40, DIM
    targets = 2 * dim + 1 + gesture
    for name, tokens in (("t2g", dim + 3), ("f2g-0", targets + 2)):
        config = network(tokens)
        write_tensors(folder / f"{name}.safetensors", generator_arrays(config, rng), config=config, guidance=1.5)
    pairs = np.array([(0, 1, 2), (1, 3, 1), (2, 0, 1)], np.int32)
    text = {"pairs": pairs, "counts": np.array([4, 2, 2, 2], np.int32)}
    text |= {"centre": rng.normal(size=dim).astype(np.float32), "covariance": np.eye(dim, dtype=np.float32)}
    write_tensors(folder / "text-0.safetensors", text, vocabulary=list(VOCABULARY))
    index = np.arange(n, dtype=np.int32)
    basis = {"members": index, "owner": index, "weights": np.ones((n, 1), np.float32)}
    write_tensors(folder / "basis-0.safetensors", basis, names=list(COLUMNS))
    f2t = {
        "features": rng.integers(-127, 128, (volumes, n)).astype(np.int8),
        "lengths": np.array([15, 25], np.int32),
        "targets": rng.normal(size=(volumes, targets)).astype(np.float16),
        "heard.row": np.repeat(np.arange(volumes, dtype=np.int32), 2),
        "heard.word": rng.integers(0, len(VOCABULARY), 2 * volumes).astype(np.int32),
        "heard.shrinkage": np.array([0.1], np.float32),
    }
    f2t["targets"][:, 2 * dim] = rng.poisson(3, volumes)  # words per volume
    values = {"penalty": 1000.0, "delays": [1, 2, 3], "dim": dim, "n_gesture": gesture}
    values |= {"rate_penalties": [10.0, 30.0], "pooled_rate_penalties": None, "pooled_listeners": []}
    values |= {"own_rate_because": "the study has one listener"}
    write_tensors(folder / "f2t-0-0.safetensors", f2t, **values)
    if lm:
        write_tensors(folder / "bayes-0-0.safetensors", bayes_arrays(rng), lm={"name": lm, "layer": None}, lm_name=lm)
    manifest = build_manifest(
        "train",
        {"lm": lm},
        0,
        {},
        True,
        "cpu",
        study=str(folder.parent / "study" / "toy.toml"),
        study_name="toy",
        subjects=["s1"],
        folds=1,
        t2g="study",
        space="table",
        columns=list(COLUMNS),
    )
    write_json(folder / "manifest.json", manifest | entries)
    write_text(folder / "log.txt", f"12:00 reading {folder.parent}\n")
    write_json(folder / "status.json", {"state": "done", "pid": 1, "fraction": 1.0, "message": "done"})
    return folder


def bayes_arrays(rng) -> dict[str, np.ndarray]:
    f, delays, voxels = 2, 3, 5
    return {
        "model.mean": np.zeros(f, np.float32),
        "model.sd": np.ones(f, np.float32),
        "model.weights": rng.normal(size=(delays * f, voxels)).astype(np.float32),
        "model.penalty": np.ones(voxels),
        "model.score": rng.normal(size=voxels).astype(np.float32),
        "model.delays": np.arange(1, delays + 1),
        "noise.covariance": np.eye(voxels, dtype=np.float32),
        "noise.n_effective": np.array([30.0]),
        "noise.least": np.array([0.1]),
        "columns": np.arange(voxels),
        "parcel": np.zeros(voxels, np.int32),
        "expected": np.zeros(f, np.float32),
    }


def make_decoded(folder: Path, asked: dict[str, Any] | None = None, **entries: Any) -> Path:
    """A decoded result of two seconds; `asked` goes into its request, `entries` into its manifest."""
    rng = np.random.default_rng(1)
    moves = [make_motion(rng, 30) for _ in range(2)]
    moves = [Motion(m.positions, samples=np.stack([m.positions] * 2)) for m in moves]
    words = make_words(rng, 2)
    fields = {"run": str(folder.parent / "run"), "subject": "s1", "story": "c", "rois": ("A", "B")}
    request = DecodeRequest(**fields | {"start": 0.0, "stop": 2.0, "samples": 2} | (asked or {}))
    manifest = {
        "kind": "decode",
        "format_version": FORMAT_VERSION,
        "simulated": True,
        "versions": {},
        "study": str(folder.parent / "study" / "toy.toml"),
        "study_name": "toy",
        "run": str(folder.parent / "run"),
    }
    rate = np.stack([np.arange(2.0), np.ones(2)], 1)
    folder.mkdir(parents=True)
    write_decoded(Decoded(request, *moves, (words, words), rate, manifest | entries), folder)
    return folder


def open_all(run: Path) -> dict[str, Any]:
    """Read everything that decoding reads of a run of `make_run`; its manifest."""
    from fmri2ges.storage import models as store
    from fmri2ges.storage.folder import read_run_manifest
    from fmri2ges.text.embeddings import load_vectors

    manifest = read_run_manifest(run)
    for name in ("t2g", "f2g-0"):
        store.read_generator(run / f"{name}.safetensors", "cpu")
    statistics = store.read_text(run / "text-0.safetensors", load_vectors())
    store.read_basis(run / "basis-0.safetensors")
    f2t = store.read_f2t(run / "f2t-0-0.safetensors", statistics)
    decoder = f2t.decoder(np.arange(len(COLUMNS)))
    assert np.isfinite(f2t.evidence(decoder, decoder.solution.crossfit)).all()
    assert np.isfinite(f2t.crossfit_rate(decoder)).all()
    heard = store.read_rate_training(run / "f2t-0-0.safetensors")
    assert all(np.isfinite(part).all() for part in (*heard.stories, *heard.counts))
    if manifest["config"].get("lm"):
        store.read_bayes(run / "bayes-0-0.safetensors")
    return manifest
