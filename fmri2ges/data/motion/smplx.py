"""Upper-body motion of SMPL-X files (BEAT2, AMASS): `poses` in axis-angle, by forward kinematics.

The body model itself is licensed and is not needed: bone directions follow from the rotations and
a rest pose. The rest pose below is ours: round numbers for a neutral adult in a T-pose. Bone
lengths are therefore approximate for every speaker (`betas` are not used), directions are not.

Rotations and the order of joints: Pavlakos et al. 2019, "Expressive Body Capture: 3D Hands, Face,
and Body from a Single Image" (SMPL-X); BEAT2: Liu et al. 2024, "EMAGE".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import UserError, check_finite
from ...motion.orient import canonical_motion
from ..npz import npz_arrays, npz_names
from .imported import Imported
from .pose_kinds import check_axis_angle
from .rates import Rate, is_rate, rate_of, stated_rate
from .skeletons import Mapping

# joint -> (number in `poses`, parent, offset from the parent in metres; x left, y up, z forward)
BODY: dict[str, tuple[int, str | None, tuple[float, float, float]]] = {
    "pelvis": (0, None, (0.0, 0.0, 0.0)),
    "spine1": (3, "pelvis", (0.0, 0.11, -0.02)),
    "spine2": (6, "spine1", (0.0, 0.14, 0.0)),
    "spine3": (9, "spine2", (0.0, 0.06, 0.01)),
    "neck": (12, "spine3", (0.0, 0.20, -0.02)),
    "head": (15, "neck", (0.0, 0.09, 0.03)),
    "left_collar": (13, "spine3", (0.05, 0.12, -0.01)),
    "left_shoulder": (16, "left_collar", (0.13, 0.03, -0.01)),
    "left_elbow": (18, "left_shoulder", (0.27, 0.0, 0.0)),
    "left_wrist": (20, "left_elbow", (0.25, 0.0, 0.0)),
    "right_collar": (14, "spine3", (-0.05, 0.12, -0.01)),
    "right_shoulder": (17, "right_collar", (-0.13, 0.03, -0.01)),
    "right_elbow": (19, "right_shoulder", (-0.27, 0.0, 0.0)),
    "right_wrist": (21, "right_elbow", (-0.25, 0.0, 0.0)),
}
# What the canonical skeleton takes, by its roles.
ROLE_OF = {"spine1": "spine"}
JOINTS = ("spine1", "neck", "head", *(f"{s}_{p}" for s in ("left", "right") for p in ("shoulder", "elbow", "wrist")))
N_BODY = 22  # joints at the head of `poses`, in SMPL, SMPL-H and SMPL-X alike
FPS = 30.0  # of BEAT2, where the file does not say
LENGTH = "mocap_time_length"  # seconds, in files of AMASS
MAX_RATES = 8  # arrays that may state a frame rate
CHUNK = 8192  # frames whose kinematics are computed at once


def read_smplx(path, fps: float | None = None):
    """Upper-body motion of a SMPL-X .npz on the canonical skeleton; see `import_smplx`."""
    return import_smplx(path, fps).motion


def import_smplx(path, fps: float | None = None) -> Imported:
    """Upper-body motion of a SMPL-X file, and how it was understood.

    Parameters
    ----------
    path : .npz with `poses` (n_frames, 165) in radians (SMPL-H, 156, SMPL, 72, and the body alone, 66, will do),
        and, if present, `trans` (n_frames, 3) in metres and a frame rate such as `mocap_frame_rate`
    fps : frames per second wanted; None keeps those of the file

    Raises
    ------
    UserError
        When an array is missing or has another shape, or `poses` are no axis-angle rotations in radians.
    """
    path = Path(path)
    rates = [name for name in npz_names(path) if is_rate(name)]
    if len(rates) > MAX_RATES:
        raise UserError(f"{path}: {len(rates)} arrays state a frame rate, such as {', '.join(rates[:3])}; keep one")
    arrays = npz_arrays(path, ("poses", "trans", LENGTH, *rates))
    poses = _rotations(path, _floats(path, arrays, "poses"))
    trans = _finite(path, "trans", _floats(path, arrays, "trans")) if "trans" in arrays else np.zeros((len(poses), 3))
    if trans.shape != (len(poses), 3):
        raise UserError(f"{path}: trans must be {(len(poses), 3)}, as poses has {len(poses)} frames; got {trans.shape}")
    try:
        rate = _rate(arrays, rates, len(poses))
        motion, axes = canonical_motion(*_posed(poses, trans), rate.fps)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return Imported(motion, Mapping({}, {}, "SMPL-X"), axes, rate.notes).at(fps)


def _posed(poses: np.ndarray, trans: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Joints and head rotations of all frames, a part of the frames at a time: matrices take 20 times the poses."""
    parts = []
    for first in range(0, len(poses), CHUNK):
        rows = slice(first, first + CHUNK)
        parts.append(pose(poses[rows].reshape(-1, N_BODY, 3), trans[rows]))
    joints = {ROLE_OF.get(name, name): np.concatenate([p[0][name] for p in parts]) for name in JOINTS}
    return joints, np.concatenate([p[1] for p in parts])


