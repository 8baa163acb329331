"""Motion in the package's own .npz: joint positions in metres, readable with numpy alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import UserError, one_line
from ...motion.orient import Axes
from ...types import Motion, Skeleton
from ..atomic import write_npz
from ..npz import npz_arrays, npz_names
from .imported import Imported
from .rates import check_fps, rate_of
from .skeletons import Mapping

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
    """Read what `write_motion` wrote, or the upper body of a SMPL-X file such as BEAT2's.

    Raises
    ------
    UserError
        For a damaged file, a missing key or a wrong shape; the message begins with the path.
    """
    names = npz_names(path)
    if "positions" not in names and "poses" in names:
        from .smplx import read_smplx

        return read_smplx(path)
    arrays = npz_arrays(path, (*KEYS, "samples"))
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise UserError(
            f"{path}: is not a motion file: {', '.join(missing)} missing; it must hold {', '.join(KEYS)} "
            "(or `poses` of SMPL-X)"
        )
    try:
        return _motion(arrays)
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{path}: {one_line(error)}") from error


def import_own(path) -> Imported:
    """Motion of a file that `write_motion` or another program wrote in our format; units and axes by its word."""
    motion = read_motion(path)
    rate = rate_of(motion.fps, "fps")
    mapping = Mapping({}, {}, "our own npz")
    return Imported(replace(motion, fps=rate.fps), mapping, Axes("metres", "+y", 0.0), rate.notes, ours=True)


def _motion(arrays: dict[str, np.ndarray]) -> Motion:
    numbers = {key: arrays[key] for key in ("positions", "samples", "fps", "start", "parents") if key in arrays}
    for key, value in numbers.items():
        if value.dtype.kind not in "fiu":
            raise UserError(f"{key} must be numbers; got {value.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        stacks = {key: np.asarray(numbers[key], np.float32) for key in ("positions", "samples") if key in numbers}
    start = float(arrays["start"])
    if not np.isfinite(start):
        raise UserError(f"start must be finite seconds; got {start}")
    return Motion(
        positions=stacks["positions"],
        fps=check_fps(float(arrays["fps"]), "fps"),
        start=start,
        skeleton=Skeleton(
            tuple(str(j) for j in arrays["joints"].tolist()), tuple(int(p) for p in arrays["parents"].tolist())
        ),
        samples=stacks.get("samples"),
    )
