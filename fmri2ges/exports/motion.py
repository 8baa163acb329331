"""Decoded motion for other programs: BVH, npz and tables."""

from __future__ import annotations

import io
from pathlib import Path

from ..data.atomic import write_text
from ..data.motion.bvh_write import write_bvh
from ..data.motion.npz import write_motion
from ..errors import UserError, check_option
from ..types import Motion

FORMATS = {"bvh": ".bvh", "npz": ".npz", "csv": ".csv", "csv-wide": ".csv"}  # format -> ending of its files


def format_of_file(path) -> str:
    """The format of a motion file by the ending of its name; a .csv has a row per frame and joint.

    Raises
    ------
    UserError
        For another ending.
    """
    endings = {ending: format for format, ending in reversed(FORMATS.items())}
    found = endings.get(Path(path).suffix.lower())
    if found is None:
        raise UserError(f"{path}: must end with one of: {', '.join(sorted(endings))}")
    return found


def export_motion(motion: Motion, format: str, out, scale: float = 1.0) -> Path:
    """Write a motion.

    Parameters
    ----------
    motion : its first sample is written; npz holds all samples
    format : 'bvh', 'npz', 'csv' (a row per frame and joint) or 'csv-wide' (a row per frame)
    out : file to write
    scale : for BVH: 1 writes centimetres, 0.01 metres, in which Blender counts; the other formats are always in metres

    Raises
    ------
    UserError
        For another format, and for a scale of a format that has none.
    """
    check_option("format", format, FORMATS)
    if format == "bvh":
        return write_bvh(out, motion, scale)
    if scale != 1.0:
        raise UserError(f"scale: only for bvh, whose units other programs take differently; {format} is in metres")
    writers = {"npz": write_motion, "csv": write_motion_csv, "csv-wide": write_motion_csv_wide}
    return writers[format](out, motion)


def write_motion_csv(path, motion: Motion) -> Path:
    """Write a long table: time_s, joint, x_m, y_m, z_m; one row per frame and joint."""
    out = io.StringIO()
    out.write("time_s,joint,x_m,y_m,z_m\n")
    for time, frame in zip(motion.times, motion.positions.tolist(), strict=True):
        for joint, (x, y, z) in zip(motion.skeleton.joints, frame, strict=True):
            out.write(f"{time:.6f},{joint},{x:.6f},{y:.6f},{z:.6f}\n")
    return write_text(path, out.getvalue())


def write_motion_csv_wide(path, motion: Motion) -> Path:
    """Write a wide table: time_s, then x, y and z (m) of every joint; one row per frame."""
    out = io.StringIO()
    out.write(",".join(["time_s", *(f"{joint}_{axis}_m" for joint in motion.skeleton.joints for axis in "xyz")]) + "\n")
    for time, frame in zip(motion.times, motion.positions.reshape(motion.n_frames, -1).tolist(), strict=True):
        out.write(f"{time:.6f}," + ",".join(f"{v:.6f}" for v in frame) + "\n")
    return write_text(path, out.getvalue())
