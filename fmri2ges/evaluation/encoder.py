"""The motion encoder behind FGD: the first half of a small convolutional autoencoder, 34 frames x 27 numbers -> 32.

It was trained once, with a given seed, and ships with the package, because distances compare only within one
encoder; every report names it by its digest. `storage.encoder` reads and writes it.
"""

from __future__ import annotations

import hashlib

import numpy as np

from ..errors import UserError, check_shape
from .windows import WINDOW

N_BONES = 27
N_LATENT = 32
WIDTH = 64


class Encoder:
    """Makes 32 features of each window of bone vectors; on the training windows they have mean 0 and variance 1.

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
        nn.Conv1d(N_BONES, WIDTH, 4, stride=2),
        nn.SiLU(),  # 34 -> 16 frames
        nn.Conv1d(WIDTH, WIDTH, 4, stride=2),
        nn.SiLU(),  # 16 -> 7 frames
        nn.Flatten(),
        nn.Linear(WIDTH * 7, N_LATENT),
    )


def _decoder_net():
    from torch import nn

    return nn.Sequential(
        nn.Linear(N_LATENT, WIDTH * 7),
        nn.Unflatten(1, (WIDTH, 7)),
        nn.SiLU(),
        nn.ConvTranspose1d(WIDTH, WIDTH, 4, stride=2),
        nn.SiLU(),  # 7 -> 16 frames
        nn.ConvTranspose1d(WIDTH, N_BONES, 4, stride=2),  # 16 -> 34 frames
    )


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
            fan = (
                layer.weight[0].numel() if not isinstance(layer, nn.ConvTranspose1d) else layer.weight[:, 0].numel() / 2
            )
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
    weights |= {
        "latent_mean": z.mean(0).astype(np.float32),
        "latent_scale": np.maximum(z.std(0), 1e-6).astype(np.float32),
    }
    return Encoder(weights, note)
