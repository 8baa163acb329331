"""FIR delays in volumes follow from seconds, at any repetition time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.hrf import delayed, double_gamma, fir_delays
from fmri2ges.errors import UserError
from fmri2ges.models import encoding, readout

SECONDS = st.floats(0.3, 3.3)


@pytest.mark.parametrize(
    ("tr", "delays"),
    [
        (3.0, (1, 2, 3)),
        (2.0, (1, 2, 3, 4, 5)),
        (1.5, (1, 2, 3, 4, 5, 6, 7)),
        (1.0, (2, 4, 6, 8, 10)),
        (0.72, (2, 4, 6, 8, 10, 12, 14)),
        (0.5, (3, 6, 9, 12, 15, 18, 21)),
    ],
)
def test_delays_at_common_repetition_times(tr, delays):
    assert fir_delays(tr) == delays


def test_at_2_s_they_are_those_of_runs_made_before_other_tr_were_known():
    assert readout.DELAYS == (1, 2, 3, 4, 5) and encoding.DELAYS == (1, 2, 3, 4)


@given(SECONDS, st.sampled_from([8.0, 10.0]))
def test_delays_reach_the_end_of_the_response_in_even_steps_of_1_to_2_s(tr, last):
    delays = fir_delays(tr, last)
    steps = np.diff((0, *delays)) * tr  # seconds; the first step is that from the words to the first delay
    assert len(set(np.diff((0, *delays)))) == 1
    assert max(1.0, tr) - 1e-9 <= steps[0] <= max(2.0, tr) + 1e-9
    assert abs(delays[-1] * tr - last) <= steps[0] / 2 + 1e-9
    assert len(delays) <= last


@given(SECONDS)
def test_a_longer_reach_only_adds_delays(tr):
    short, long = fir_delays(tr, 8.0), fir_delays(tr, 10.0)
    assert long[: len(short)] == short


@pytest.mark.parametrize("tr", [0.0, -2.0, float("nan")])
def test_a_tr_that_is_none_is_one_line(tr):
    with pytest.raises(UserError, match="tr: must be a number above 0 seconds"):
        fir_delays(tr)


def test_a_delay_beyond_the_story_gives_zeros():
    features = np.ones((3, 2))
    assert delayed(features, (1, 3, 7, -4))[:, :2].sum() == 4 and not delayed(features, (3, 7, -4)).any()


def test_a_positive_delay_takes_later_volumes_and_a_negative_one_earlier_ones():
    features = np.arange(1.0, 6)[:, None]
    assert delayed(features, (1, 3, -2)).T.tolist() == [[2, 3, 4, 5, 0], [4, 5, 0, 0, 0], [0, 0, 1, 2, 3]]


def test_the_response_has_its_maximum_a_second_before_its_shape_and_then_an_undershoot():
    t = np.arange(0, 30, 0.01)
    for peak in (5.0, 6.0, 7.0):
        response = double_gamma(t, peak)
        assert t[response.argmax()] == pytest.approx(peak - 1, abs=0.05) and response.max() == pytest.approx(
            1, abs=0.01
        )
        assert response[0] == 0 and response[t > 12].min() < -0.05 and t[response.argmin()] > peak + 5
