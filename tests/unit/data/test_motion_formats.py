"""Motion to disk and back: npz, BVH, CSV, GIFTI."""

import csv
import re
import warnings

import nibabel
import numpy as np
import pybvh
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.data.atomic import read_json, write_json, write_npz
from fmri2ges.data.motion.bvh import read_bvh, write_bvh
from fmri2ges.data.motion.bvh_parse import parse_bvh
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.data.rois.files import select_rois
from fmri2ges.errors import UserError
from fmri2ges.figures.export import export
from fmri2ges.motion.features import BONE_LENGTHS
from fmri2ges.results import Decoded
from fmri2ges.types import TED10_JOINTS, Motion, Skeleton
from tests.conftest import make_motion


def test_npz_keeps_samples_skeleton_and_clock(tmp_path):
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(4, 7, 3, 3)).astype(np.float32)
    motion = Motion(samples[0], fps=30, start=12.5, skeleton=Skeleton(("a", "b", "c"), (-1, 0, 1)), samples=samples)
    back = read_motion(write_motion(tmp_path / "m.npz", motion))
    np.testing.assert_array_equal(back.samples, samples)
    assert (back.fps, back.start, back.skeleton) == (30, 12.5, motion.skeleton)


def test_npz_errors_name_the_file(tmp_path):
    write_npz(tmp_path / "a.npz", positions=np.zeros((2, 10, 3)))
    with pytest.raises(UserError, match="a.npz: is not a motion file: fps, start, joints, parents missing"):
        read_motion(tmp_path / "a.npz")
    names = {"fps": np.float64(15), "start": np.float64(0), "joints": np.array(["a"]), "parents": np.array([-1])}
    write_npz(tmp_path / "b.npz", positions=np.zeros((2, 10, 3)), **names)
    with pytest.raises(UserError, match="b.npz: motion positions: shape must be"):
        read_motion(tmp_path / "b.npz")


@pytest.fixture
def walk():
    """Two frames of a T-pose that faces +z, the second one turned and with the left arm forward."""
    spine, neck = np.zeros(3), np.array([0, 0.5, 0])
    pose = [spine, neck, [0, 0.65, 0.07], [0, 0.77, 0.02], [0.19, 0.5, 0], [0.47, 0.5, 0], [0.73, 0.5, 0]]
    pose += [[-0.19, 0.5, 0], [-0.47, 0.5, 0], [-0.73, 0.5, 0]]
    pose = np.array(pose, float)
    raised = pose.copy()
    raised[5], raised[6] = [0.19, 0.5, 0.28], [0.19, 0.5, 0.54]
    turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], float)  # a quarter turn to the speaker's left
    return Motion(np.stack([pose, raised @ turn.T + [1, 0.2, -0.5]]).astype(np.float32), fps=15)


def test_bvh_has_a_real_rest_pose(tmp_path, walk):
    path = write_bvh(tmp_path / "m.bvh", walk)
    bvh = pybvh.read_bvh_file(path, world_up="+y")
    rest = dict(zip([n.name for n in bvh.nodes], bvh.rest_pose_positions(), strict=True))
    np.testing.assert_allclose(rest["neck"] - rest["spine"], [0, 50, 0], atol=1e-3)
    np.testing.assert_allclose(rest["left_wrist"] - rest["neck"], [73, 0, 0], atol=1e-3)
    np.testing.assert_allclose(rest["right_wrist"] - rest["neck"], [-73, 0, 0], atol=1e-3)
    assert rest["nose"][2] > 5  # the face looks along +z
    # The T-pose of the data is the rest pose: apart from the head nothing turns.
    angles = dict(zip(bvh.joint_names, np.degrees(bvh.joint_angles[0]), strict=True))
    for joint in ("spine", "left_clavicle", "left_shoulder", "right_elbow"):
        np.testing.assert_allclose(angles[joint], 0, atol=1e-3)
    # A quarter turn of the body is carried by the root.
    np.testing.assert_allclose(np.degrees(bvh.joint_angles[1][0]), [0, 0, 90], atol=1e-3)


