"""What kind of rotations an array of poses holds: axis-angle in radians, or something else that has a name.

Rotation matrices, quaternions, the six numbers of two columns (Zhou et al. 2019) and degrees are all stored under the
name `poses` somewhere; taken for axis-angle they give arms that are wrong without any error.
"""

from __future__ import annotations

import numpy as np

from ...errors import UserError

# Joints of SMPL's body without and with hands, of SMPL-H and of SMPL-X -> name.
MODELS = {22: "the body alone", 24: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
OTHERS = {4: "quaternions", 6: "6D rotations (two columns of a matrix)", 9: "rotation matrices"}
STIFF = (3, 6, 9, 12, 13, 14)  # joints of SMPL with little freedom: spine, neck, collars
FOLDED = 1.0  # radians; no joint of the spine bends so far
TURN = 2 * np.pi
LOOK = 500  # frames that are looked at, spread over the clip
NEAR = 1e-2  # how far a norm or a product may lie from that of a rotation


def check_axis_angle(poses: np.ndarray) -> np.ndarray:
    """Poses as rows of axis-angle rotations.

    Parameters
    ----------
    poses : array (n_frames, 3 x n_joints) or (n_frames, n_joints, 3), radians

    Returns
    -------
    poses : array (n_frames, 3 x n_joints), as it was given

    Raises
    ------
    UserError
        For another width, and for values that cannot be axis-angle in radians, by their name.
    """
    if poses.ndim < 2 or not len(poses):
        raise UserError(f"poses must be frames x numbers, {_known()}; got {poses.shape}")
    flat = poses.reshape(len(poses), -1)
    width = flat.shape[1]
    some = flat[:: max(1, len(flat) // LOOK)].astype(np.float64)
    kind = _kind(poses.shape[1:], some)
    if kind:
        raise UserError(
            f"poses of shape {poses.shape} hold {kind}, not axis-angle; convert them, for example with "
            "scipy.spatial.transform.Rotation(...).as_rotvec(), to three numbers a joint in radians"
        )
    if width not in {3 * n for n in MODELS} or (poses.ndim == 3 and poses.shape[2] != 3) or poses.ndim > 3:
        likely = [f"{n} joints in {name}" for n in MODELS for size, name in OTHERS.items() if n * size == width]
        hint = f", which would fit {likely[0]}" if likely else ""
        raise UserError(f"poses must be frames x numbers, {_known()}; got {poses.shape}{hint}")
    _check_radians(flat[:, : 3 * min(MODELS)])
    _check_trunk(flat[:, : 3 * min(MODELS)])
    return flat


def _known() -> str:
    return "three a joint in radians: " + ", ".join(f"{3 * n} ({name})" for n, name in MODELS.items())


def _kind(shape: tuple[int, ...], some: np.ndarray) -> str:
    """The name of rotations that are no axis-angle; empty where none is recognised.

    Values decide; where they cannot be told (a number is not finite), only the shape does.
    """
    width = some.shape[1]
    sizes = [size for size in OTHERS if width % size == 0]
    for size in sorted(sizes, reverse=True):
        if _are(size, some.reshape(len(some), -1, size)):
            return OTHERS[size]
    per_joint = int(np.prod(shape[1:])) if len(shape) > 1 else 0  # of arrays frames x joints x numbers
    return OTHERS.get(per_joint, "")


def _are(size: int, values: np.ndarray) -> bool:
    """Whether all values (n_frames, n, size) are rotations of this kind."""
    if not np.isfinite(values).all():
        return False
    if size == 4:
        return _all_near(np.linalg.norm(values, axis=-1), 1.0)
    if size == 6:
        # Two columns one after the other, or the first two columns row by row.
        pairs = (values.reshape(*values.shape[:2], 2, 3), values.reshape(*values.shape[:2], 3, 2).swapaxes(-1, -2))
        return any(_orthonormal(pair) for pair in pairs)
    return _orthonormal(values.reshape(*values.shape[:2], 3, 3))


def _orthonormal(vectors: np.ndarray) -> bool:
    """Whether the rows of (..., k, 3) have length 1 and stand upright on each other."""
    products = vectors @ vectors.swapaxes(-1, -2)
    return _all_near(products, np.eye(vectors.shape[-2]))


def _all_near(values: np.ndarray, goal) -> bool:
    return bool((np.abs(values - goal) < NEAR).all())


def _check_trunk(body: np.ndarray) -> None:
    """Refuse rotations under which the spine folds: they are normalised (z-scored), or of joints in another order."""
    angles = np.linalg.norm(body.astype(np.float64).reshape(len(body), -1, 3)[:, list(STIFF)], axis=-1)
    usual = np.median(angles, axis=0)
    if np.isfinite(usual).all() and (usual > FOLDED).sum() > len(STIFF) / 2:
        raise UserError(
            f"poses turn the joints of spine, neck and collars by {np.degrees(np.median(usual)):.0f} degrees on average"
            ", which no body can; they look normalised (undo that: times the standard deviation, plus the mean), or "
            "their joints are in another order than SMPL's"
        )


def _check_radians(body: np.ndarray) -> None:
    """Refuse angles of more than a turn: they are degrees, or no angles. The root may have turned several times."""
    angles = np.linalg.norm(body.astype(np.float64).reshape(len(body), -1, 3)[:, 1:], axis=-1)
    if np.isfinite(angles).all() and angles.max(initial=0.0) > TURN + NEAR:
        frame, joint = np.unravel_index(angles.argmax(), angles.shape)
        raise UserError(
            f"poses hold a rotation by {angles[frame, joint]:.1f} at joint {joint + 1} in frame {frame + 1}; a whole "
            f"turn is {TURN:.2f} radians: these look like degrees or Euler angles; convert them to axis-angle "
            "in radians"
        )
