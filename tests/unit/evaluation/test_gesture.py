import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.gesture import (
    FPS,
    Pair,
    against_heard,
    against_reference,
    all_samples,
    at_times,
    by_itself,
    diversity,
    features,
    identification,
    on_body,
    pair,
    position_error,
    ranks,
    roughness,
    segment_ranks,
    weighted_r,
    wrist_speed,
)
from fmri2ges.types import Motion


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scores(measures):
    return {m.metric.id: m for m in measures}


def test_weighted_r_is_pearson_weighted_by_the_variance_of_the_reference(rng):
    a, b = rng.standard_normal((200, 5)) * [1, 2, 3, 4, 5], rng.standard_normal((200, 5))
    b[:, 0] = a[:, 0]
    by_column = [np.corrcoef(a[:, d], b[:, d])[0, 1] for d in range(5)]
    assert weighted_r(a, b) == pytest.approx(np.average(by_column, weights=a.var(0)))


def test_a_motionless_prediction_scores_zero_not_nan(rng):
    a = rng.standard_normal((50, 3))
    assert weighted_r(a, np.ones((50, 3))) == 0
    assert weighted_r(np.ones((50, 3)), a) == 0


def test_scores_do_not_depend_on_body_size_or_place(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 30)
    guess = synthetic.decoded(rng, noise, 0.5)
    moved = Motion(guess.positions * 1.3 + [1, 2, 3], samples=guess.samples * 1.3 + [1, 2, 3])
    rows, same = (against_reference(pair(truth, motion), "text") for motion in (guess, moved))
    assert rows
    for a, b in zip(rows, same, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-4)


def test_one_sample_and_the_mean_of_samples_are_different_scores(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 100)
    found = scores(against_reference(pair(truth, synthetic.decoded(rng, noise, 0.25, samples=6)), "text"))
    one, mean = found[metrics.R_ONE.id].value, found[metrics.R_MEAN.id].value
    each = [
        weighted_r(features(on_body(truth.positions)), features(on_body(s)))
        for s in synthetic.decoded(np.random.default_rng(1), noise, 0.25, samples=6).samples
    ]
    assert one == pytest.approx(np.mean(each), abs=0.05)
    assert mean > one + 0.1


def test_position_error_of_a_shifted_hand_is_its_shift(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 4)
    body = on_body(truth.positions)
    moved = body.copy()
    moved[:, 6, 0] += 0.18  # the left wrist, 18 cm
    error = position_error(body, moved)
    assert error.shape[1] == 9
    assert error.mean() == pytest.approx(18 / 9)
    assert (error < 10).mean() == pytest.approx(8 / 9)


def test_motions_on_shifted_clocks_are_compared_at_the_same_time(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 40)
    late = truth.slice(10.0, 30.0)
    both = pair(truth, late)
    assert np.allclose(both.reference, both.samples[0], atol=1e-5)
    assert len(both.reference) == 300


def test_another_frame_rate_changes_little(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 40)
    fast = Motion(at_times(truth.positions, truth, np.arange(1, 1150) / 30).astype(np.float32), fps=30, start=1 / 30)
    both = pair(truth, fast)
    assert weighted_r(features(both.reference), features(both.samples[0])) > 0.999


def test_motions_without_a_common_moment_are_refused(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 10)
    with pytest.raises(UserError, match="share less than 2 s"):
        pair(truth, Motion(truth.positions, start=9.0))


def test_identification_finds_the_true_segment_and_is_at_chance_for_noise(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 300)
    x = features(on_body(truth.positions))
    good = features(synthetic.decoded(rng, noise, 0.5, samples=1).samples[0])
    bad = features(synthetic.decoded(rng, noise, 0.0, samples=1).samples[0])
    found, chance = scores(identification(x, good, "text")), scores(identification(x, bad, "text"))
    assert found[metrics.SEGMENT_TOP1.id].value > 0.9
    assert 0.3 < chance[metrics.SEGMENT_RANK.id].value < 0.7
    assert len(found[metrics.SEGMENT_RANK.id].shifted) == 27  # 30 segments, at least 2 away on both sides


def test_ranks_count_ties_as_half_and_average_to_chance():
    table = ranks(np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 5.0, 5.0]]))
    assert np.allclose(table, [[1, 0, 0.5], [0.5, 0.5, 0.5], [0, 0.75, 0.75]])


def test_segment_ranks_leave_out_a_remainder(synthetic, rng):
    x = rng.standard_normal((95, 4))
    assert segment_ranks(x, x, 20).shape == (4, 4)


