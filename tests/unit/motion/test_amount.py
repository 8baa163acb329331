"""Which T2G a run uses: the study's own where there is enough gesture, else the shipped one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.models.denoiser import WINDOW_FRAMES
from fmri2ges.motion.amount import BATCH, OWN_T2G_SECONDS, WINDOW_SECONDS, choose_t2g
from fmri2ges.training.loop import LoopConfig


def test_the_minimum_is_one_batch_of_windows_that_do_not_overlap():
    assert LoopConfig(1, 1e-3, 0.0, 0.9).batch == BATCH and WINDOW_FRAMES == WINDOW_SECONDS * 7.5
    assert OWN_T2G_SECONDS == BATCH * WINDOW_SECONDS == pytest.approx(6.4 * 60)


@given(st.lists(st.floats(0.1, 600), max_size=40))
def test_only_clips_of_a_window_or_more_count(durations):
    choice = choose_t2g(durations)
    long = [d for d in durations if d >= WINDOW_SECONDS]
    assert choice.seconds == pytest.approx(sum(long)) and choice.clips == len(long)
    assert choice.own == (choice.seconds >= OWN_T2G_SECONDS) == (choice.trained_on == "study")
    assert "\n" not in choice.describe()


@pytest.mark.parametrize(
    "durations, said",
    [
        (
            [],
            "T2G: the shipped one, trained on simulated gestures, not fine-tuned; for training the study has no",
        ),
        ([7.9] * 100, "the study has no gesture clips"),
        ([60.0], "the study has 1.0 minutes in gesture clips of 8 s or more, an own T2G needs 6.4 minutes"),
        ([192.0, 191.9], "the shipped one"),
        ([192.0, 192.0], "T2G: the study's own, trained on 6.4 minutes of gesture"),
    ],
)
def test_the_choice_is_said_with_both_numbers(durations, said):
    assert said in choose_t2g(durations).describe()
