"""The BVH format itself: hierarchy, channels, frames, and where the joints are.

Many exports give every joint position channels, which pybvh does not model, so the format is read
here; pybvh and bvhio are the references of the tests. Only the ancestors of the joints that are
asked for are computed, which saves most of the kinematics of a rig with fingers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import UserError, one_line
from .bvh_frames import LARGEST, motion_start, read_frames, unglued

MAX_JOINTS = 2000
MAX_NAME = 100  # letters of a joint's name
MAX_WORDS = 40  # of a line of the hierarchy
CHANNELS = {f"{axis}{kind}": (kind, "xyz".index(axis)) for axis in "xyz" for kind in ("position", "rotation")}


@dataclass(frozen=True)
class BvhFile:
    """A BVH file as it stands, in its own units and axes.

    Parameters
    ----------
    names : joint names in the order of the file; end sites are left out
    parents : parent of each joint, -1 for the root
    offsets : array (n_joints, 3)
    channels : for each joint its channels as (kind, axis), in the order of the file
    first : for each joint the column of its first channel
    frames : array (n_frames, n_channels)
    fps : frames per second
    notes : what is unusual about the file, one line each
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    channels: tuple[tuple[tuple[str, int], ...], ...]
    first: tuple[int, ...]
    frames: np.ndarray
    fps: float
    notes: tuple[str, ...] = ()

    def ancestors(self, joint: int) -> set[int]:
        """The joints above a joint, up to the root."""
        above = set()
        while self.parents[joint] >= 0:
            joint = self.parents[joint]
            above.add(joint)
        return above

    def pose(self, joints) -> tuple[np.ndarray, np.ndarray]:
        """Where joints are, and how they are turned, in every frame.

        Parameters
        ----------
        joints : sequence of int

        Returns
        -------
        positions : array (n_frames, len(joints), 3), units of the file
        rotations : array (n_frames, len(joints), 3, 3), from the rest pose to the world
        """
        needed = set(joints).union(*(self.ancestors(k) for k in joints))
        place, turn = {}, {}
        for k in sorted(needed):
            place[k], turn[k] = self._offset(k), self._rotation(k)
            parent = self.parents[k]
            if parent >= 0:
                place[k] = place[parent] + np.einsum("nij,nj->ni", turn[parent], place[k])
                turn[k] = turn[parent] @ turn[k]
        return np.stack([place[k] for k in joints], 1), np.stack([turn[k] for k in joints], 1)

    def _values(self, joint: int, kind: str) -> tuple[list[int], np.ndarray]:
        """(axes, values (n_frames, n_axes)) of the channels of one kind."""
        chosen = [(c, axis) for c, (k, axis) in enumerate(self.channels[joint]) if k == kind]
        return [axis for _, axis in chosen], self.frames[:, [self.first[joint] + c for c, _ in chosen]]

    def _offset(self, joint: int) -> np.ndarray:
        """Place in the parent's axes, array (n_frames, 3): position channels take the place of the offset."""
        out = np.repeat(self.offsets[joint][None], len(self.frames), 0)
        axes, values = self._values(joint, "position")
        if axes and self._is_displaced(joint, axes, values):
            out[:, axes] += values
        elif axes:
            out[:, axes] = values
        return out

    def _is_displaced(self, joint: int, axes: list[int], values: np.ndarray) -> bool:
        """Whether the position channels of an inner joint hold its way from the offset, not its place.

        Most writers repeat the offset there, a few write how far the joint is moved from it, often zero. Which it is
        shows by what the values are nearer to.
        """
        if self.parents[joint] < 0:
            return False
        offset = self.offsets[joint][axes]
        return float(np.abs(values).sum()) < float(np.abs(values - offset).sum())

    def holds_displacements(self, joint: int) -> bool:
        """Whether an inner joint has position channels that hold displacements other than zero."""
        axes, values = self._values(joint, "position")
        return bool(axes) and bool(values.any()) and self._is_displaced(joint, axes, values)

    def _rotation(self, joint: int) -> np.ndarray:
        """Local rotation, array (n_frames, 3, 3): the product of the channels in the order of the file."""
        from scipy.spatial.transform import Rotation

        axes, degrees = self._values(joint, "rotation")
        if len(set(axes)) == len(axes) == 3:
            return Rotation.from_euler("".join("XYZ"[a] for a in axes), degrees, degrees=True).as_matrix()
        out = np.repeat(np.eye(3)[None], len(self.frames), 0)
        for k, axis in enumerate(axes):
            out = out @ Rotation.from_euler("XYZ"[axis], degrees[:, k : k + 1], degrees=True).as_matrix()
        return out


