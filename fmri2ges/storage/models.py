"""Trained models to and from a run folder: safetensors and JSON, nothing else.

``t2g.safetensors``          network, motion code
``f2g-FOLD.safetensors``     network of the direct branch
``text-FOLD.safetensors``    language model and word statistics of the training texts
``basis-SUBJECT.safetensors``, ``f2t-SUBJECT-FOLD.safetensors``   parcel components and readout
``bayes-SUBJECT-FOLD.safetensors``   Bayesian F2T, where `train --lm` asked for it
SUBJECT and FOLD are numbers; the manifest names the subjects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from ..brain.parcels import ParcelBasis
from ..errors import UserError
from ..models.bayes import BayesDecoder
from ..models.calibration import Calibration
from ..models.denoiser import Denoiser, DenoiserConfig
from ..models.f2t import F2T, Blocks
from ..models.generator import GestureGenerator
from ..models.guidance import Tried
from ..models.readout import Readout
from ..models.signatures import Heard
from ..models.word_rate import Pair, PooledRate, RateSettings, RateTraining, WordRate
from ..motion.codec import Codec
from ..text.embeddings import WordVectors
from ..text.ngram import Bigram
from ..text.statistics import TextStatistics
from .tensors import AGAIN, read_header, read_tensors, write_tensors

FEATURE_STEP = 1 / 28  # features are stored as int8: about 4.5 sd on both sides


def quantise(features: np.ndarray) -> np.ndarray:
    """Parcel features as they are stored; training uses the same, so nothing changes on reload."""
    return np.clip(np.round(features / FEATURE_STEP), -127, 127).astype(np.int8)


def dequantise(stored: np.ndarray) -> np.ndarray:
    """Parcel features from their stored form, float32."""
    return stored.astype(np.float32) * np.float32(FEATURE_STEP)


def write_generator(path, generator: GestureGenerator, **values) -> None:
    """Write T2G or F2G: network, motion code and calibration; `values` are told beside them."""
    arrays = {f"net.{k}": v.detach().cpu().numpy() for k, v in generator.denoiser.state_dict().items()}
    arrays |= {f"codec.{k}": v for k, v in asdict(generator.codec).items()}
    assert generator.calibration is not None, "a generator is calibrated before it is stored"
    arrays |= {f"calibration.{k}": v for k, v in asdict(generator.calibration).items()}
    if generator.tried:
        values["tried"] = [asdict(one) for one in generator.tried]
    write_tensors(path, arrays, config=asdict(generator.denoiser.config), guidance=generator.guidance, **values)


def read_generator(path, device: str) -> GestureGenerator:
    """Read what `write_generator` wrote, ready to sample on a device."""
    import torch

    arrays, meta = read_tensors(path, "generator")
    state = {k: torch.from_numpy(v) for k, v in _part(arrays, "net.").items()}
    try:
        denoiser = Denoiser(DenoiserConfig(**meta["config"]))
        denoiser.load_state_dict(state)
        codec, calibration = Codec(**_part(arrays, "codec.")), Calibration(**_part(arrays, "calibration."))
        tried = tuple(
            Tried(float(one["guidance"]), tuple(one["r"]), float(one["fgd"]), tuple(one["fgd_without"]))
            for one in meta.get("tried", ())
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:  # other names or sizes than this version's network
        raise UserError(f"{path}: was written by another version of fmri2ges; train again") from error
    return GestureGenerator(denoiser.eval().to(device), codec, float(meta["guidance"]), calibration, tried)


def read_guidance(path) -> dict[str, Any]:
    """The guidance of a generator and among which it was chosen, as `write_generator` stored them; JSON values."""
    values = read_header(path, "generator").values
    return {"guidance": values["guidance"], "tried": values.get("tried", [])}


def read_choice(path) -> dict[str, Any]:
    """Which T2G a file holds, as `write_generator` was told: see `motion.amount.T2GChoice.entries`."""
    choice = read_header(path, "generator").values.get("choice")
    if not isinstance(choice, dict):
        raise UserError(f"{path}: does not say which T2G it holds; {AGAIN}")
    return choice


def _part(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(name): v for k, v in arrays.items() if k.startswith(name)}


def write_codes(path, codes: list[np.ndarray]) -> None:
    """Write pseudo-gestures: for each story an array (n_renditions, n_latent, n_codes)."""
    write_tensors(path, {f"story.{k}": of_story for k, of_story in enumerate(codes)})


def read_codes(path) -> list[np.ndarray]:
    """Read what `write_codes` wrote."""
    arrays, _ = read_tensors(path, "codes")
    names = [f"story.{k}" for k in range(len(arrays))]
    if lost := [name for name in names if name not in arrays]:
        raise UserError(f"{path}: lacks {lost[0]}; train again")
    return [arrays[name] for name in names]


def write_text(path, statistics: TextStatistics) -> None:
    """Write the language model and word statistics of a fold."""
    language = statistics.language
    arrays = {
        "pairs": language.pairs,
        "counts": language.counts,
        "centre": statistics.centre,
        "covariance": statistics.covariance,
    }
    write_tensors(path, arrays, vocabulary=list(language.vocabulary))


def read_text(path, vectors: WordVectors) -> TextStatistics:
    """Read what `write_text` wrote; `vectors` gives the words their vectors."""
    arrays, meta = read_tensors(path, "text")
    language = Bigram(tuple(meta["vocabulary"]), arrays["pairs"], arrays["counts"])
    table = vectors.matrix(language.vocabulary) - arrays["centre"]
    return TextStatistics(language, arrays["centre"], table, arrays["covariance"])


def write_basis(path, basis: ParcelBasis) -> None:
    """Write the parcel components of a subject."""
    arrays = {"members": basis.members, "owner": basis.owner, "weights": basis.weights}
    write_tensors(path, arrays, names=list(basis.names))


def read_basis(path) -> ParcelBasis:
    """Read what `write_basis` wrote."""
    arrays, meta = read_tensors(path, "basis")
    return ParcelBasis(tuple(meta["names"]), arrays["members"], arrays["owner"], arrays["weights"])


def write_f2t(path, f2t: F2T) -> None:
    """Write the fast text decoder of a subject and fold."""
    readout = f2t.readout
    arrays = {
        "features": quantise(readout.features),
        "lengths": readout.lengths.astype(np.int32),
        "targets": (readout.targets + readout.mean).astype(np.float16),
    }
    if f2t.heard is not None:
        arrays |= {
            "heard.row": f2t.heard.row,
            "heard.word": f2t.heard.word,
            "heard.shrinkage": np.array([f2t.shrinkage], np.float32),
        }
    write_tensors(
        path,
        arrays,
        penalty=readout.penalty,
        delays=list(readout.delays),
        dim=f2t.blocks.dim,
        n_gesture=f2t.blocks.n_gesture,
        **({} if f2t.word_rate is None else _rate_values(f2t.word_rate.settings)),
    )


def _rate_values(settings: RateSettings) -> dict[str, Any]:
    pooled = None if settings.pooled is None else list(settings.pooled)
    return {
        "rate_penalties": list(settings.own),
        "pooled_rate_penalties": pooled,
        "pooled_listeners": list(settings.listeners),
        "own_rate_because": settings.why_own,
    }


def _rate_settings(path, meta: dict[str, Any]) -> RateSettings | None:
    if "rate_penalties" not in meta:  # written before the averaged forms
        return None
    pooled = meta.get("pooled_rate_penalties")
    if pooled is not None and len(meta.get("pooled_listeners", ())) < 2:
        raise UserError(f"{path}: pooled_listeners must name the listeners of pooled_rate_penalties; {AGAIN}")
    return RateSettings(
        Pair(*meta["rate_penalties"]),
        None if pooled is None else Pair(*pooled),
        tuple(meta.get("pooled_listeners", ())),
        meta.get("own_rate_because", ""),
    )


def read_f2t(path, statistics: TextStatistics, pooled: Callable[[RateSettings], PooledRate] | None = None) -> F2T:
    """Read what `write_f2t` wrote.

    Parameters
    ----------
    statistics : those of its fold
    pooled : makes the word-rate weights that several listeners of the fold share
    """
    arrays, meta = read_tensors(path, "f2t")
    edges = np.cumsum(arrays["lengths"])[:-1]
    stories = np.split(dequantise(arrays["features"]), edges)
    readout = Readout(stories, arrays["targets"].astype(np.float32), meta["penalty"], tuple(meta["delays"]))
    blocks = Blocks(meta["dim"], meta["n_gesture"])
    known = (readout, blocks, statistics.language, statistics.vocabulary_vectors, statistics.covariance)
    if "heard.row" not in arrays:  # written before word signatures
        return F2T(*known)
    settings = _rate_settings(path, meta)
    rate = None if settings is None else WordRate(_rate_training(arrays, meta), settings, pooled)
    n_words = len(statistics.language)
    if arrays["heard.word"].max() >= n_words:
        raise UserError(f"{path}: heard.word names words beyond the {n_words} of the vocabulary; {AGAIN}")
    heard = Heard(arrays["heard.row"], arrays["heard.word"])
    return F2T(*known, heard, float(arrays["heard.shrinkage"][0]), rate)


def read_rate_training(path) -> RateTraining:
    """What the word rate of a listener is learnt from, of a file that `write_f2t` wrote."""
    return _rate_training(*read_tensors(path, "f2t"))


def _rate_training(arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> RateTraining:
    edges = np.cumsum(arrays["lengths"])[:-1]
    counts = arrays["targets"][:, Blocks(meta["dim"], meta["n_gesture"]).rate][:, 0].astype(np.float32)
    return RateTraining(np.split(dequantise(arrays["features"]), edges), np.split(counts, edges), tuple(meta["delays"]))


def write_bayes(path, decoder: BayesDecoder) -> None:
    """Write the Bayesian text decoder of a subject and fold."""
    arrays, meta = decoder.to_arrays()
    write_tensors(path, arrays, **meta)


def read_bayes(path) -> BayesDecoder:
    """Read what `write_bayes` wrote."""
    return BayesDecoder.from_arrays(*read_tensors(path, "bayes"))
