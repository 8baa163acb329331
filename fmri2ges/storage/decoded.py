"""The folder of a decoded result: its one writer and its one reader.

``text.npz``, ``direct.npz``   motion of a branch with all samples
``words.tsv``                  the decoded text that is shown; ``texts.json`` holds all of them
``rate.tsv``                   decoded words per volume
``manifest.json``              provenance, with the request under ``request``
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..data.atomic import read_json, write_json, write_text
from ..data.bold.tables import read_table
from ..data.motion.npz import read_motion, write_motion
from ..data.words.files import read_words_tsv, write_words_tsv
from ..errors import UserError
from ..provenance import versions
from ..request import DecodeRequest
from ..results import BRANCHES, Decoded
from ..types import Words
from .folder import RunFolder
from .schema import check_texts, read_checked

KIND = "decode"


def save_decoded(decoded: Decoded, folder) -> Path:
    """Write a result as a new folder; see `Decoded.save`."""
    with RunFolder(folder) as target:
        write_decoded(decoded, target.path)
    return Path(folder)


def write_decoded(decoded: Decoded, folder: Path) -> None:
    """Write the files of a result into a folder that is being made.

    Parameters
    ----------
    decoded : the result; its own request goes into the manifest, so that a part of a result says which part it is
    folder : an existing folder, for example `RunFolder.path`
    """
    for branch, motion in decoded.motions.items():
        write_motion(folder / f"{branch}.npz", motion)
    if decoded.words is not None:
        write_words_tsv(folder / "words.tsv", decoded.words)
        write_json(folder / "texts.json", [_text_to_json(words) for words in decoded.texts])
    if decoded.rate is not None:
        rows = "".join(f"{t:.3f}\t{n:.4f}\n" for t, n in decoded.rate)
        write_text(folder / "rate.tsv", "volume_time\twords_per_volume\n" + rows)
    about = {"kind": KIND, "simulated": decoded.simulated, "versions": versions()}  # of a result that says nothing
    write_json(folder / "manifest.json", {**about, **decoded.manifest, "request": decoded.request.to_dict()})


def load_decoded(folder) -> Decoded:
    """Read the folder of a result; see `Decoded.load`."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    motions = {b: read_motion(folder / f"{b}.npz") for b in BRANCHES if (folder / f"{b}.npz").is_file()}
    if not motions:
        raise UserError(f"{folder}: holds neither text.npz nor direct.npz; decode again")
    texts: tuple[Words, ...] = ()
    rate = None
    if (folder / "texts.json").is_file():
        texts = _texts_from_json(folder / "texts.json")
    elif (folder / "words.tsv").is_file():
        texts = (read_words_tsv(folder / "words.tsv"),)
    if (folder / "rate.tsv").is_file():
        rate = _read_rate(folder / "rate.tsv")
    return Decoded(request_of(manifest, folder), **motions, texts=texts, rate=rate, manifest=manifest)


def read_manifest(folder) -> dict[str, Any]:
    """The checked manifest of a decoded result; a `UserError` when the folder is something else."""
    folder = Path(folder)
    if not (folder / "manifest.json").is_file():
        make = f"make one with: fmri2ges decode RUN ... --out {folder}"
        raise UserError(f"{folder}: is not a decoded result (no manifest.json); {make}")
    return read_checked(folder, KIND)


def request_of(manifest: dict[str, Any], where) -> DecodeRequest:
    """What a result was asked for.

    Results of the first version have no request: its fields stand in the manifest itself.
    """
    names = ("run", "subject", "story", "rois", "branch", "samples", "start", "stop", "seed", "speaker", "f2t", "beam")
    first_version = {name: manifest[name] for name in names if manifest.get(name) is not None}
    try:
        return DecodeRequest.from_dict(manifest.get("request", first_version))
    except UserError as error:
        raise UserError(f"{Path(where) / 'manifest.json'}: {error}") from error


def _text_to_json(words: Words) -> dict[str, list]:
    return {
        "words": list(words.text),
        "start": np.round(words.start, 4).tolist(),
        "duration": np.round(words.duration, 4).tolist(),
    }


def _texts_from_json(path: Path) -> tuple[Words, ...]:
    texts = read_json(path)
    check_texts(texts, path)
    try:
        return tuple(Words.from_lists(t["words"], t["start"], t["duration"]) for t in texts)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _read_rate(path: Path) -> np.ndarray:
    rate = read_table(path)[0]
    if rate.ndim != 2 or rate.shape[1] != 2 or not np.isfinite(rate).all():
        raise UserError(f"{path}: must hold two columns of numbers, time and words per volume; decode again")
    return rate
