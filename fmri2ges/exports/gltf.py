"""glTF 2.0 in one binary file (.glb), which Blender, presentation programs and browsers open without a plug-in.

Written after the specification of the Khronos Group, https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html:
right-handed, y up, metres, seconds.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from ..data.atomic import write_bytes
from ..errors import UserError
from ..types import Motion
from .meshes import Mesh, Piece, body_pieces

MAGIC, JSON_CHUNK, BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
TYPES = {np.dtype(np.float32): 5126, np.dtype(np.uint32): 5125, np.dtype(np.uint16): 5123}
SHAPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
VERTICES, INDICES = 34962, 34963
MAX_MB = 500


class _File:
    """The parts of a glTF file while they are put together."""

    def __init__(self, about: dict[str, Any]):
        self.bytes = bytearray()
        self.root: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "fMRI2GES", "extras": about},
            "scene": 0,
            "scenes": [{"name": str(about.get("title", "fMRI2GES")), "nodes": []}],
            "materials": [
                {
                    "name": "colours of the corners",
                    "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.6},
                }
            ],
        }
        for name in ("nodes", "meshes", "accessors", "bufferViews"):
            self.root[name] = []

    def add(self, kind: str, value: dict[str, Any]) -> int:
        self.root[kind].append(value)
        return len(self.root[kind]) - 1

    def array(self, values: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """Put numbers into the file; returns the index of their accessor."""
        values = np.ascontiguousarray(values)
        self.bytes += b"\0" * (-len(self.bytes) % 4)
        view = {"buffer": 0, "byteOffset": len(self.bytes), "byteLength": values.nbytes}
        self.bytes += values.tobytes()
        if len(self.bytes) > MAX_MB * 2**20:
            raise UserError(f"glb: would be larger than {MAX_MB} MB; choose a shorter stretch with start and stop")
        columns = 1 if values.ndim == 1 else values.shape[1]
        accessor: dict[str, Any] = {
            "bufferView": self.add("bufferViews", view | ({} if target is None else {"target": target})),
            "componentType": TYPES[values.dtype],
            "count": len(values),
            "type": SHAPES[columns],
        }
        if values.dtype == np.uint16:
            accessor["normalized"] = True
        if bounds:
            rows = values.reshape(len(values), columns)
            accessor |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        return self.add("accessors", accessor)

    def mesh(self, mesh: Mesh, name: str) -> int:
        """Put a mesh into the file; returns its index."""
        opaque = np.concatenate([_linear(mesh.colours), np.full((len(mesh.colours), 1), 65535, np.uint16)], 1)
        attributes = {
            "POSITION": self.array(mesh.vertices.astype(np.float32), VERTICES, bounds=True),
            "NORMAL": self.array(_normals(mesh), VERTICES),
            "COLOR_0": self.array(opaque, VERTICES),
        }
        indices = self.array(mesh.faces.astype(np.uint32).ravel(), INDICES)
        primitive = {"attributes": attributes, "indices": indices, "material": 0}
        return self.add("meshes", {"name": name, "primitives": [primitive]})

    def write(self, out: Path) -> Path:
        """Write the file: a header, the JSON, the numbers."""
        self.bytes += b"\0" * (-len(self.bytes) % 4)
        self.root["buffers"] = [{"byteLength": len(self.bytes)}]
        text = json.dumps(self.root, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        length = 12 + 8 + len(text) + 8 + len(self.bytes)
        head = struct.pack("<III", MAGIC, 2, length) + struct.pack("<II", len(text), JSON_CHUNK)
        return write_bytes(out, head + text + struct.pack("<II", len(self.bytes), BIN_CHUNK) + bytes(self.bytes))


def write_mesh_glb(out, meshes: dict[str, Mesh], about: dict[str, Any], scale: float = 1.0) -> Path:
    """Write meshes that do not move.

    Parameters
    ----------
    out : file to write
    meshes : name -> mesh; z up as a cortex has it, turned to y up in the file
    about : what stands in the file about itself: title, subject, story, whether it is simulated
    scale : metres that one unit of the meshes is; 0.001 for mm
    """
    file = _File(about)
    for name, mesh in meshes.items():
        # Superior becomes y, which is up, and anterior becomes z, which faces the viewer.
        turn = [0.0, np.sqrt(0.5), np.sqrt(0.5), 0.0]
        node = {"name": name, "mesh": file.mesh(mesh, name), "rotation": turn, "scale": [scale] * 3}
        file.root["scenes"][0]["nodes"].append(file.add("nodes", node))
    return file.write(Path(out))


def write_motion_glb(out, motions: dict[str, tuple[Motion, Any]], about: dict[str, Any], apart: float = 1.0) -> Path:
    """Write moving bodies side by side, the first at the left as one looks at them.

    Each limb is one node that turns with its bone; the clock of the file begins where the first motion does.

    Parameters
    ----------
    out : file to write
    motions : name -> (motion, colour 0 to 255)
    about : what stands in the file about itself: title, subject, story, whether it is simulated
    apart : metres between two bodies
    """
    file = _File(about)
    begin = min(motion.start for motion, _ in motions.values())
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    for k, (name, (motion, rgb)) in enumerate(motions.items()):
        positions = motion.positions.astype(np.float64)
        clock = file.array((motion.times - begin).astype(np.float32), bounds=True)
        # Where the body stands on average is where its place on the floor is.
        place = [apart * (k - (len(motions) - 1) / 2), 0.0, 0.0]
        shift = np.array(place) - positions.mean((0, 1)) * [1.0, 0.0, 1.0]
        children = []
        for piece in body_pieces(positions[0], motion.skeleton, rgb):
            origin = positions[0, piece.anchors[0]]
            mesh = file.mesh(piece.mesh.moved(-origin), piece.name)
            # A program that plays nothing shows the first frame.
            node = file.add("nodes", {"name": piece.name, "mesh": mesh, "translation": origin.tolist()})
            children.append(node)
            paths = {"translation": positions[:, piece.anchors[0]], "rotation": _turns(piece, positions)}
            for path, values in paths.items():
                samplers.append({"input": clock, "output": file.array(values.astype(np.float32))})
                channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})
        body = {"name": name, "translation": shift.tolist(), "children": children}
        file.root["scenes"][0]["nodes"].append(file.add("nodes", body))
    title = file.root["scenes"][0]["name"]
    file.root["animations"] = [{"name": title, "samplers": samplers, "channels": channels}]
    return file.write(Path(out))


def write_obj(out, mesh: Mesh, about: str) -> Path:
    """Write a mesh as Wavefront OBJ; the colour stands behind each corner, as MeshLab and Blender read it."""
    lines = [f"# {line}" for line in about.splitlines()]
    for (x, y, z), (r, g, b) in zip(mesh.vertices.tolist(), (mesh.colours / 255).tolist(), strict=True):
        lines.append(f"v {x:.4f} {y:.4f} {z:.4f} {r:.4f} {g:.4f} {b:.4f}")
    lines += [f"f {a} {b} {c}" for a, b, c in (mesh.faces + 1).tolist()]
    return write_bytes(Path(out), ("\n".join(lines) + "\n").encode())


def _turns(piece: Piece, positions: np.ndarray) -> np.ndarray:
    """Turn of a piece at each frame against the first, quaternions (n_frames, 4) in the order x, y, z, w."""
    from scipy.spatial.transform import Rotation

    anchors = positions[:, piece.anchors] - positions[:, piece.anchors[:1]]
    rest = anchors[0, 1:]
    turns = np.empty((len(positions), 4))
    for k, now in enumerate(anchors[:, 1:]):
        if len(rest) == 1:
            turns[k] = _shortest_turn(rest[0], now[0])
        else:
            turns[k] = Rotation.align_vectors(now, rest)[0].as_quat()
    # A quaternion and its negative are one turn; programs blend neighbours, which must lie on one side.
    for k in range(1, len(turns)):
        if turns[k] @ turns[k - 1] < 0:
            turns[k] *= -1
    return turns


def _shortest_turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The quaternion (x, y, z, w) of the shortest turn from the direction of `a` to that of `b`."""
    a, b = a / max(np.linalg.norm(a), 1e-12), b / max(np.linalg.norm(b), 1e-12)
    if a @ b < -1 + 1e-9:  # half a turn, about any axis across
        axis = np.cross(a, [1.0, 0, 0] if abs(a[0]) < 0.9 else [0, 0, 1.0])
        return np.append(axis / np.linalg.norm(axis), 0.0)
    turn = np.append(np.cross(a, b), 1 + a @ b)
    return turn / np.linalg.norm(turn)


def _normals(mesh: Mesh) -> np.ndarray:
    """Unit normals at the corners, array (n_vertices, 3), float32."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    of_face = np.cross(b - a, c - a)
    summed = np.zeros((len(mesh.vertices), 3))
    for k in range(3):
        np.add.at(summed, mesh.faces[:, k], of_face)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.where(length > 0, summed / np.where(length > 0, length, 1), [0.0, 1.0, 0.0]).astype(np.float32)


def _linear(colours: np.ndarray) -> np.ndarray:
    """Colours as glTF keeps them: linear light, where screens and pictures use sRGB (IEC 61966-2-1)."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.rint(65535 * linear).astype(np.uint16)
