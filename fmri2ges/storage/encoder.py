"""The encoder behind FGD as a file."""

from __future__ import annotations

from pathlib import Path

from ..data.atomic import write_bytes
from ..errors import UserError
from ..evaluation.encoder import N_LATENT, WIDTH, Encoder
from .tensors import check_shapes, checked_arrays, opened
from .weight_kinds import Array, Weights

REAL = ("F32",)
ENCODER = Weights(
    {
        "window_mean": Array(REAL, (27,)),
        "window_scale": Array(REAL, (27,), positive=True),
        "0.weight": Array(REAL, ("channels", 27, 4)),
        "0.bias": Array(REAL, ("channels",)),
        "2.weight": Array(REAL, ("channels", "channels", 4)),
        "2.bias": Array(REAL, ("channels",)),
        "5.weight": Array(REAL, ("features", "flat")),
        "5.bias": Array(REAL, ("features",)),
        "latent_mean": Array(REAL, ("features",)),
        "latent_scale": Array(REAL, ("features",), positive=True),
    },
    {},
    lambda values: {"channels": WIDTH, "flat": 7 * WIDTH, "features": N_LATENT},
)
SHIPPED = Path(__file__).parents[1] / "evaluation" / "fgd_encoder" / "encoder.safetensors"


def save_encoder(encoder: Encoder, path: Path = SHIPPED) -> Path:
    """Write the encoder as safetensors (by default where `load_encoder` looks)."""
    from safetensors.numpy import save

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, save(encoder.weights, metadata={"note": encoder.note, "digest": encoder.digest}))
    return path


def load_encoder(path: Path = SHIPPED) -> Encoder:
    """Read the encoder of FGD and KID."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"FGD encoder: {path.name} is not in {path.parent}; train one with train_encoder")
    try:
        with opened(path) as file:
            weights = checked_arrays(path, file, ENCODER, check_shapes(path, file, {}, ENCODER))
            return Encoder(weights, (file.metadata() or {}).get("note", ""))
    except UserError as error:
        raise UserError(f"FGD encoder: {error}") from error
