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

from ...errors import UserError, check_finite, check_positive
from ...motion.features import resample
from ...motion.orient import canonical_motion
from ..npz import npz_arrays
from .bvh import Imported
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
N_BODY = 22  # joints at the head of `poses`, in SMPL, SMPL-H and SMPL-X alike
RATE_KEYS = ("mocap_frame_rate", "mocap_framerate", "fps")
FPS = 30.0  # of BEAT2, where the file does not say


def read_smplx(path, fps: float | None = None):
    """Upper-body motion of a SMPL-X .npz on the canonical skeleton; see `import_smplx`."""
    return import_smplx(path, fps).motion


def import_smplx(path, fps: float | None = None) -> Imported:
    """Upper-body motion of a SMPL-X file, and how it was understood.

    Parameters
    ----------
    path : .npz with `poses` (n_frames, 165) in radians (SMPL-H, 156, and SMPL, 72, will do), and, if
        present, `trans` (n_frames, 3) in metres and `mocap_frame_rate`
    fps : frames per second wanted; None keeps those of the file

    Raises
    ------
    UserError
        When an array is missing or has another shape.
    """
    path = Path(path)
    arrays = npz_arrays(path, ("poses", "trans", *RATE_KEYS))
    poses = _numbers(path, arrays, "poses")
    if poses.ndim != 2 or poses.shape[1] < 3 * N_BODY or poses.shape[1] % 3 or not len(poses):
        raise UserError(
            f"{path}: poses must be frames x (3 numbers per joint, at least {N_BODY} joints); got {poses.shape}"
        )
    trans = _numbers(path, arrays, "trans") if "trans" in arrays else np.zeros((len(poses), 3))
    if trans.shape != (len(poses), 3):
        raise UserError(f"{path}: trans must be {(len(poses), 3)}, as poses has {len(poses)} frames; got {trans.shape}")
    places, head = pose(poses[:, : 3 * N_BODY].reshape(len(poses), N_BODY, 3), trans)
    places["spine"] = places["spine1"]
    try:
        motion, axes = canonical_motion(places, head, _rate(path, arrays), units="metres")
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return Imported(resample(motion, fps) if fps else motion, Mapping({}, {}, "SMPL-X"), axes)


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

    places, turns = {}, {}
    for joint, (number, parent, offset) in BODY.items():
        turn = Rotation.from_rotvec(rotations[:, number]).as_matrix()
        places[joint] = trans if parent is None else places[parent] + turns[parent] @ np.array(offset)
        turns[joint] = turn if parent is None else turns[parent] @ turn
    return places, turns["head"]


def _numbers(path: Path, arrays: dict[str, np.ndarray], key: str) -> np.ndarray:
    if key not in arrays:
        raise UserError(
            f"{path}: holds no array {key!r}; it must hold what BEAT2 ships (poses, trans, mocap_frame_rate)"
        )
    if arrays[key].dtype.kind not in "fiu":
        raise UserError(f"{path}: {key} must be numbers; got {arrays[key].dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        values = arrays[key].astype(np.float64)
    check_finite(f"{path}: {key}", values)
    if values.size and np.abs(values).max() > 1e6:
        raise UserError(f"{path}: {key} holds {np.abs(values).max():g}, which is neither radians nor metres")
    return values


def _rate(path: Path, arrays: dict[str, np.ndarray]) -> float:
    for key in RATE_KEYS:
        if key in arrays and arrays[key].size == 1 and arrays[key].dtype.kind in "fiu":
            rate = check_positive(f"{path}: {key}", float(arrays[key].reshape(())), "frames per second")
            if rate > 2000:
                raise UserError(f"{path}: {key}: {rate:g} frames per second are too many")
            return rate
    return FPS
