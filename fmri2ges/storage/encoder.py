"""The encoder behind FGD as a file."""

from __future__ import annotations

from pathlib import Path

from ..data.atomic import write_bytes
from ..errors import UserError
from ..evaluation.encoder import Encoder

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
    from safetensors import safe_open

    if not Path(path).is_file():
        raise UserError(f"FGD encoder: {Path(path).name} is not in {Path(path).parent}; train one with train_encoder")
    try:
        with safe_open(str(path), framework="numpy") as f:
            note = (f.metadata() or {}).get("note", "")
            weights = {name: f.get_tensor(name) for name in f.keys()}
    except Exception as error:  # safetensors raises its own type for a cut file
        raise UserError(f"FGD encoder: {path} cannot be read ({error}); train it again") from error
    return Encoder(weights, note)
