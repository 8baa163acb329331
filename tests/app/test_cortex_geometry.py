"""Laws of the cortex view's geometry, run in the browser that will run it."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
SOURCE = (Path(__file__).parents[2] / "app/components/cortex_picker/geometry.js").read_text(encoding="utf-8")


def run(page, body):
    return page.evaluate(f"() => {{ {SOURCE}\n{body} }}")


def test_the_camera_only_turns_and_the_right_hemisphere_is_the_mirror_of_the_left(page):
    worst = run(
        page,
        """
        let worst = 0;
        for (let az = -180; az <= 180; az += 17) for (let el = -90; el <= 90; el += 15) {
          const [l, r] = [cameraMatrix(az, el, 0), cameraMatrix(az, el, 1)];
          for (const m of [l, r]) {
            for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) {
              let dot = 0;
              for (let k = 0; k < 3; k++) dot += m[3 * i + k] * m[3 * j + k];
              worst = Math.max(worst, Math.abs(dot - (i === j)));
            }
            const minor = (i, j) => m[3 + i] * m[6 + j] - m[3 + j] * m[6 + i];
            const det = m[0] * minor(1, 2) - m[1] * minor(0, 2) + m[2] * minor(0, 1);
            worst = Math.max(worst, Math.abs(det - 1));
          }
          const v = [3, -5, 7], at = (m, x) => [0, 3, 6].map((i) => m[i] * x + m[i + 1] * v[1] + m[i + 2] * v[2]);
          const [p, q] = [at(l, v[0]), at(r, -v[0])];
          worst = Math.max(worst, Math.abs(p[0] + q[0]), Math.abs(p[1] - q[1]), Math.abs(p[2] - q[2]));
        }
        return worst;""",
    )
    assert worst < 1e-12


def test_presets_look_from_where_they_say(page):
    # Which way the eye is, in the left hemisphere: x right, y anterior, z up.
    rows = "Object.entries(PRESETS).map(([k, p]) => [k, cameraMatrix(p.az, p.el, 0).map(Math.round)])"
    camera = run(page, f"return Object.fromEntries({rows})")
    eyes = {name: matrix[6:] for name, matrix in camera.items()}
    assert eyes["lateral"] == [-1, 0, 0] and eyes["medial"] == [1, 0, 0]
    assert eyes["front"] == [0, 1, 0] and eyes["back"] == [0, -1, 0]
    assert eyes["top"] == [0, 0, 1] and eyes["bottom"] == [0, 0, -1]
    ups = [camera[name][3:6] for name in ("top", "bottom")]
    assert ups == [[0, 1, 0], [0, 1, 0]]  # the front of the brain is up


def test_panels_tile_the_canvas(page):
    bad = run(
        page,
        """
        const bad = [];
        const sizes = [[800, 400], [300, 500], [1200, 200]];
        for (const side of ["both", "left", "right"]) for (const preset in PRESETS) for (const [w, h] of sizes) {
          const all = panels(side, preset, w, h), area = all.reduce((s, p) => s + p.w * p.h, 0);
          const inside = all.every((p) => p.x >= 0 && p.y >= 0 && p.x + p.w <= w + 1e-9 && p.y + p.h <= h + 1e-9);
          if (Math.abs(area - w * h) > 1e-6 || !inside) bad.push([side, preset, w, h]);
        }
        return bad;""",
    )
    assert bad == []


def test_a_pick_finds_the_foremost_corner_of_an_octahedron(page):
    missed = run(
        page,
        """
        // An octahedron: corners at +-1 on each axis, triangles counter-clockwise from outside.
        const positions = Float32Array.from([1,0,0, -1,0,0, 0,1,0, 0,-1,0, 0,0,1, 0,0,-1]);
        const faces = Uint16Array.from([0,2,4, 2,1,4, 1,3,4, 3,0,4, 2,0,5, 1,2,5, 3,1,5, 0,3,5]);
        const missed = [], panel = { x: 10, y: 20, w: 200, h: 100 };
        for (let az = -170; az < 180; az += 23) for (let el = -80; el < 90; el += 19) for (const hemisphere of [0, 1]) {
          const m = cameraMatrix(az, el, hemisphere);
          const screen = project(positions, [0, 0, 0], 0, 6, m, 40, panel, new Float32Array(18));
          let front = 0;
          for (let v = 1; v < 6; v++) if (screen[3 * v + 2] > screen[3 * front + 2]) front = v;
          // A little towards the centre, because the foremost corner can lie on the outline.
          const px = screen[3 * front] * 0.99 + 1.1, py = screen[3 * front + 1] * 0.99 + 0.7;
          if (pickVertex(screen, faces, px, py) !== front) missed.push([az, el, hemisphere]);
          if (pickVertex(screen, faces, 5, 5) !== -1) missed.push("outside");
        }
        return missed;""",
    )
    assert missed == []


def test_clicking_twice_changes_nothing_and_a_group_toggles_as_a_whole(page):
    run(
        page,
        """
        const list = (s) => [...s].sort((a, b) => a - b).join();
        const same = (a, b) => { if (a !== b) throw new Error(`${a} is not ${b}`); };
        same(list(toggled(toggled(new Set([1, 2]), [7]), [7])), "1,2");
        same(list(toggled(new Set([1, 7]), [7, 8, 9])), "1,7,8,9");
        same(list(toggled(new Set([1, 7, 8, 9]), [7, 8, 9])), "1");""",
    )


def test_the_rim_of_a_mesh_is_the_edges_of_one_triangle(page):
    closed, opened, alone = run(
        page,
        """
        const octahedron = [0,2,4, 2,1,4, 1,3,4, 3,0,4, 2,0,5, 1,2,5, 3,1,5, 0,3,5];
        const edges = (faces) => {
          const rim = rimOf(Uint16Array.from(faces)), out = [];
          for (let i = 0; i < rim.length; i += 2) out.push([rim[i], rim[i + 1]].sort().join());
          return out.sort();
        };
        return [edges(octahedron), edges(octahedron.slice(3)), edges([7, 300, 10241])];""",
    )
    assert closed == [] and opened == ["0,2", "0,4", "2,4"]
    assert alone == ["10241,300", "10241,7", "300,7"]


def test_a_lasso_takes_areas_by_more_than_half_of_their_vertices_that_face_the_eye(page):
    taken = run(
        page,
        """
        // Ten vertices in a row at x = 0..9, one of them in no area. The polygon holds x from 0.5 to 7.5.
        const labels = Int16Array.from([1, 1, 1, 2, 2, 2, 2, 3, 0, 1]);
        const screen = new Float32Array(30), square = [[0.5, -1], [7.5, -1], [7.5, 1], [0.5, 1]];
        labels.forEach((_, v) => (screen[3 * v] = v));
        const all = () => true;
        return [lassoed(square, screen, labels, all, all),
          lassoed(square, screen, labels, (v) => v !== 9, all), lassoed(square, screen, labels, all, (v) => v < 5),
          lassoed([], screen, labels, all, all)];""",
    )
    # Area 1 has two of its four vertices inside, which is not more than half; of three on the surface it is.
    assert taken == [[1, 2], [0, 1, 2], [], []]
