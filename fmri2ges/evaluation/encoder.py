"""The fixed motion encoder behind FGD: a small convolutional autoencoder, 34 frames x 27 -> 32.

It is trained once on real (or simulated) windows with a given seed and shipped; its digest names
it in every report. ::

    from fmri2ges.evaluation.encoder import train_encoder, save_encoder
    save_encoder(train_encoder(windows, seed=0, note="what the windows are"))
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..errors import UserError, check_shape

WINDOW = 34  # frames at 15 fps
N_BONES = 27
N_LATENT = 32
WIDTH = 64
SHIPPED = Path(__file__).parent / "fgd_encoder" / "encoder.safetensors"


class Encoder:
    """Windows of bone vectors to 32 features of mean 0 and variance 1 on the training windows.

    Parameters
    ----------
    weights : dict of float32 arrays, as in the safetensors file
    note : what it was trained on
    """

    def __init__(self, weights: dict[str, np.ndarray], note: str = ""):
        self.weights = {name: np.ascontiguousarray(w, np.float32) for name, w in sorted(weights.items())}
        self.note = note

    @property
    def digest(self) -> str:
        """SHA-256 of names and values, first 16 hex digits."""
        h = hashlib.sha256()
        for name, w in self.weights.items():
            h.update(name.encode() + str(w.shape).encode() + w.tobytes())
        return h.hexdigest()[:16]

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Features of windows (n, 34, 27), array (n, 32), float64."""
        check_shape("FGD windows", windows, (None, WINDOW, N_BONES))
        w = self.weights
        x = ((windows - w["window_mean"]) / w["window_scale"]).astype(np.float32).transpose(0, 2, 1)
        # Numpy, because torch takes seconds to import and this net is tiny.
        x = _silu(_convolve(x, w["0.weight"], w["0.bias"]))
        x = _silu(_convolve(x, w["2.weight"], w["2.bias"]))
        z = x.reshape(len(x), -1) @ w["5.weight"].T + w["5.bias"]
        return ((z - w["latent_mean"]) / w["latent_scale"]).astype(float)


def _convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Convolution over time with stride 2: x (n, channels, frames), weight (out, channels, width)."""
    views = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2], axis=2)[:, :, ::2]
    return np.tensordot(views, weight, axes=([1, 3], [1, 2])).transpose(0, 2, 1) + bias[:, None]


def _silu(x: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return x * expit(x)


def _encoder_net():
    from torch import nn

    return nn.Sequential(
        nn.Conv1d(N_BONES, WIDTH, 4, stride=2), nn.SiLU(),  # 34 -> 16 frames
        nn.Conv1d(WIDTH, WIDTH, 4, stride=2), nn.SiLU(),  # 16 -> 7 frames
        nn.Flatten(), nn.Linear(WIDTH * 7, N_LATENT),
    )  # fmt: skip


def _decoder_net():
    from torch import nn

    return nn.Sequential(
        nn.Linear(N_LATENT, WIDTH * 7), nn.Unflatten(1, (WIDTH, 7)), nn.SiLU(),
        nn.ConvTranspose1d(WIDTH, WIDTH, 4, stride=2), nn.SiLU(),  # 7 -> 16 frames
        nn.ConvTranspose1d(WIDTH, N_BONES, 4, stride=2),  # 16 -> 34 frames
    )  # fmt: skip


def train_encoder(windows: np.ndarray, seed: int = 0, steps: int = 800, batch: int = 128, note: str = "") -> Encoder:
    """Train the autoencoder and keep its encoder.

    Parameters
    ----------
    windows : array (n, 34, 27), unit bone vectors at 15 fps; at least 160
    seed : initial weights and order of the batches; nothing global is seeded
    steps, batch : of Adam
    note : what the windows are, kept with the weights

    Returns
    -------
    encoder : Encoder
    """
    import torch
    from torch import nn

    check_shape("FGD windows", windows, (None, WINDOW, N_BONES))
    if len(windows) < 160:
        raise UserError(f"FGD encoder: {len(windows)} training windows; at least 160 are needed")
    g = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from the global generator
        encoder, decoder = _encoder_net(), _decoder_net()
    for layer in (*encoder, *decoder):
        if hasattr(layer, "weight"):
            fan = layer.weight[0].numel() if not isinstance(layer, nn.ConvTranspose1d) else layer.weight[:, 0].numel() / 2
            with torch.no_grad():
                layer.weight.normal_(0, fan**-0.5, generator=g)
                layer.bias.zero_()
    mean = windows.mean((0, 1), dtype=np.float64).astype(np.float32)
    # One scale for all columns would let the arms drown the face; a floor keeps still joints still.
    scale = np.maximum(windows.std((0, 1), dtype=np.float64), 0.02).astype(np.float32)
    x = torch.from_numpy(((windows - mean) / scale).astype(np.float32).transpose(0, 2, 1).copy())
    params = [*encoder.parameters(), *decoder.parameters()]
    adam = torch.optim.Adam(params, lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        part = x[torch.randint(len(x), (batch,), generator=g)]
        loss = (decoder(encoder(part)) - part).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    with torch.no_grad():
        z = encoder(x).double().numpy()
    weights = {name: w.detach().numpy() for name, w in encoder.state_dict().items()}
    weights |= {"window_mean": mean, "window_scale": scale}
    weights |= {"latent_mean": z.mean(0).astype(np.float32), "latent_scale": np.maximum(z.std(0), 1e-6).astype(np.float32)}
    return Encoder(weights, note)


def save_encoder(encoder: Encoder, path: Path = SHIPPED) -> Path:
    """Write the encoder as safetensors (by default where `load_encoder` looks)."""
    from safetensors.numpy import save

    from ..data.atomic import write_bytes

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


def train_on_study(study_toml: Path, path: Path = SHIPPED, seed: int = 0) -> Encoder:
    """Train on the gesture clips of a study and save: how the shipped encoder was made. ::

        python -c "from fmri2ges.evaluation.encoder import train_on_study as t; print(t('study.toml').digest)"
    """
    from ..data.study import load_study
    from ..motion.features import resample, to_bones
    from .fgd import cut_windows

    study = load_study(study_toml)
    clips = [study.read_clip(source).motion for source in study.gestures]
    windows = np.concatenate([cut_windows(to_bones(resample(m, 15.0).positions)) for m in clips])
    note = f"{len(windows)} windows of {len(clips)} clips of study {study.name}, seed {seed}"
    encoder = train_encoder(windows, seed, note=note)
    save_encoder(encoder, path)
    return encoder
