"""What the player is given: quantisation law, windows, samples, A/B."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fmri2ges.errors import UserError
from fmri2ges.motion.features import from_bones
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words
from fmri2ges.views.player import MAX_METRES, player_data, quantise, roi_label
from fmri2ges.views.tracks import COLOURS, HEARD, MOST, READS, TRACK_IDS, Material, first_tracks, tracks_of


def unpack(text):
    return np.frombuffer(base64.b64decode(text), "<i2").astype(float).reshape(-1, 10, 3) / 1000


def make_motion(seed, start=10.0, frames=90, samples=3):
    rng = np.random.default_rng(seed)
    all_samples = np.stack([from_bones(rng.normal(size=(frames, 27))) for _ in range(samples)])
    return Motion(all_samples[0], start=start, samples=all_samples)


def make_words(name, start=10.0):
    onset = start + np.arange(6.0)
    return Words.from_lists([f"{name}{i}" for i in range(6)], onset, np.full(6, 0.5))


@pytest.fixture(scope="module")
def decoded():
    texts = tuple(make_words(f"k{k}w") for k in range(3))
    request = DecodeRequest(subject="S1", story="test-1", rois=("AC", "Broca"), start=10.0, stop=16.0)
    return Decoded(request, make_motion(0), make_motion(1), texts, manifest={"simulated": True})


@given(arrays.arrays(np.float32, (4, 10, 3), elements=st.floats(-32, 32, width=32)))
def test_quantised_positions_are_within_half_a_millimetre(positions):
    assert np.abs(unpack(quantise(positions)) - positions).max() <= 0.0005 + 1e-9


def test_positions_in_centimetres_are_refused_with_one_line():
    with pytest.raises(UserError, match="give the positions in metres") as error:
        quantise(np.full((1, 10, 3), MAX_METRES * 2))
    assert "\n" not in str(error.value)


def test_the_dict_is_json_small_and_the_same_twice(decoded):
    reference = make_motion(5, start=0.0, frames=600)
    bold = (np.arange(0, 40, 2.0), np.linspace(-1, 1, 20))
    motions = Material(decoded, reference=reference).motions()
    first, second = (json.dumps(player_data(decoded, motions, make_words("h"), bold)) for _ in range(2))
    assert first == second
    # 3 views x 90 frames x 30 numbers x 2 bytes x 4/3 for base64, and little else.
    assert len(first) < 3 * 90 * 30 * 2 * 4 / 3 + 4000


def test_reference_words_and_bold_are_cut_to_the_window(decoded):
    reference = make_motion(5, start=0.0, frames=600)
    bold = (np.arange(0, 40, 2.0), np.zeros(20))
    heard = Words.from_lists(["before", "inside", "after"], [5, 12, 20], [1, 1, 1])
    data = player_data(decoded, Material(decoded, reference=reference).motions(), heard, bold)
    view = data["views"][-1]
    assert (view["name"], view["start"], view["frames"]) == ("reference", 10.0, 90)
    expected = reference.positions[150:240]
    assert np.abs(unpack(view["positions"]) - expected).max() <= 0.00051
    assert data["transcripts"][0]["words"] == ["inside"]
    assert data["bold"]["times"][0] == 8.0 and data["bold"]["times"][-1] == 18.0  # a volume beyond each edge


@pytest.mark.parametrize("sample", [0, 1, 2])
def test_the_chosen_sample_is_shown_in_motion_and_words(decoded, sample):
    data = player_data(decoded, Material(decoded).motions(sample), sample=sample)
    for view, motion in zip(data["views"], (decoded.text, decoded.direct), strict=True):
        assert np.abs(unpack(view["positions"]) - motion.samples[sample]).max() <= 0.00051
    assert data["transcripts"][0]["words"][0] == f"k{sample}w0"


def test_bringing_a_sample_to_the_front_loses_none(decoded):
    moved = decoded.sample(2)
    assert np.array_equal(moved.text.positions, decoded.text.samples[2])
    assert np.array_equal(np.sort(moved.text.samples, 0), np.sort(decoded.text.samples, 0))
    assert sorted(w.text for w in moved.texts) == sorted(w.text for w in decoded.texts)


def test_a_window_keeps_motion_samples_and_words_together(decoded):
    part = decoded.window(12.0, 14.0)
    assert (part.start, part.stop, part.request.start, part.request.stop) == (12.0, 14.0, 12.0, 14.0)
    assert np.array_equal(part.direct.samples, decoded.direct.samples[:, 30:60])
    assert [w.text for w in part.texts] == [w.text[2:4] for w in decoded.texts]


def test_two_selections_stand_side_by_side_and_are_told_apart(decoded):
    other = replace(decoded, request=replace(decoded.request, rois=("Visual",)), text=make_motion(8))
    data = player_data(decoded, Material(decoded, other).motions(ids=("text", "text-b")), other=other)
    assert [v["name"] for v in data["views"]] == ["text A", "text B"]
    assert [v["detail"] for v in data["views"]] == ["AC, Broca", "Visual"]
    assert len({v["colour"] for v in data["views"]}) == 2
    assert [t["name"] for t in data["transcripts"]] == ["decoded A", "decoded B"]
    # A transcript has the colour of the skeleton it moves.
    assert [t["colour"] for t in data["transcripts"]] == [v["colour"] for v in data["views"]]


def test_the_bold_of_both_selections_is_told_apart_by_their_rois(decoded):
    other = replace(decoded, request=replace(decoded.request, rois=("Visual",)))
    times = np.arange(0, 40, 2.0)
    motions = Material(decoded, other).motions(ids=("text", "text-b"))
    data = player_data(decoded, motions, None, (times, times), other=other, other_bold=(times, -times))
    assert (data["bold"]["rois"], data["other_bold"]["rois"]) == ("AC, Broca", "Visual")
    assert data["other_bold"]["values"] == [-v for v in data["bold"]["values"]]
    assert player_data(decoded, Material(decoded).motions(), None, (times, times))["other_bold"] is None


def test_tracks_that_were_not_decoded_are_one_clear_line(decoded):
    bare = replace(decoded, text=None, texts=())
    with pytest.raises(UserError, match="none of the chosen tracks"):
        player_data(bare, Material(bare).motions(ids=("text",)))


def test_the_gesture_of_the_heard_words_stands_behind_the_branches_and_says_what_it_reads(decoded):
    heard, reference = make_motion(4), make_motion(5, start=0.0, frames=600)
    motions = Material(decoded, decoded, reference, heard).motions(sample=1)
    data = player_data(decoded, motions, other=decoded, sample=1)
    names = [v["name"] for v in data["views"]]
    assert names == ["text A", "text B", "direct A", "direct B", "heard", "reference"]
    view = data["views"][names.index("heard")]
    assert view["detail"] == READS and view["colour"] == COLOURS[HEARD]
    assert np.abs(unpack(view["positions"]) - heard.samples[1]).max() <= 0.00051
    assert len({v["colour"] for v in data["views"]}) == 6


def test_the_first_choice_of_tracks_is_what_there_is_and_never_too_many():
    assert first_tracks(("text", "direct", "heard", "reference"), False) == ("text", "direct", "reference")
    assert first_tracks(("text", "direct", "heard"), False) == ("text", "direct", "heard")
    assert first_tracks(("direct",), False) == ("direct",)
    assert first_tracks(TRACK_IDS, True) == ("text", "text-b", "direct", "direct-b")
    assert len(first_tracks(TRACK_IDS, True)) <= MOST


@given(st.sets(st.sampled_from(TRACK_IDS)), st.booleans())
def test_tracks_keep_one_order_and_b_needs_a_second_selection(ids, compared):
    found = [track.id for track in tracks_of(ids, compared)]
    assert found == [name for name in TRACK_IDS if name in ids and (compared or not name.endswith("-b"))]
    assert all(track.letter == "" for track in tracks_of(ids, False))


@pytest.mark.parametrize(
    "rois, label", [(("all",), "all ROIs"), (("AC", "Broca"), "AC, Broca"), (tuple("abcdefg"), "a, b, c, d + 3 more")]
)
def test_a_long_selection_gets_a_short_name(rois, label):
    assert roi_label(rois) == label


def test_a_window_before_the_reference_begins_is_shown_without_it(decoded):
    motions = Material(decoded, reference=make_motion(2, start=40.0)).motions()
    views = player_data(decoded, motions)["views"]
    assert [view["name"] for view in views] == ["text", "direct"]