def parse_bvh(path) -> BvhFile:
    """Read a BVH file.

    Memory stays below 8 times the file: one double per number, and a number takes two bytes or more.

    Raises
    ------
    UserError
        With the line of what is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    data = path.read_bytes()
    if b"\n" not in data:  # line ends of old Macs
        data = data.replace(b"\r", b"\n")
    start = motion_start(data)
    if not data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"HIERARCHY") or start < 0:
        raise UserError(f"{path}: is not a readable BVH file: it must hold HIERARCHY and then MOTION")
    tree = _Hierarchy(path).read(data[:start].decode("utf-8", "replace").split("\n"))
    first = [0, *np.cumsum([len(c) for c in tree.channels]).tolist()]
    frames, rate = read_frames(path, data, start, first[-1])
    bvh = BvhFile(
        tuple(tree.names),
        tuple(tree.parents),
        np.array(tree.offsets),
        tuple(tree.channels),
        tuple(first[:-1]),
        frames,
        rate.fps,
        rate.notes,
    )
    moved = [name for k, name in enumerate(bvh.names) if bvh.holds_displacements(k)]
    if moved:
        what = f"position channels of {len(moved)} joints ({moved[0]}, ...) hold displacements"
        bvh = replace(bvh, notes=(*bvh.notes, f"{what}; they were added to the offsets"))
    return bvh


class _Hierarchy:
    """The joints that stand in front of MOTION, gathered line by line."""

    def __init__(self, path: Path):
        self.path, self.number = path, 0
        self.names: list[str] = []
        self.parents: list[int] = []
        self.offsets: list[list[float] | None] = []
        self.channels: list[tuple] = []
        self.open: list[int] = []  # joints whose block is open; -1 stands for an end site
        self.coming: int | None = None  # the joint whose "{" is still to come

    def read(self, lines: list[str]) -> _Hierarchy:
        for self.number, line in enumerate(lines, start=1):
            parts = line.split(maxsplit=MAX_WORDS)
            if len(parts) > MAX_WORDS:
                raise self._wrong(f"more than {MAX_WORDS} words on one line")
            while parts:
                parts = self._take(parts)
        if not self.names or self.open or self.coming is not None:
            what = "the hierarchy is not closed before MOTION" if self.names else "the hierarchy has no ROOT"
            raise UserError(f"{self.path}: is not a readable BVH file: {what}")
        lost = [name for name, offset in zip(self.names, self.offsets, strict=True) if offset is None]
        if lost:
            raise self._wrong(f"joint {one_line(repr(lost[0]), 40)} has no OFFSET")
        return self

    def _take(self, parts: list[str]) -> list[str]:
        """Use the first words of a line; gives those that are left."""
        word = parts[0].upper().lstrip("\ufeff")
        if word == "HIERARCHY":
            return parts[1:]
        if word in ("{", "}"):
            return self._brace(word, parts)
        if self.coming is not None:
            raise self._wrong(f"'{{' expected; got {self._shown(parts)}")
        if word in ("ROOT", "JOINT", "END"):
            return self._node(word, parts)
        if word == "OFFSET" and self.open:
            return self._offset(parts)
        if word == "CHANNELS" and self.open and self.open[-1] >= 0:
            return self._channels(parts)
        raise self._wrong(f"unexpected {self._shown(parts)}")

    def _brace(self, word: str, parts: list[str]) -> list[str]:
        if word == "{":
            if self.coming is None:
                raise self._wrong("'{' without a joint in front of it")
            self.open.append(self.coming)
            self.coming = None
        elif not self.open or self.coming is not None:
            raise self._wrong("'}' closes nothing")
        else:
            self.open.pop()
        return parts[1:]

    def _node(self, word: str, parts: list[str]) -> list[str]:
        brace = ["{"] if parts[-1].endswith("{") else []  # some writers keep it on the line of the name
        inside = bool(self.open) and self.open[-1] >= 0
        if word == "END":
            if not inside:
                raise self._wrong("an end site must stand inside a joint")
            self.coming = -1
            return brace
        if bool(self.names) == (word == "ROOT") or (word == "JOINT" and not inside):
            raise self._wrong("there must be one ROOT, and every JOINT must stand inside a joint")
        name = " ".join(parts[1:]).removesuffix("{").strip()
        if not name or len(name) > MAX_NAME:
            raise self._wrong(f"a joint's name has more than {MAX_NAME} letters" if name else "a joint has no name")
        if len(self.names) >= MAX_JOINTS:
            raise self._wrong(f"more than {MAX_JOINTS} joints")
        self.coming = len(self.names)
        self.names.append(name)
        self.parents.append(self.open[-1] if self.open else -1)
        self.offsets.append(None)
        self.channels.append(())
        return brace

    def _offset(self, parts: list[str]) -> list[str]:
        numbers = unglued(" ".join(parts[1:]).encode()).decode().split()
        vector = _vector(numbers[:3])
        if vector is None:
            raise self._wrong(f"OFFSET must hold three numbers; got {self._shown(parts)}")
        if self.open[-1] >= 0:
            self.offsets[self.open[-1]] = vector
        return numbers[3:]

    def _channels(self, parts: list[str]) -> list[str]:
        kinds = [CHANNELS.get(p.lower()) for p in parts[2:]]
        if len(parts) < 2 or parts[1] != str(len(kinds)) or None in kinds or len(kinds) > 6:
            raise self._wrong(
                f"CHANNELS must hold a count and as many names such as Xrotation; got {self._shown(parts)}"
            )
        self.channels[self.open[-1]] = tuple(kinds)
        return []

    def _shown(self, parts: list[str]) -> str:
        return one_line(repr(" ".join(parts)), 60)

    def _wrong(self, what: str) -> UserError:
        return UserError(f"{self.path}, line {self.number}: is not a readable BVH file: {what}")


def _vector(parts: list[str]) -> list[float] | None:
    try:
        vector = [float(p) for p in parts]
    except ValueError:
        return None
    return vector if len(vector) == 3 and np.isfinite(vector).all() and max(map(abs, vector)) < LARGEST else None
