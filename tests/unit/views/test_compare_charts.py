"""Charts and scores of the Compare page on motion whose answer is known."""

import numpy as np
import pytest

from fmri2ges.evaluation.metrics import R_MEAN, WER
from fmri2ges.motion.features import from_bones
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words
from fmri2ges.views import compare
from fmri2ges.views.tracks import Material, Track

SECONDS = 60.0


def smooth_bones(seed, frames):
    from scipy.ndimage import gaussian_filter1d

    rng = np.random.default_rng(seed)
    return rng.normal(size=27) * 2 + gaussian_filter1d(rng.normal(size=(frames, 27)), 6, axis=0) * 6


@pytest.fixture(scope="module")
def truth():
    return Motion(from_bones(smooth_bones(0, 1500)), start=0.0)


@pytest.fixture(scope="module")
def decoded(truth):
    """Text branch = noise without relation, direct branch = the truth with a little noise; 20 to 80 s."""
    frames = slice(300, 300 + int(SECONDS * 15))
    noise = np.stack([from_bones(smooth_bones(k + 1, int(SECONDS * 15))) for k in range(2)])
    close = np.stack([truth.positions[frames], truth.positions[frames]])
    words = Words.from_lists(["a"] * 100, 20 + 0.6 * np.arange(100), np.full(100, 0.3))
    return Decoded(
        DecodeRequest(story="test-1", start=20.0, stop=80.0),
        Motion(noise[0], start=20.0, samples=noise),
        Motion(close[0], start=20.0, samples=close),
        (words,),
        manifest={"simulated": True},
    )


@pytest.fixture(scope="module")
def rows(decoded, truth):
    return compare.gesture_agreement(decoded, truth)


def test_a_stretch_before_the_reference_is_shown_without_it(decoded, truth):
    early = Motion(truth.positions, start=truth.start + 200)
    assert list(Material(decoded, reference=early).motions()) == [Track("text"), Track("direct")]
    assert compare.gesture_agreement(decoded, early) == []


def test_wrists_that_move_evenly_have_that_speed_and_height():
    positions = np.zeros((60, 10, 3), np.float32)
    positions[:, [6, 9], 1] = -0.3
    positions[:, [6, 9], 0] = 0.02 * np.arange(60)[:, None]  # 0.02 m a frame at 15 fps = 0.3 m/s
    speed, height = compare.wrist_curves(Motion(positions))
    np.testing.assert_allclose(speed, 0.3, atol=1e-5)
    np.testing.assert_allclose(height, -30, atol=1e-4)


def test_agreement_finds_the_branch_that_follows_the_reference(rows):
    by = {(a.shown.branch, a.row.id): a.row for a in rows}
    follows, noise = by["direct", R_MEAN.id], by["text", R_MEAN.id]
    assert follows.value > 0.999 and follows.p < 0.01
    assert noise.value < 0.5 and follows.null.q95 < 0.9


def test_every_score_of_the_table_says_its_null_and_n(rows):
    table = compare.agreement_table(rows)
    assert len(table) == len(rows) > 0
    assert all(line["Null, 5 to 95 %"] != "-" and line["p"] != "-" and "frames" in line["n"] for line in table)


def test_a_short_window_says_that_it_has_no_null(decoded, truth):
    short = compare.gesture_agreement(decoded.window(20.0, 45.0), truth)
    assert all(a.row.null is None for a in short)
    assert "No null" in compare.agreement_note(short, 25.0)
    assert compare.agreement_table(short)[0]["p"] == "-"


def test_the_charts_name_every_motion_and_mark_simulated_data(decoded, truth, rows):
    shown = Material(decoded, reference=truth, heard=decoded.text).motions()
    figure = compare.motion_chart(shown, simulated=True)
    assert [t.name for t in figure.data if t.showlegend is not False] == ["text", "direct", "heard", "reference"]
    assert "simulated" in figure.layout.title.text
    assert all(len(t.y) == len(shown[Track("reference")].positions) for t in figure.data)
    assert len({t.line.dash for t in figure.data}) == 3  # decoded, heard and reference differ without colour, too
    agreement = compare.agreement_chart(rows, "Agreement", simulated=True)
    dots = [t for t in agreement.data if t.type == "scatter" and not (t.hovertemplate or "").startswith("floor")]
    assert sorted(x for t in dots for x in t.x) == sorted(a.row.value for a in rows)
    assert "simulated" in agreement.layout.title.text


def test_a_second_selection_has_its_own_names(decoded):
    shown = list(Material(decoded, decoded).motions())
    assert [s.name for s in shown] == ["text A", "text B", "direct A", "direct B"]
    colours = [compare.track_colour(s, dark=False) for s in shown]
    assert len(set(colours)) == 4
    assert [colours[0], colours[2]] == [compare.track_colour(s, dark=False) for s in Material(decoded).motions()]


def test_words_are_scored_against_what_was_heard(decoded):
    heard = decoded.texts[0]
    rows = compare.word_agreement(decoded, heard, None, "B")
    wer = next(a for a in rows if a.row.id == WER.id)
    assert wer.shown == Track("text", "B") and wer.row.value == 0


def test_a_and_b_that_are_nearly_the_same_motion_are_said_to_be():
    samples = np.stack([from_bones(smooth_bones(seed, 60)) for seed in (5, 6)])
    request = DecodeRequest(start=0.0, stop=4.0, samples=2)

    def result(samples):
        return Decoded(request, direct=Motion(samples[0], samples=samples))

    first = result(samples)
    usual = compare.wrist_distance(*samples, first.direct)
    moved = samples.copy()
    moved[:, :, 6, 0] += 0.01  # one wrist of two, by 1 cm
    assert compare.likeness_note(first, result(moved)) == (
        f"direct: the wrists of A and B are 0.5 cm apart on average, two samples of A {usual:.1f} cm; nearly the same "
        "motion."
    )
    assert "nearly" not in compare.likeness_note(first, result(samples[::-1].copy()))
    assert compare.likeness_note(first, first, ["text"]) == ""