@pytest.mark.parametrize("scale", [1.0, 0.01, 10.0])
def test_no_bone_of_a_written_file_has_length_zero(tmp_path, walk, scale):
    """Programs that make a bone of every joint drop, or stretch, one that stands where its parent stands."""
    bvh = parse_bvh(write_bvh(tmp_path / "m.bvh", walk, scale))
    lengths = np.linalg.norm(bvh.offsets, axis=1)
    assert bvh.names[0] == "spine" and (lengths[1:] > 5 * scale).all()  # 5 cm
    ends = re.findall(r"End Site\s*\{\s*OFFSET (\S+) (\S+) (\S+)", (tmp_path / "m.bvh").read_text())
    assert len(ends) == 3 and all(np.linalg.norm(np.array(end, float)) >= 5 * scale for end in ends)


@pytest.mark.parametrize("scale, units", [(1.0, "centimetres"), (0.01, "metres"), (10.0, "millimetres")])
def test_a_written_scale_is_read_back(tmp_path, scale, units):
    motion = make_motion(np.random.default_rng(0), 40)
    path = write_bvh(tmp_path / "m.bvh", motion, scale)
    place = pybvh.read_bvh_file(path, world_up="+y")
    wrist = place.joint_positions()[:, place.joint_names.index("left_wrist")]
    np.testing.assert_allclose(wrist, 100 * scale * motion.positions[:, 6], atol=1e-3 * scale)  # .01 mm
    got = import_motion_file(path)
    assert got.axes.units == units and got.all_notes == ()
    np.testing.assert_allclose(got.motion.positions, motion.positions, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, -1.0, 1e-9, 1e9, float("nan")])
def test_a_scale_that_cannot_be_is_one_clear_line(tmp_path, walk, scale):
    with pytest.raises(UserError, match="scale: must be between 0.001 and 1000; .*0.01 writes metres"):
        write_bvh(tmp_path / "m.bvh", walk, scale)
    assert not list(tmp_path.iterdir())


def test_bvh_positions_agree_with_pybvh(tmp_path, walk):
    path = write_bvh(tmp_path / "m.bvh", walk)
    bvh = pybvh.read_bvh_file(path, world_up="+y")
    theirs = bvh.joint_positions()[:, [bvh.joint_names.index(j) for j in TED10_JOINTS]]
    np.testing.assert_allclose(theirs, walk.positions * 100, atol=1e-3)


def test_bvh_angles_do_not_jump(tmp_path):
    # A forearm that circles twice passes +-180 degrees; programs interpolate between frames.
    n = 121
    phase = np.linspace(0, 4 * np.pi, n)
    positions = np.zeros((n, 10, 3))
    positions[:, 1] = [0, 0.5, 0]
    positions[:, 2], positions[:, 3] = [0, 0.65, 0.07], [0, 0.77, 0.02]
    for sign, first in ((1, 4), (-1, 7)):
        positions[:, first] = [sign * 0.19, 0.5, 0]
        positions[:, first + 1] = [sign * 0.47, 0.5, 0]
        offset = np.stack([np.cos(phase), np.sin(phase), np.zeros(n)], 1) * [sign, 1, 1]
        positions[:, first + 2] = positions[:, first + 1] + 0.26 * offset
    path = write_bvh(tmp_path / "m.bvh", Motion(positions.astype(np.float32)))
    angles = np.degrees(pybvh.read_bvh_file(path, world_up="+y").joint_angles)
    assert np.abs(np.diff(angles, axis=0)).max() < 90
    np.testing.assert_allclose(read_bvh(path).positions, positions, atol=1e-5)