def test_roughness_of_a_known_path():
    t = np.arange(60) / FPS
    positions = np.zeros((60, 10, 3))
    positions[..., 0] = (t**2)[:, None]
    assert roughness(positions, 2) == pytest.approx(2.0)  # x = t^2
    positions[..., 0] = (t**3)[:, None]
    assert roughness(positions, 3) == pytest.approx(6.0)  # x = t^3


def test_wrist_speed_of_a_steady_move():
    positions = np.zeros((30, 10, 3))
    positions[:, :, 1] = (np.arange(30) / FPS * 0.7)[:, None]
    assert np.allclose(wrist_speed(positions), 0.7)


def test_diversity_is_zero_for_copies_and_known_for_a_shifted_hand(synthetic, rng):
    body = on_body(synthetic.gesture(rng, 3)[0].positions)
    moved = body.copy()
    moved[:, 6, 1] += 0.09
    assert diversity(np.stack([body, body])) == 0
    assert diversity(np.stack([body, body, moved])) == pytest.approx((0 + 1 + 1) / 3)


def test_spread_and_smoothness_of_real_motion_stand_beside(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 20)
    jitter = Motion(truth.positions + rng.normal(0, 0.01, truth.positions.shape).astype(np.float32))
    found = scores(by_itself(jitter, "direct", truth))
    assert found[metrics.JERK.id].value > 3 * found[metrics.JERK.id].ceiling
    assert found[metrics.L1_SPREAD.id].value == pytest.approx(found[metrics.L1_SPREAD.id].ceiling, rel=0.1)
    assert metrics.DIVERSITY.id not in found  # one sample has none


def test_a_still_pose_beats_half_right_motion_on_position_error_but_not_on_r(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 60)
    found = scores(against_reference(pair(truth, synthetic.decoded(rng, noise, 0.1)), "direct"))
    assert found[metrics.MPJPE.id].value > found[metrics.MPJPE.id].floor
    assert found[metrics.R_ONE.id].value > 0.2


def test_the_null_can_be_left_out(synthetic, rng):
    truth, noise = synthetic.gesture(rng, 60)
    both = pair(truth, synthetic.decoded(rng, noise, 0.3))
    full, bare = against_reference(both, "text"), against_reference(both, "text", null=False)
    assert [m.value for m in full] == [m.value for m in bare]
    assert len(scores(bare)[metrics.R_ONE.id].shifted) == 0 < len(scores(full)[metrics.R_ONE.id].shifted)


def test_a_motion_without_samples_counts_as_one_sample(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 5)
    assert all_samples(truth).shape == (1, 75, 10, 3)
    assert isinstance(pair(truth, truth), Pair)


def test_folds_that_read_nothing_are_at_chance_and_not_below(synthetic):
    """Each fold expects the mean of what it was trained on, the other folds: without its own mean r is far below 0."""
    found = []
    for seed in range(8):
        rng = np.random.default_rng([4, seed])
        drift = np.repeat(rng.standard_normal((5, 9, 3)), 600, axis=0)  # people hold their arms otherwise for a while
        true = synthetic.walk(rng, 3000) + drift
        expected = np.stack([np.delete(true, np.s_[a : a + 600], 0).mean(0) for a in range(0, 3000, 600)])
        guess = np.repeat(expected, 600, axis=0) + synthetic.walk(rng, 3000)
        truth, made = (Motion(synthetic.body(0.5 * noise), start=3.0) for noise in (true, guess))
        joins = tuple(3.0 + 40.0 * k for k in range(1, 5))
        for pieces in ((), joins):
            both = pair(truth, made, pieces)
            found.append([scores(against_reference(both, "text", null=False))[metrics.R_ONE.id].value])
            found[-1] += [scores(against_heard(both, "text"))[metrics.HEARD_R.id].value]
    plain, own = np.mean(found[0::2], 0), np.mean(found[1::2], 0)
    assert (plain < -0.05).all() and (np.abs(own) < 0.03).all()


def test_where_folds_meet_inside_the_shared_stretch(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 60)
    assert pair(truth, truth).first == (0,)
    assert pair(truth, truth, (-5.0, 0.0, 20.0, 20.01, 80.0)).first == (0, 300, 301)
    cut = truth.slice(15.0, 45.0)
    assert pair(cut, truth, (10.0, 20.0, 50.0)).first == (0, 75)
    same, other = (scores(against_reference(pair(truth, truth, j), "text")) for j in ((), (20.0,)))
    assert other[metrics.MPJPE.id].value == same[metrics.MPJPE.id].value == 0
    assert other[metrics.R_ONE.id].value < 1 < other[metrics.R_ONE.id].value + 0.2
