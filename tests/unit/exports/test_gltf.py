"""Meshes of bodies and of the cortex, and the glTF and OBJ files that hold them, read back by VTK and by hand."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fmri2ges.errors import UserError
from fmri2ges.exports import gltf
from fmri2ges.exports.gltf import write_mesh_glb, write_motion_glb, write_obj
from fmri2ges.exports.meshes import Mesh, body_mesh, body_pieces, cortex_mesh
from fmri2ges.exports.rois import MESHES, export_rois
from fmri2ges.motion.features import from_bones
from fmri2ges.storage.decoded import load_decoded
from fmri2ges.types import Motion, Skeleton

ORANGE = (213, 94, 0)
# A chain of names that ours does not have.
STRANGE = Skeleton(("root", "tentacle", "tip"), (-1, 0, 1))


@pytest.fixture(scope="module")
def motion(synthetic):
    return synthetic.gesture(np.random.default_rng(0), 2.0, start=7.0)[0]


def volume(mesh):
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(float) for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def assert_closed(mesh):
    """Every edge belongs to two triangles, which run along it in opposite directions."""
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]])
    forth, back = ({tuple(edge) for edge in side.tolist()} for side in (edges, edges[:, ::-1]))
    assert len(forth) == len(edges) and forth == back


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(0.01, 100))
def test_every_part_of_a_body_is_closed_and_turned_outwards(seed, size):
    directions = np.random.default_rng(seed).standard_normal((1, 9, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    pose = size * from_bones(directions.reshape(1, 27))[0]
    pieces = body_pieces(pose, Skeleton(), ORANGE)
    assert [piece.name for piece in pieces] == [
        "trunk", "head", "left_elbow", "left_wrist", "right_elbow", "right_wrist",
    ]  # fmt: skip
    for piece in pieces:
        assert_closed(piece.mesh)
        assert volume(piece.mesh) > 0


def test_a_ball_has_its_volume_and_a_limb_reaches_from_joint_to_joint():
    pose = np.array([[0, 0, 0], [0, 1, 0], [2, 1, 0]], float)
    limbs = body_pieces(pose, STRANGE, ORANGE)
    assert [limb.name for limb in limbs] == ["tentacle", "tip"]
    low, high = limbs[1].mesh.vertices.min(0), limbs[1].mesh.vertices.max(0)
    assert (low[0], high[0]) == (pytest.approx(-0.037, abs=1e-3), pytest.approx(2 + 0.030, abs=1e-3))
    # A cone between the radii and half a ball at each end; its round cross-section has 20 corners.
    a, b = 0.037, 0.030
    exact = np.pi * 2 * (a**2 + a * b + b**2) / 3 + 2 / 3 * np.pi * (a**3 + b**3)
    assert volume(limbs[1].mesh) == pytest.approx(exact, rel=0.03)


def test_joints_on_one_place_have_no_limb():
    assert body_pieces(np.zeros((3, 3)), STRANGE, ORANGE) == []


def test_the_cortex_has_its_colours_and_grey_elsewhere():
    colours = np.full((20484, 3), np.nan)
    colours[5] = (1, 0, 0)
    mesh = cortex_mesh(colours)
    assert mesh.colours[5, 0] > 200 and mesh.colours[5, 1] < 60
    others = np.delete(mesh.colours, 5, axis=0)
    assert (others == others[:, :1]).all()
    pial, inflated = cortex_mesh(colours).vertices, cortex_mesh(colours, "inflated").vertices
    assert np.abs(pial[:10242, 0].max()) < 20 and inflated[:10242, 0].max() < inflated[10242:, 0].min()


class Read:
    """A .glb taken apart after the specification."""

    def __init__(self, path):
        data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON" and size % 4 == 0
        self.root = json.loads(data[20 : 20 + size])
        rest, kind = struct.unpack_from("<I4s", data, 20 + size)
        self.binary = data[28 + size :]
        assert kind == b"BIN\0" and rest == len(self.binary) == self.root["buffers"][0]["byteLength"]

    def array(self, index):
        accessor = self.root["accessors"][index]
        view = self.root["bufferViews"][accessor["bufferView"]]
        assert view["byteOffset"] % 4 == 0
        dtype = {5126: "<f4", 5125: "<u4", 5123: "<u2"}[accessor["componentType"]]
        columns = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        found = np.frombuffer(self.binary, dtype, accessor["count"] * columns, view["byteOffset"])
        assert found.nbytes == view["byteLength"]
        return found.reshape(-1, columns) if columns > 1 else found

    def curves(self, node):
        """Translation and rotation of a node over time."""
        animation = self.root["animations"][0]
        return {
            channel["target"]["path"]: self.array(animation["samplers"][channel["sampler"]]["output"])
            for channel in animation["channels"]
            if channel["target"]["node"] == node
        }


def test_limbs_follow_their_joints_at_every_frame(motion, tmp_path):
    path = write_motion_glb(tmp_path / "m.glb", {"A": (motion, ORANGE), "B": (motion, (0, 0, 0))}, {"title": "t"})
    read, joints = Read(path), motion.skeleton.joints
    bodies = [read.root["nodes"][k] for k in read.root["scenes"][0]["nodes"]]
    assert [body["name"] for body in bodies] == ["A", "B"]
    assert bodies[1]["translation"][0] - bodies[0]["translation"][0] == pytest.approx(1.0)
    for number in bodies[0]["children"]:
        node, curves = read.root["nodes"][number], read.curves(number)
        if node["name"] in ("head", "trunk"):  # these follow several joints, in the best turn for all
            continue
        child = joints.index(node["name"])
        parent = motion.skeleton.parents[child]
        rest = motion.positions[0, child] - motion.positions[0, parent]
        reached = Rotation.from_quat(curves["rotation"]).apply(rest) + curves["translation"]
        assert np.abs(reached - motion.positions[:, child]).max() < 1e-3  # a millimetre
        assert np.allclose(node["translation"], motion.positions[0, parent], atol=1e-6)
        assert (np.sum(curves["rotation"][1:] * curves["rotation"][:-1], 1) > 0).all()
    clock = read.array(read.root["animations"][0]["samplers"][0]["input"])
    assert np.allclose(clock, np.arange(motion.n_frames) / motion.fps, atol=1e-5)


def test_turns_of_half_a_circle_are_turns():
    a = np.array([[[0, 0, 0], [0, 1, 0], [0, 2, 0]], [[0, 0, 0], [0, -1, 0], [0, -2, 0]]], np.float32)
    piece = body_pieces(a[0], STRANGE, ORANGE)[0]
    turn = gltf._turns(piece, a.astype(float))[1]
    assert np.linalg.norm(turn) == pytest.approx(1)
    assert Rotation.from_quat(turn).apply([0, 1, 0]) == pytest.approx([0, -1, 0], abs=1e-6)


def test_colours_are_linear_light(tmp_path):
    mesh = Mesh.of(np.eye(3), [[0, 1, 2]], ORANGE)
    read = Read(write_mesh_glb(tmp_path / "m.glb", {"a": mesh}, {"title": "t"}))
    colour = read.array(read.root["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])[0] / 65535
    # sRGB .8353 and .3686 by IEC 61966-2-1
    assert colour == pytest.approx([0.6654, 0.1119, 0.0, 1.0], abs=2e-4)


def test_vtk_reads_the_cortex_with_superior_up_and_anterior_to_the_front(tmp_path):
    import pyvista

    mesh = cortex_mesh(np.full((20484, 3), np.nan))
    block = pyvista.read(write_mesh_glb(tmp_path / "m.glb", {"cortex": mesh}, {"title": "t"}, 0.001))
    found = block.combine().points
    assert found.shape == (20484, 3)
    x, y, z = mesh.vertices.T / 1000
    assert np.allclose(found, np.stack([-x, z, y], 1), atol=1e-5)


def test_vtk_reads_the_obj(tmp_path):
    import pyvista

    mesh = body_mesh(np.array([[0, 0, 0], [0, 1, 0], [2, 1, 0]], float), STRANGE, ORANGE)
    path = write_obj(tmp_path / "m.obj", mesh, "title: t\nsimulated: True")
    assert path.read_text().startswith("# title: t\n# simulated: True\nv ")
    found = pyvista.read(path)
    assert found.n_points == len(mesh.vertices) and found.n_cells == len(mesh.faces)
    assert np.allclose(found.points, mesh.vertices, atol=1e-4)


def test_files_say_that_they_are_simulated(decoded_dir, tmp_path):
    decoded = load_decoded(decoded_dir)
    for format, ending in MESHES.items():
        (path,) = export_rois(decoded, format, tmp_path / f"rois{ending}")
        words = path.read_bytes().decode("utf-8", "ignore").lower()
        assert "simulated: s" in words and decoded.request.story in words


def test_a_file_that_would_be_too_large_is_refused(motion, tmp_path, monkeypatch):
    monkeypatch.setattr(gltf, "MAX_MB", 0.01)
    with pytest.raises(UserError, match="choose a shorter stretch"):
        write_motion_glb(tmp_path / "m.glb", {"A": (motion, ORANGE)}, {"title": "t"})
    assert not (tmp_path / "m.glb").exists()


def test_a_motion_that_begins_later_keeps_its_time(motion, tmp_path):
    later = replace(motion, start=motion.start + 3)
    read = Read(write_motion_glb(tmp_path / "m.glb", {"A": (motion, ORANGE), "B": (later, ORANGE)}, {"title": "t"}))
    samplers = read.root["animations"][0]["samplers"]
    assert read.array(samplers[0]["input"])[0] == 0
    assert read.array(samplers[-1]["input"])[0] == pytest.approx(3)
    assert isinstance(later, Motion)