RIG = """HIERARCHY
ROOT {p}Hips
{{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT {p}Spine
 {{
  OFFSET 0 {s10} 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT {p}Neck
  {{
   OFFSET 0 {s40} 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT {p}Head
   {{
    OFFSET 0 {s10} 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {{
     OFFSET 0 {s10} 0
    }}
   }}
  }}
{arms} }}
}}
MOTION
Frames: 2
Frame Time: 0.0333333
{frame}
{frame}
"""
ARM = """  JOINT {p}{side}Arm
  {{
   OFFSET {x} {s40} 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT {p}{side}ForeArm
   {{
    OFFSET {x} 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT {p}{side}Hand
    {{
     OFFSET {x} 0 0
     CHANNELS 3 Zrotation Xrotation Yrotation
     End Site
     {{
      OFFSET {x} 0 0
     }}
    }}
   }}
  }}
"""


def rig(path, prefix="", unit=1.0):
    sizes = {"p": prefix, "s10": 10 * unit, "s40": 40 * unit}
    arms = "".join(ARM.format(side=side, x=sign * 20 * unit, **sizes) for side, sign in (("Left", 1), ("Right", -1)))
    frame = " ".join(["0"] * 3 + ["0"] * 3 * 10)
    path.write_text(RIG.format(arms=arms, frame=frame, **sizes))
    return path


@pytest.mark.parametrize("prefix", ["", "mixamorig:"])
@pytest.mark.parametrize("unit", [1.0, 0.01, 10.0])
def test_known_rigs_in_any_unit(tmp_path, prefix, unit):
    motion = read_bvh(rig(tmp_path / "rig.bvh", prefix, unit))
    assert motion.fps == 30 and motion.skeleton == Skeleton()
    at = dict(zip(TED10_JOINTS, motion.positions[0], strict=True))
    np.testing.assert_allclose(at["left_wrist"] - at["spine"], [0.6, 0.4, 0], atol=1e-6)
    np.testing.assert_allclose(at["right_elbow"] - at["spine"], [-0.4, 0.4, 0], atol=1e-6)
    # The nose is guessed: in front of the head, on the side that the shoulders face.
    assert at["nose"][2] > 0.05 and abs(at["nose"][0]) < 1e-6 and at["head"][1] > at["nose"][1] > at["neck"][1]


def test_unknown_rigs_are_explained(tmp_path):
    path = rig(tmp_path / "rig.bvh")
    path.write_text(path.read_text().replace("LeftHand", "Paw"))
    with pytest.raises(
        UserError, match=r"is of no known rig; proposed .*left_wrist = Paw \(0.4\).*the file has: Hips, Spine"
    ):
        read_bvh(path)
    path.write_text("HIERARCHY\nROOT")
    with pytest.raises(UserError, match="is not a readable BVH"):
        read_bvh(path)
    with pytest.raises(UserError, match="fit none of"):
        read_bvh(rig(path, unit=1e-4))