def pose(rotations: np.ndarray, trans: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Forward kinematics of `BODY`.

    Parameters
    ----------
    rotations : array (n_frames, 22, 3), axis-angle of each joint against its parent, radians
    trans : array (n_frames, 3), place of the pelvis, metres

    Returns
    -------
    places : joint -> array (n_frames, 3), metres
    head : array (n_frames, 3, 3), rotation of the head in the world
    """
    from scipy.spatial.transform import Rotation

    places: dict[str, np.ndarray] = {}
    turns: dict[str, np.ndarray] = {}
    for joint, (number, parent, offset) in BODY.items():
        turn = Rotation.from_rotvec(rotations[:, number]).as_matrix()
        places[joint] = trans if parent is None else places[parent] + turns[parent] @ np.array(offset)
        turns[joint] = turn if parent is None else turns[parent] @ turn
    return places, turns["head"]


def _floats(path: Path, arrays: dict[str, np.ndarray], key: str) -> np.ndarray:
    if key not in arrays:
        raise UserError(
            f"{path}: holds no array {key!r}; it must hold what BEAT2 ships (poses, trans, mocap_frame_rate)"
        )
    if arrays[key].dtype.kind != "f":
        raise UserError(f"{path}: {key} must be numbers with a decimal point; got {arrays[key].dtype}")
    return arrays[key]


def _rotations(path: Path, poses: np.ndarray) -> np.ndarray:
    """Axis-angle of the body's joints, array (n_frames, 66), float64, radians."""
    try:
        flat = check_axis_angle(poses)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return _finite(path, "poses", flat[:, : 3 * N_BODY])


def _finite(path: Path, key: str, array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        values = array.astype(np.float64)
    check_finite(f"{path}: {key}", values)
    if values.size and np.abs(values).max() > 1e6:
        raise UserError(f"{path}: {key} holds {np.abs(values).max():g}, which is neither radians nor metres")
    return values


def _rate(arrays: dict[str, np.ndarray], rates: list[str], n_frames: int) -> Rate:
    """Frames per second: stated, or following from the stated length, or assumed and said so."""
    length = arrays.get(LENGTH)
    seconds = (
        float(length.reshape(())) if length is not None and length.size == 1 and length.dtype.kind in "fiu" else 0.0
    )
    rate = stated_rate({name: arrays[name] for name in rates})
    if rate is None and seconds > 0:
        return rate_of(n_frames / seconds, LENGTH)
    if rate is None:
        assumed = f"{FPS:g} per second assumed, which gives {n_frames / FPS:.1f} s of motion"
        return Rate(FPS, (f"states no frame rate (such as mocap_frame_rate): {assumed}",))
    if seconds > 0 and abs(n_frames / rate.fps - seconds) > max(1.0, 0.02 * seconds):
        found = f"{n_frames} frames at {rate.fps:g} per second are {n_frames / rate.fps:.1f} s"
        return Rate(rate.fps, (*rate.notes, f"{found}, but {LENGTH} is {seconds:.1f} s"))
    return rate
