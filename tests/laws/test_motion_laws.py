"""What must hold for any body, however a file turns, scales or names it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fmri2ges.data.motion.bvh import import_bvh, read_bvh, write_bvh
from fmri2ges.motion.features import BONE_LENGTHS, from_bones, resample, to_bones
from fmri2ges.motion.orient import AXES, UNITS, to_canonical
from fmri2ges.types import Motion, Skeleton
from tests import rigs
from tests.conftest import make_motion

laws = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)
RIG = ("spine", "neck", "head", *(f"{s}_{p}" for s in ("left", "right") for p in ("shoulder", "elbow", "wrist")))
UPRIGHT = {"+y": (0, 0, 0), "-y": (180, 0, 0), "+z": (90, 0, 0), "-z": (-90, 0, 0), "+x": (0, 0, -90), "-x": (0, 0, 90)}


def body(seed: int, n: int = 12) -> dict[str, np.ndarray]:
    place = rigs.positions(rigs.motion(np.random.default_rng(seed), n))
    return {joint: place[joint] for joint in RIG}


def brought(joints: dict[str, np.ndarray]):
    rotation, scale, axes = to_canonical(joints)
    return {k: scale * v @ rotation.T for k, v in joints.items()}, axes


@laws
@given(
    seed=seeds,
    yaw=st.floats(-180, 180),
    up=st.sampled_from(AXES),
    unit=st.sampled_from(sorted(UNITS)),
    far=st.floats(-5, 5),
)
def test_turning_tipping_moving_and_scaling_the_scene_change_nothing(seed, yaw, up, unit, far):
    plain, _ = brought(body(seed))
    turn = Rotation.from_euler("xyz", UPRIGHT[up], degrees=True) * Rotation.from_euler("y", yaw, degrees=True)
    scene = {k: (turn.apply(v) + [far, -far, 2 * far]) / UNITS[unit] for k, v in body(seed).items()}
    found, axes = brought(scene)
    assert (axes.units, axes.up) == (unit, up)
    for joint in RIG:
        np.testing.assert_allclose(found[joint] - found["spine"], plain[joint] - plain["spine"], atol=1e-9)


@laws
@given(seed=seeds, yaw=st.floats(-180, 180), up=st.sampled_from(AXES))
def test_left_stays_left_and_the_rotation_is_proper(seed, yaw, up):
    turn = Rotation.from_euler("xyz", UPRIGHT[up], degrees=True) * Rotation.from_euler("y", yaw, degrees=True)
    joints = {k: turn.apply(v) for k, v in body(seed).items()}
    rotation, _, _ = to_canonical(joints)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) > 0.99  # never a mirror image
    found, _ = brought(joints)
    assert (found["left_shoulder"] - found["right_shoulder"])[:, 0].mean() > 0.1
    across = (found["left_shoulder"] - found["right_shoulder"]).mean(0)
    assert abs(across[2]) < 0.05 * across[0] + 0.02  # the shoulders face +z on average


@settings(deadline=None, max_examples=10)
@given(
    seed=seeds,
    rig=st.sampled_from(["zeroeggs", "mixamo", "cmu", "beat short", "genea"]),
    order=st.sampled_from(["ZXY", "XYZ", "YXZ"]),
)
def test_rigs_differ_in_name_only(seed, rig, order, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rigs")
    turns = rigs.motion(np.random.default_rng(seed), 5)
    one = import_bvh(rigs.write(folder / "a.bvh", rigs.NAMES["zeroeggs"], turns)).motion
    other = import_bvh(
        rigs.write(folder / "b.bvh", rigs.NAMES[rig], turns, order=order, six=rig == "genea", scale=1.0)
    ).motion
    np.testing.assert_allclose(other.positions, one.positions, atol=1e-3)


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_bones_of_a_read_rig_keep_their_length(seed, tmp_path_factory):
    turns = rigs.motion(np.random.default_rng(seed), 8)
    motion = read_bvh(rigs.write(tmp_path_factory.mktemp("rigs") / "a.bvh", rigs.NAMES["zeroeggs"], turns))
    at = dict(zip(motion.skeleton.joints, motion.positions.transpose(1, 0, 2), strict=True))
    for side in ("left", "right"):
        for a, b, length in (("shoulder", "elbow", 0.28), ("elbow", "wrist", 0.25)):
            found = np.linalg.norm(at[f"{side}_{a}"] - at[f"{side}_{b}"], axis=-1)
            np.testing.assert_allclose(found, length, atol=1e-5)


@laws
@given(seed=seeds, share=st.floats(0.05, 0.5), fps=st.sampled_from([7.5, 15.0, 25.0, 30.0, 60.0, 120.0]))
def test_resampling_keeps_the_clock(seed, share, fps):
    rng = np.random.default_rng(seed)
    hertz = share * min(fps, 30.0) / 2  # a body that swings no faster than the lower rate can show
    swing = np.sin(2 * np.pi * hertz * np.arange(121)[:, None] / 30 + rng.uniform(0, 2 * np.pi, 27))
    motion = Motion(from_bones(rng.uniform(1, 3, 27) + 0.3 * swing), fps=30.0, start=4.0)
    found = resample(motion, fps)
    assert found.fps == fps and found.start == 4.0
    assert motion.times[-1] - 1 / fps - 1e-9 <= found.times[-1] <= motion.times[-1] + 1e-9
    shared = [(i, j) for i, t in enumerate(found.times) for j in np.flatnonzero(np.abs(motion.times - t) < 1e-9)]
    shared = [
        (i, j) for i, j in shared if 5 < found.times[i] < 7
    ]  # a filter has to guess what was before the first frame
    assert len(shared) >= 2
    for i, j in shared:
        np.testing.assert_allclose(found.positions[i], motion.positions[j], atol=1e-5 if fps >= 30 else 0.02)


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_what_is_written_keeps_bone_lengths_and_features(seed, tmp_path_factory):
    motion = make_motion(np.random.default_rng(seed), 20)
    back = read_bvh(write_bvh(tmp_path_factory.mktemp("bvh") / "a.bvh", motion))
    lengths = [np.linalg.norm(back.positions[:, c] - back.positions[:, p], axis=-1) for p, c in Skeleton().bones]
    np.testing.assert_allclose(np.array(lengths), np.repeat(BONE_LENGTHS[:, None], 20, 1), atol=1e-5)
    np.testing.assert_allclose(to_bones(back.positions), to_bones(motion.positions), atol=1e-4)
