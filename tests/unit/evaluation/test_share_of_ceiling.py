"""What a region carries as a share of the ceiling: chance is nothing, and what real repetitions reach is all."""

from dataclasses import replace

import pytest

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.roi_rows import Effect, Mode, RoiRow

RANK = RoiRow("s", "text", metrics.SEGMENT_RANK, Effect.ALONE, "AC", Mode.EXPLORATORY, 0.5, 0.5, 6, ceiling=0.9)


def test_chance_is_no_share_of_the_ceiling():
    assert RANK.share == 0 and replace(RANK, value=0.9).share == pytest.approx(1)
    assert replace(RANK, value=0.7, metric=metrics.HEARD_RANK).share == pytest.approx(0.5)
    r = replace(RANK, metric=metrics.R_EXPECTED, value=0.25, ceiling=0.5)
    assert r.share == pytest.approx(0.5)


def test_what_is_lost_by_a_lesion_has_no_chance_of_its_own():
    lesion = replace(RANK, effect=Effect.LESION, value=0.2)
    whole, rest = replace(RANK, effect=Effect.WHOLE, value=0.8), replace(RANK, effect=Effect.WHOLE, value=0.6)
    assert lesion.share == pytest.approx(whole.share - rest.share) == pytest.approx(0.5)


def test_without_a_ceiling_above_chance_there_is_no_share():
    assert replace(RANK, ceiling=None).share is None and replace(RANK, ceiling=0.5).share is None
