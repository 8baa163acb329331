"""The text of a BVH file: a tree of joints, and the numbers of each frame."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BvhJoint:
    """A joint of a file.

    Parameters
    ----------
    name : its name
    parent : name of the joint that it hangs from; None for the root
    offset : array (3,), from the parent at rest, in units of the file
    end : array (3,), where its bone ends, for a joint that nothing hangs from
    """

    name: str
    parent: str | None
    offset: np.ndarray
    end: np.ndarray | None = None


def bvh_text(
    joints: Sequence[BvhJoint], channels: np.ndarray, fps: float, order: str = "ZXY", form: str = "%.6f"
) -> str:
    """The whole file.

    Parameters
    ----------
    joints : the root first; those that hang from one joint in the order in which they shall stand
    channels : array (n_frames, 3 + 3 * n_joints): the place of the root, then the angles of the joints, degrees, in the
        order in which they stand in the file
    fps : frames per second
    order : order of the three angles, such as 'ZXY'
    form : how a number of a frame is written
    """
    out = io.StringIO()
    out.write("HIERARCHY\n")
    _write_joint(out, joints, joints[0], " ".join(f"{axis}rotation" for axis in order), 0)
    out.write(f"MOTION\nFrames: {len(channels)}\nFrame Time: {1 / fps:.9f}\n")
    np.savetxt(out, channels, fmt=form)
    return out.getvalue()


def file_order(joints: Sequence[BvhJoint]) -> list[BvhJoint]:
    """The joints in the order in which they stand in the file."""

    def below(joint: BvhJoint) -> list[BvhJoint]:
        return [joint, *(found for child in joints if child.parent == joint.name for found in below(child))]

    return below(joints[0])


def _write_joint(out, joints: Sequence[BvhJoint], joint: BvhJoint, rotation: str, depth: int) -> None:
    pad = "\t" * depth
    root = joint.parent is None
    out.write(f"{pad}{'ROOT' if root else 'JOINT'} {joint.name}\n{pad}{{\n")
    out.write(f"{pad}\tOFFSET {_numbers(joint.offset)}\n")
    out.write(f"{pad}\tCHANNELS {'6 Xposition Yposition Zposition' if root else '3'} {rotation}\n")
    for child in joints:
        if child.parent == joint.name:
            _write_joint(out, joints, child, rotation, depth + 1)
    if joint.end is not None:
        out.write(f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET {_numbers(joint.end)}\n{pad}\t}}\n")
    out.write(f"{pad}}}\n")


def _numbers(values) -> str:
    return " ".join(f"{float(v):.6f}" for v in values)
