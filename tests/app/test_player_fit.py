"""No frame of a motion leaves its view: the camera's fit, run in the browser that will run it."""

import re
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.views.player import quantise

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parents[2] / "app/components/skeleton_player"
SOURCE = "\n".join(
    re.sub(r"^import [^;]*;\n", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name in ("timeline.js", "fit.js", "scene.js")
)
JOINTS = ["spine", "neck", "nose", "head", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder"]
JOINTS += ["right_elbow", "right_wrist"]
REST = [[0, 0.5, 0], [0, 1, 0], [0, 1.1, 0.1], [0, 1.25, 0], [0.18, 0.98, 0], [0.3, 0.75, 0], [0.2, 0.6, 0.2]]
REST += [[-0.18, 0.98, 0], [-0.3, 0.75, 0], [-0.2, 0.6, 0.2]]
ARM = 0.55  # metres from shoulder to wrist
SHAPES = """
const m = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
const skeleton = {joints: arg.joints, parents: arg.parents};
const view = {data: m.decodePositions(arg.text), frames: arg.frames, fps: 15, start: 0};
const motion = {...m.prepare(view, skeleton), rgb: [0, 114, 178]};
const theme = {back: [255, 255, 255], text: [0, 0, 0]};
const found = [];
for (const [width, height] of arg.views) for (const yaw of arg.yaw) for (const pitch of arg.pitch) {
  const camera = {yaw, pitch, zoom: 1, distance: 3.2};
  const panel = m.fitted(m.reachOf(motion.places, camera), width, height);
  const extent = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < arg.frames; k++) {
    for (const s of m.sceneShapes([motion], k / 15, camera, [panel], theme, {trails: false})) {
      const r = s.kind === 'ball' ? s.r : s.kind === 'line' || s.stroke ? s.width / 2 : 0;
      for (const [x, y] of s.points ?? [[s.x, s.y]]) {
        extent[0] = Math.min(extent[0], x - r); extent[1] = Math.max(extent[1], x + r);
        extent[2] = Math.min(extent[2], y - r); extent[3] = Math.max(extent[3], y + r);
      }
    }
  }
  found.push({width, height, extent});
}
return found;
"""


def reaching(frames=24):
    """A body of which in one frame each the left arm points to the side, up, ahead and down, as far as it can."""
    positions = np.tile(np.array(REST)[None], (frames, 1, 1))
    for k, towards in enumerate([[1, 0, 0], [0.3, 1, 0], [0.2, 0, 1], [0.1, -1, 0.2], [0.7, 0.7, 0]]):
        unit = np.array(towards) / np.linalg.norm(towards)
        positions[4 * k + 2, 5] = positions[4 * k + 2, 4] + unit * ARM / 2
        positions[4 * k + 2, 6] = positions[4 * k + 2, 4] + unit * ARM
    return positions


@pytest.fixture(scope="module")
def extents(context):
    """The pixels that a motion takes in views of many shapes, seen from many sides."""
    page = context.new_page()

    def measure(positions):
        arg = {
            "joints": JOINTS,
            "parents": [-1, 0, 1, 2, 1, 4, 5, 1, 7, 8],
            "text": quantise(positions),
            "frames": len(positions),
            "views": [[134, 190], [164, 300], [420, 330], [900, 240]],
            "yaw": [0, 0.3, 1.2, np.pi / 2, 3.0, 4.5],
            "pitch": [-0.6, 0.06, 0.12, 0.7, 1.35],
        }
        return page.evaluate(f"async ([source, arg]) => {{ {SHAPES} }}", [SOURCE, arg])

    yield measure
    page.close()


def test_a_hand_that_reaches_far_out_stays_in_its_view_from_every_side_at_every_width(extents):
    for found in extents(reaching()):
        left, right, top, bottom = found["extent"]
        assert left > -0.01 and right < found["width"] + 0.01, found
        assert top > -0.01 and bottom < found["height"] + 0.01, found


def test_the_view_is_not_smaller_than_the_motion_needs(extents):
    for found in extents(reaching()):
        left, right, top, bottom = found["extent"]
        used = max((right - left) / found["width"], (bottom - top) / found["height"])
        assert used > 0.75, found
