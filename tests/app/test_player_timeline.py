"""Laws of the player's time and camera, run in the browser that will run them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.evaluation.gesture import wrist_speed
from fmri2ges.views.player import quantise

pytestmark = pytest.mark.browser
SOURCE = (Path(__file__).parents[2] / "app/components/skeleton_player/timeline.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(context):
    """Run a body of JavaScript with all of timeline.js as `m`."""
    page = context.new_page()
    module = "const m = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));"
    yield lambda body, arg=None: page.evaluate(f"async ([source, arg]) => {{ {module}\n{body} }}", [SOURCE, arg])
    page.close()


@pytest.fixture(scope="module")
def motion():
    rng = np.random.default_rng(0)
    return np.cumsum(rng.normal(0, 0.02, (40, 10, 3)), axis=0)


def as_view(positions):
    return {"text": quantise(positions), "frames": len(positions), "fps": 15, "start": 30}


VIEW = "const view = {...arg.view, data: m.decodePositions(arg.view.text)};"


def test_at_a_frame_the_pose_is_that_frame_and_outside_it_holds_still(run, motion):
    times = [30 + k / 15 for k in range(40)] + [0, 99]
    poses = run(f"{VIEW} return arg.times.map(t => [...m.poseAt(view, t)]);", {"view": as_view(motion), "times": times})
    expected = np.concatenate([motion, motion[:1], motion[-1:]]).reshape(42, 30)
    assert np.abs(np.array(poses) - expected).max() <= 0.00051


def test_a_motion_covers_its_frames_and_nothing_before_or_behind_them(run, motion):
    times = [29, 29.94, 30, 32, 30 + 40 / 15, 33]
    found = run(f"{VIEW} return arg.times.map(t => m.covers(view, t));", {"view": as_view(motion), "times": times})
    assert found == [False, True, True, True, True, False]


def test_between_frames_the_pose_is_smooth(run):
    t = np.arange(60) / 15
    positions = np.tile(0.3 * np.sin(2 * np.pi * 0.7 * t)[:, None, None], (1, 10, 3))
    fine = np.linspace(30.2, 33.7, 500)
    poses = run(
        f"{VIEW} return arg.times.map(t => m.poseAt(view, t)[0]);", {"view": as_view(positions), "times": fine.tolist()}
    )
    # Straight lines between the frames would be 0.7 mm off here.
    assert np.abs(poses - 0.3 * np.sin(2 * np.pi * 0.7 * (fine - 30))).max() < 0.0007


def test_the_wrist_speed_is_the_one_of_the_metrics(run, motion):
    speed = run(f"{VIEW} return [...m.jointSpeed(view, [6, 9])];", {"view": as_view(motion)})
    quantised = np.rint(motion * 1000) / 1000
    np.testing.assert_allclose(speed, wrist_speed(quantised, 15), atol=1e-6)


def test_the_current_word_is_found_like_a_plain_search(run):
    rng = np.random.default_rng(1)
    start = np.sort(rng.uniform(0, 20, 30))
    times = np.concatenate([rng.uniform(-1, 21, 200), start])
    found = run(
        "return arg.times.map(t => m.lastBegun(arg.start, t));", {"start": start.tolist(), "times": times.tolist()}
    )
    assert found == [int((start <= t + 1e-6).sum()) - 1 for t in times]


def test_a_pause_has_no_current_word(run):
    words = {"start": [1, 5], "duration": [0.5, 0.5]}
    assert run("return [0, 1.2, 3, 5, 9].map(t => m.wordAt(arg, t));", words) == [-1, 0, -1, 1, -1]


def test_words_never_overlap_and_never_stand_before_their_time(run):
    rng = np.random.default_rng(2)
    start, width = np.sort(rng.uniform(0, 30, 60)), rng.uniform(10, 90, 60)
    left = np.array(run("return m.layoutWords(arg[0], arg[1], 100, 8);", [start.tolist(), width.tolist()]))
    assert (left >= 100 * start - 1e-9).all()
    assert (left[1:] >= left[:-1] + width[:-1] + 8 - 1e-9).all()


def test_the_clock_stops_at_the_end_or_begins_again(run):
    ends = run(
        "return [m.advance(31.9, .3, 20, 32, false), m.advance(31.9, .3, 20, 32, true),"
        " m.advance(25, .1, 20, 32, false)];"
    )
    assert [e["ended"] for e in ends] == [True, False, False]
    assert [e["time"] for e in ends] == pytest.approx([32, 20.2, 25.1])


def test_steps_forward_and_back_visit_every_frame_once(run):
    visited = run(
        "let t = 20, out = [t]; for (let k = 0; k < 200; k++) { t = m.stepFrame(t, 1, 20, 32, 15); out.push(t); }"
        "for (let k = 0; k < 200; k++) { t = m.stepFrame(t, -1, 20, 32, 15); out.push(t); } return out;"
    )
    frames = (np.array(visited) - 20) * 15
    np.testing.assert_allclose(
        frames, np.concatenate([np.minimum(np.arange(201), 179), np.maximum(178 - np.arange(200), 0)]), atol=1e-6
    )


def test_the_camera_turns_without_stretching(run):
    points = np.random.default_rng(3).normal(size=(20, 3))
    for yaw, pitch in ((0, 0), (1.1, -0.4), (np.pi / 2, 1.35)):
        turned = run(
            "return arg.p.map(p => m.rotate(arg.c, ...p));", {"p": points.tolist(), "c": {"yaw": yaw, "pitch": pitch}}
        )
        np.testing.assert_allclose(np.array(turned) @ np.array(turned).T, points @ points.T, atol=1e-12)


def test_the_speakers_left_is_on_the_viewers_right_and_the_side_view_shows_the_left_side(run):
    front = run("return m.rotate({yaw: 0, pitch: 0}, 1, 0, 0);")
    side = run("return m.rotate({yaw: Math.PI / 2, pitch: 0}, 1, 0, 0);")
    assert front == pytest.approx([1, 0, 0]) and side == pytest.approx([0, 0, 1])


def test_nearer_is_larger(run):
    scales = run(
        "return [-1, 0, 1].map(z => m.project({distance: 3, zoom: 1}, [0, 0, z], {x: 0, y: 0, scale: 100})[2]);"
    )
    assert scales[0] < scales[1] == 100 < scales[2]


def test_ticks_are_round_and_inside(run):
    for low, high in ((0, 1), (12.3, 47.9), (-0.4, 0.4), (0, 0.003)):
        marks = run("return m.ticks(arg[0], arg[1], 5);", [low, high])
        assert 2 <= len(marks) <= 6 and low - 1e-9 <= marks[0] and marks[-1] <= high + 1e-9
        assert np.ptp(np.diff(marks)) < 1e-9


@given(st.floats(0, 1), st.floats(0.2, 5), st.floats(0, 1), st.floats(0.05, 1))
@settings(max_examples=30, deadline=None)
def test_a_zoomed_part_stays_inside_keeps_its_moment_and_follows_the_clock(run, place, factor, at, share):
    low, high = 10.0, 130.0
    length = max(1.0, share * 120)
    begin = low + place * (120 - length)
    moment = begin + at * length
    found = run(
        "const [r, w, t, f] = arg; const z = m.zoomRange(r, w, t, f);"
        "return [z, z && m.panRange(z, w, 500), m.followRange(r, w, 17)];",
        [[begin, begin + length], [low, high], moment, factor],
    )
    zoomed, panned, followed = found
    if zoomed is None:
        assert length * factor >= 120 - 1e-5
    else:
        assert low - 1e-6 <= zoomed[0] < zoomed[1] <= high + 1e-6
        assert zoomed[1] - zoomed[0] == pytest.approx(max(1.0, length * factor), rel=1e-6)
        assert zoomed[0] - 1e-6 <= moment <= zoomed[1] + 1e-6
        assert panned == pytest.approx([high - (zoomed[1] - zoomed[0]), high])
    assert followed[0] <= 17 <= followed[1] and followed[1] - followed[0] == pytest.approx(length)


def test_a_brush_is_a_stretch_in_order_inside_the_whole_or_nothing(run):
    found = run("return [[12, 3], [3, 3.1], [-5, 8], [3, 99]].map(([a, b]) => m.brushed(a, b, [0, 20]));")
    assert found == [[3, 12], None, [0, 8], [3, 20]]


def test_the_clock_reads_as_minutes_and_tenths(run):
    assert run("return [0, 9.96, 59.97, 61.25].map(m.clockText);") == ["0:00.0", "0:10.0", "1:00.0", "1:01.3"]