def test_export_csv(tmp_path, decoded_dir):
    (out,) = export(Decoded.load(decoded_dir), "csv", tmp_path / "m.csv", branch="text")
    motion = read_motion(decoded_dir / "text.npz")
    with open(out, newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == motion.n_frames * 10
    row = rows[25]
    assert (row["joint"], float(row["time_s"])) == (TED10_JOINTS[5], pytest.approx(2 / 15, abs=1e-6))
    found = [float(row[k]) for k in ("x_m", "y_m", "z_m")]
    np.testing.assert_allclose(found, motion.positions[2, 5], atol=1e-6)


def test_export_takes_the_direct_branch_unless_told(tmp_path, decoded_dir):
    for branch, expected in ((None, "direct"), ("text", "text")):
        (out,) = export(Decoded.load(decoded_dir), "npz", tmp_path / "m.npz", branch=branch)
        np.testing.assert_array_equal(
            read_motion(out).positions, read_motion(decoded_dir / f"{expected}.npz").positions
        )
    (decoded_dir / "direct.npz").unlink()
    (out,) = export(Decoded.load(decoded_dir), "bvh", tmp_path / "m.bvh")
    np.testing.assert_allclose(read_bvh(out).positions, read_motion(decoded_dir / "text.npz").positions, atol=1e-5)
    with pytest.raises(UserError, match="'direct' was not decoded; there is: text"):
        export(Decoded.load(decoded_dir), "bvh", tmp_path / "m.bvh", branch="direct")


@pytest.mark.parametrize("name", ["roi.gii", "roi.func.gii", "roi.label.gii"])
def test_roi_mask_as_gifti(tmp_path, decoded_dir, name):
    kind = "label" if "label" in name else "func"
    paths = export(Decoded.load(decoded_dir), "gii", tmp_path / name)
    assert [p.name for p in paths] == [f"roi.L.{kind}.gii", f"roi.R.{kind}.gii"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        left, right = (nibabel.load(p) for p in paths)
    mask = np.concatenate([left.darrays[0].data, right.darrays[0].data])
    np.testing.assert_array_equal(mask != 0, load_atlas().vertices(["Broca", "L_V1"]))
    assert left.meta["AnatomicalStructurePrimary"] == "CortexLeft"


def test_an_exported_label_pair_selects_the_same_areas(tmp_path, decoded_dir):
    paths = export(Decoded.load(decoded_dir), "gii", tmp_path / "roi.label.gii")
    atlas = load_atlas()
    assert set(select_rois(paths).names) == set(atlas.expand(["Broca", "L_V1"]))
    assert set(select_rois(paths[:1]).names) == {a for a in atlas.expand(["Broca", "L_V1"]) if a.startswith("L_")}


def test_roi_lists(tmp_path):
    (tmp_path / "a.txt").write_text("Broca  # language\n\nL_44\nBroca\n")
    (tmp_path / "a.json").write_text('["AG", "44"]')
    assert select_rois([tmp_path / "a.txt", tmp_path / "a.json"]).names == ("Broca", "L_44", "AG", "44")
    (tmp_path / "b.json").write_text('{"rois": 1}')
    (tmp_path / "c.txt").write_text("# nothing\n")
    (tmp_path / "L.label.gii").write_text("<GIFTI")
    for name, message in (
        ("b.json", "must be a list"),
        ("c.txt", "no ROI chosen"),
        ("L.label.gii", "cannot be read as GIFTI"),
        ("d.txt", "no such file"),
    ):
        with pytest.raises(UserError, match=message):
            select_rois([tmp_path / name])


def test_table_studies_have_no_mask(tmp_path, decoded_dir):
    write_json(decoded_dir / "manifest.json", {**read_json(decoded_dir / "manifest.json"), "space": "table"})
    with pytest.raises(UserError, match="no place on the cortex"):
        export(Decoded.load(decoded_dir), "gii", tmp_path / "roi.gii")


def test_export_refuses_what_it_cannot_do(tmp_path, decoded_dir):
    with pytest.raises(UserError, match="format: 'fbx' is not known; allowed: bvh"):
        export(Decoded.load(decoded_dir), "fbx", tmp_path / "m.fbx")
    with pytest.raises(UserError, match="is not a decoded result"):
        export(Decoded.load(tmp_path / "none"), "bvh", tmp_path / "m.bvh")
    other = Motion(np.zeros((2, 3, 3)), skeleton=Skeleton(("a", "b", "c"), (-1, 0, 1)))
    with pytest.raises(UserError, match="only the canonical skeleton"):
        write_bvh(tmp_path / "m.bvh", other)
    for format in ("bvh", "npz", "csv", "csv-wide", "gif", "mp4", "glb"):
        with pytest.raises(UserError, match=rf"a {format} must end in \.\w+; got .*m\.obj"):
            export(Decoded.load(decoded_dir), format, tmp_path / "m.obj")
    assert not (tmp_path / "m.obj").exists()


def test_bone_lengths_of_a_written_motion(tmp_path, decoded_dir):
    (out,) = export(Decoded.load(decoded_dir), "bvh", tmp_path / "m.bvh")
    motion = read_bvh(out)
    lengths = [np.linalg.norm(motion.positions[:, c] - motion.positions[:, p], axis=-1) for p, c in Skeleton().bones]
    np.testing.assert_allclose(np.array(lengths), np.repeat(BONE_LENGTHS[:, None], motion.n_frames, 1), atol=1e-5)
