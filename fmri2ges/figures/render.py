"""Pictures of meshes by pyvista, in a process of its own: without OpenGL, VTK ends the process that it runs in."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..exports.meshes import Mesh

SECONDS = 180  # more than any page takes; a driver that hangs is given up then
MOST_PIXELS = 6000  # of a picture's longer side


class CannotRender(UserError):
    """A machine without pyvista or OpenGL; the message says why, and the painter draws instead."""


@dataclass(frozen=True)
class Shot:
    """One picture: parallel projection, light from the viewer, no background.

    Parameters
    ----------
    mesh : what is seen
    lines : array (n_pieces, 2, 3), both ends of each piece of an outline, in the unit of the mesh
    thickness : of the outlines, in the unit of the mesh
    eye, up : directions (3,) to the viewer, and upwards on the picture
    centre : point (3,) in the middle of the picture
    height : of the picture, in the unit of the mesh
    pixels : (width, height)
    """

    mesh: Mesh
    lines: np.ndarray
    thickness: float
    eye: tuple[float, float, float]
    up: tuple[float, float, float]
    centre: tuple[float, float, float]
    height: float
    pixels: tuple[int, int]


def render(shots: list[Shot]) -> list[np.ndarray]:
    """The pictures, arrays (height, width, 4) of red green blue opacity, uint8.

    Raises
    ------
    CannotRender
        When pyvista is missing, or OpenGL is.
    """
    if importlib.util.find_spec("pyvista") is None:
        raise CannotRender("pyvista is not installed; get it with: pip install pyvista")
    # Over pipes, so that no file is left when either process is killed.
    scene = io.BytesIO()
    np.savez(scene, allow_pickle=False, **_arrays(shots))
    command = [sys.executable, "-m", "fmri2ges.figures.render_child"]
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    env = {**os.environ, "PYTHONPATH": path}
    try:
        done = subprocess.run(command, input=scene.getvalue(), capture_output=True, timeout=SECONDS, env=env)
    except subprocess.TimeoutExpired:
        raise CannotRender(f"pyvista did not finish within {SECONDS} s") from None
    if done.returncode != 0 or not done.stdout:
        told = _last_line(done.stderr.decode("utf-8", "replace"))
        cause = f"was ended by signal {-done.returncode}" if done.returncode < 0 else told
        raise CannotRender(f"pyvista found no OpenGL that it could use ({cause}); libgl1 or libosmesa6 is needed")
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as pictures:
        return [pictures[f"picture{k}"] for k in range(len(shots))]


@lru_cache(maxsize=1)
def cause_of_no_render() -> str:
    """Why this machine cannot render; empty where it can. Tried once, by a picture of a triangle."""
    triangle = Mesh.of(np.eye(3), np.array([[0, 1, 2]]), (200, 0, 0))
    shot = Shot(triangle, np.empty((0, 2, 3)), 0.1, (1, 1, 1), (0, 1, 0), (0.3, 0.3, 0.3), 2.0, (32, 32))
    try:
        picture = render([shot])[0]
    except CannotRender as error:
        return str(error)
    return "" if picture[..., 3].any() else "pyvista drew an empty picture"


def _arrays(shots: list[Shot]) -> dict[str, np.ndarray]:
    """All shots as arrays; a mesh that several share is written once."""
    arrays: dict[str, np.ndarray] = {"n": np.array(len(shots))}
    numbers: dict[int, int] = {}
    for k, shot in enumerate(shots):
        number = numbers.setdefault(id(shot.mesh), len(numbers))
        if f"vertices{number}" not in arrays:
            arrays[f"vertices{number}"] = shot.mesh.vertices
            arrays[f"faces{number}"] = shot.mesh.faces
            arrays[f"colours{number}"] = shot.mesh.colours
        arrays[f"mesh{k}"] = np.array(number)
        arrays[f"lines{k}"] = np.asarray(shot.lines, np.float32)
        arrays[f"view{k}"] = np.array([*shot.eye, *shot.up, *shot.centre, shot.height, shot.thickness], float)
        shrink = min(1.0, MOST_PIXELS / max(shot.pixels))
        arrays[f"pixels{k}"] = np.array([max(1, round(p * shrink)) for p in shot.pixels])
    return arrays


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"
