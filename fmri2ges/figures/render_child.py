"""The process that `render.render` starts: meshes and views come through its standard input, pictures go out."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import numpy as np
import pyvista


def main() -> None:
    """Render every view of the scene that comes in."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a graphics driver prints is no picture
    plotters: dict[tuple[int, ...], pyvista.Plotter] = {}  # one for each size; opening a window takes longest
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as arrays:
        pictures = {}
        for k in range(int(arrays["n"])):
            size = tuple(int(p) for p in arrays[f"pixels{k}"])
            if size not in plotters:
                plotters[size] = _plotter(size)
            pictures[f"picture{k}"] = _picture(plotters[size], arrays, k)
    made = io.BytesIO()
    np.savez(made, allow_pickle=False, **pictures)
    with answers:
        answers.write(made.getvalue())


def _plotter(size: tuple[int, ...]) -> pyvista.Plotter:
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=list(size), lighting="none")
    plotter.set_background("white")  # edges blend with the page
    plotter.enable_anti_aliasing("ssaa")
    plotter.camera.parallel_projection = True
    return plotter


def _picture(plotter: pyvista.Plotter, arrays, k: int) -> np.ndarray:
    eye, up, centre, (height, thickness) = np.split(arrays[f"view{k}"], (3, 6, 9))
    number = int(arrays[f"mesh{k}"])
    faces = arrays[f"faces{number}"].astype(np.int64)
    mesh = pyvista.PolyData(arrays[f"vertices{number}"], np.insert(faces, 0, 3, axis=1))
    mesh["colour"] = arrays[f"colours{number}"]
    plotter.clear_actors()
    plotter.remove_all_lights()
    # A light beside the viewer shapes the folds, a weaker one from the front keeps shadows readable.
    side = np.cross(up, eye)
    for direction, strength in ((eye + 0.5 * up - 0.35 * side, 0.75), (eye, 0.3)):
        light = pyvista.Light(position=tuple(centre + 10 * height * direction), focal_point=tuple(centre))
        light.intensity, light.positional = strength, False
        plotter.add_light(light)
    plotter.add_mesh(mesh, scalars="colour", rgb=True, smooth_shading=True, ambient=0.16, specular=0.12)
    lines = arrays[f"lines{k}"]
    if len(lines):
        pieces = pyvista.line_segments_from_points(lines.reshape(-1, 3))
        plotter.add_mesh(pieces.tube(radius=float(thickness) / 2, n_sides=8), color="#222222", lighting=False)
    plotter.camera.focal_point = tuple(centre)
    plotter.camera.position = tuple(centre + 10 * height * eye / np.linalg.norm(eye))
    plotter.camera.up = tuple(up)
    plotter.camera.parallel_scale = float(height) / 2
    plotter.camera.clipping_range = (0.1 * height, 20 * height)
    plotter.render()
    return np.array(plotter.screenshot(None, transparent_background=True, return_img=True))


if __name__ == "__main__":
    main()
