"""Where the networks run, and how many threads torch may take."""

from __future__ import annotations

import os

from ..errors import UserError

DEVICES = ("auto", "cpu", "cuda", "mps")


def available_devices() -> tuple[str, ...]:
    """Devices that torch can use here, best first; 'cpu' is always the last."""
    import torch

    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def resolve_device(name: str = "auto") -> str:
    """The device to use, and a sane number of threads for nets of this size.

    Two threads on two shared cores make a step several times slower than one, so small machines
    get one thread unless OMP_NUM_THREADS says otherwise.

    Raises
    ------
    UserError
        When the device is unknown or not present.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        cores = os.cpu_count() or 1
        torch.set_num_threads(1 if cores <= 2 else min(4, cores // 2))
    found = available_devices()
    if name == "auto":
        return found[0]
    if name not in found:
        allowed = ", ".join(("auto", *found))
        raise UserError(f"device: {name!r} is not available here; allowed: {allowed}")
    return name
