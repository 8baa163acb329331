"""A trained run as a whole: whether all its weights are there and belong together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..brain.space import Voxels, space_of
from ..errors import UserError
from .schema import weight_files
from .tensors import AGAIN, Header, read_header


def check_run(folder, manifest: Mapping[str, Any]) -> None:
    """Refuse a trained run whose weights are missing, damaged, or do not belong together; only headers are read.

    Parameters
    ----------
    manifest : the checked manifest of the run
    """
    folder = Path(folder)
    headers = {name: read_header(folder / name, kind) for name, kind in weight_files(manifest).items()}
    words = headers["t2g.safetensors"].lengths["tokens"] - 3  # a word has its vector, duration, sine and cosine
    for fold in range(manifest["folds"]):
        text, f2g = (headers[f"{name}-{fold}.safetensors"].lengths for name in ("text", "f2g"))
        _same(folder / f"text-{fold}.safetensors", "dim", text["dim"], words, "t2g.safetensors")
        for subject in range(len(manifest["subjects"])):
            f2t = headers[f"f2t-{subject}-{fold}.safetensors"]
            basis = headers[f"basis-{subject}.safetensors"]
            file = folder / f"f2t-{subject}-{fold}.safetensors"
            features = basis.lengths["parcels"] * basis.lengths["components"]
            _same(file, "features", f2t.lengths["features"], features, f"basis-{subject}.safetensors")
            _same(file, "dim", f2t.values["dim"], words, "t2g.safetensors")
            _same(file, "targets + 2", f2t.lengths["targets"] + 2, f2g["tokens"], f"f2g-{fold}.safetensors")
    for subject in range(len(manifest["subjects"])):
        _check_parcels(folder / f"basis-{subject}.safetensors", headers[f"basis-{subject}.safetensors"], manifest)


def _check_parcels(file: Path, basis: Header, manifest: Mapping[str, Any]) -> None:
    """The parcels of a basis are those of the space that the run was trained in."""
    kind = manifest["space"]
    if kind == Voxels.kind:  # its blocks are numbered, and only the recording's grid knows where they lie
        return
    if tuple(basis.values["names"]) != space_of(kind, tuple(manifest["columns"])).names:
        raise UserError(f"{file}: its parcels are not those of the space that manifest.json names ({kind}); {AGAIN}")


def _same(file: Path, what: str, here: int, there: int, other: str) -> None:
    if here != there:
        raise UserError(f"{file}: {what} is {here}, but {other} was trained with {there}; {AGAIN}")
