"""Motion in the package's own .npz: joint positions in metres, readable with numpy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import UserError
from ..types import Motion, Skeleton
from .atomic import read_npz, write_npz

KEYS = ("positions", "fps", "start", "joints", "parents")


def write_motion(path, motion: Motion) -> Path:
    """Write `positions` (n_frames, n_joints, 3), `fps`, `start`, `joints`, `parents` and, if any, `samples`."""
    arrays = {
        "positions": np.asarray(motion.positions, np.float32),
        "fps": np.float64(motion.fps),
        "start": np.float64(motion.start),
        "joints": np.array(motion.skeleton.joints),
        "parents": np.array(motion.skeleton.parents, np.int32),
    }
    if motion.samples is not None:
        arrays["samples"] = np.asarray(motion.samples, np.float32)
    return write_npz(path, **arrays)


def read_motion(path) -> Motion:
    """Read what `write_motion` wrote.

    Raises
    ------
    UserError
        For a damaged file, a missing key or a wrong shape; the message begins with the path.
    """
    arrays = read_npz(path)
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise UserError(f"{path}: is not a motion file: {', '.join(missing)} missing; it must hold {', '.join(KEYS)}")
    try:
        samples = arrays.get("samples")
        return Motion(
            positions=np.asarray(arrays["positions"], np.float32),
            fps=float(arrays["fps"]),
            start=float(arrays["start"]),
            skeleton=Skeleton(
                tuple(str(j) for j in arrays["joints"].tolist()), tuple(int(p) for p in arrays["parents"].tolist())
            ),
            samples=None if samples is None else np.asarray(samples, np.float32),
        )
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: {error}") from error
