"""What must stay quick, each beside a baseline of the same run: import, BVH files, nulls, the painted cortex, stories.

    python benchmarks/limits.py          about a minute

Tests count the work of these instead, because a busy machine changes no count.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import ROOT, Claim, arguments, at_least, at_most, finish

from fmri2ges.data.motion.bvh import read_bvh
from fmri2ges.demo.stories import write_story
from fmri2ges.demo.world import World
from fmri2ges.evaluation.gesture import weighted_r
from fmri2ges.evaluation.nulls import allowed_shifts, correlation_at_shifts
from tests.rigs import write_75_joints


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Computing time of the best of some repeats."""
    found = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def import_time(statement: str) -> float:
    """Seconds of a statement in a new interpreter, the best of five."""
    code = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    command = [sys.executable, "-c", code]
    done = [subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout for _ in range(5)]
    return min(map(float, done))


def importing() -> Claim:
    ratio = import_time("import fmri2ges") / import_time("import numpy")
    return at_most("import fmri2ges, to import numpy", ratio, 1)


def bvh() -> Claim:
    with tempfile.TemporaryDirectory() as folder:
        path = write_75_joints(Path(folder) / "long.bvh")
        plain = seconds(lambda: np.loadtxt(path, skiprows=path.read_text().splitlines().index("MOTION") + 3))
        ratio = seconds(lambda: read_bvh(path)) / plain
    return at_most("75 joints and 69 s of BVH read as motion, to numpy.loadtxt of its numbers", ratio, 3)


def nulls() -> Claim:
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((2, 4500, 18))
    shifts = allowed_shifts(4500, 15.0)
    some = shifts[:: len(shifts) // 20]
    plain = seconds(lambda: [weighted_r(one, np.roll(two, s, axis=0)) for s in some]) / len(some)
    ours = seconds(lambda: correlation_at_shifts(one, two, shifts)) / len(shifts)
    return at_least("r at one shift after the other, to all shifts at once", plain / ours, 20)


def cortex() -> Claim:
    """Against matplotlib's own painter of surfaces in space, for one hemisphere in two views each."""
    import matplotlib.pyplot as plt

    from fmri2ges.brain.atlas import N_VERTICES
    from fmri2ges.brain.surface import load_surface
    from fmri2ges.figures.cortex import draw_cortex
    from fmri2ges.figures.style import Page, Paper, print_style

    mesh = load_surface("inflated")
    bare = np.full((2 * N_VERTICES, 3), np.nan)

    def ours() -> None:
        with print_style():
            page = Page(Paper(180), 60, "t", "s")
            draw_cortex(page, 4, 15, 172, bare)
            page.figure.canvas.draw()

    def theirs() -> None:
        figure = plt.figure()
        for k in range(4):
            side = mesh.faces[: len(mesh.faces) // 2]
            axes = figure.add_subplot(1, 4, k + 1, projection="3d")
            axes.plot_trisurf(*mesh.vertices[:N_VERTICES].T, triangles=side)
        figure.canvas.draw()
        plt.close(figure)

    return at_most("four views of the cortex, to plot_trisurf of matplotlib", seconds(ours) / seconds(theirs, 1), 1)


def stories() -> Claim:
    world = World(0)
    script = seconds(lambda: write_story(np.random.default_rng(0)))
    bold = seconds(lambda: world.bold("sub-01", "test-1"), 1)
    return at_most("a story of five minutes, to its simulated BOLD", script / bold, 0.5)


def main() -> None:
    args = arguments(__doc__, "limits").parse_args()
    claims = []
    for measure in (importing, bvh, nulls, cortex, stories):
        claims.append(measure())
        print(f"{claims[-1].value:9.3g}  {claims[-1].text} ({claims[-1].limits})", flush=True)
    finish(args.out, {"figures": {c.text: c.value for c in claims}}, claims)


if __name__ == "__main__":
    main()
