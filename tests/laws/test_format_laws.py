"""What must hold for any words, motion and table: what is written is what is read."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.data.bold.read import standardize
from fmri2ges.data.motion.bvh import read_bvh, write_bvh
from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.data.study.folds import within_story_folds
from fmri2ges.data.words.files import clean_word, read_words_tsv, write_words_tsv
from fmri2ges.motion.features import from_bones
from fmri2ges.types import Motion, Words

micro = st.integers(0, 3_000_000)  # microseconds
word = st.text("abcdefghijklmnopqrstuvwxyz'é-", min_size=1, max_size=12).filter(lambda w: clean_word(w) == w)
laws = settings(deadline=None, max_examples=40)


@laws
@given(rows=st.lists(st.tuples(word, micro, micro), max_size=20))
def test_words_round_trip(rows, tmp_path_factory):
    text, starts, durations, clock = [], [], [], 0
    for label, pause, duration in rows:
        clock += pause
        text.append(label)
        starts.append(clock / 1e6)
        durations.append(duration / 1e6)
        clock += duration
    words = Words.from_lists(text, starts, durations)
    back = read_words_tsv(write_words_tsv(tmp_path_factory.mktemp("w") / "w.tsv", words))
    assert back.text == words.text
    np.testing.assert_array_equal(back.start, words.start)
    np.testing.assert_array_equal(back.duration, words.duration)


@st.composite
def motions(draw):
    """Any directions of bones, also opposite and parallel ones; any proportions, place and rate."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 6))
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    bones = axes[rng.integers(0, 6, (n, 9))] if draw(st.booleans()) else rng.normal(size=(n, 9, 3))
    lengths = rng.uniform(0.05, 0.6, 9)
    positions = from_bones(bones.reshape(n, 27), lengths) + rng.normal(size=(n, 1, 3)).astype(np.float32)
    fps = draw(st.sampled_from([12.5, 15.0, 25.0, 29.97, 30.0, 60.0, 120.0]))
    return Motion(positions, fps=fps, start=draw(st.floats(0, 1000)))


@laws
@given(motion=motions())
def test_bvh_round_trip(motion, tmp_path_factory):
    back = read_bvh(write_bvh(tmp_path_factory.mktemp("b") / "m.bvh", motion))
    assert abs(back.fps - motion.fps) < 1e-3
    np.testing.assert_allclose(back.positions, motion.positions, rtol=0, atol=1e-5)  # 1e-3 cm


@laws
@given(motion=motions())
def test_npz_round_trip(motion, tmp_path_factory):
    back = read_motion(write_motion(tmp_path_factory.mktemp("n") / "m.npz", motion))
    np.testing.assert_array_equal(back.positions, motion.positions)
    assert (back.fps, back.start, back.skeleton) == (motion.fps, motion.start, motion.skeleton)


@laws
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(8, 60), gain=st.floats(0.1, 100), level=st.floats(-100, 100))
def test_scanner_units_and_drift_do_not_matter(seed, n, gain, level):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3))
    time = np.linspace(0, 1, n)[:, None]
    changed = gain * values + level * (1 + time - 2 * time**2)
    data, n_nan, n_constant = standardize(values)
    np.testing.assert_allclose(standardize(changed)[0], data, atol=1e-3)
    np.testing.assert_allclose(data.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(data.std(0), 1, atol=1e-5)
    assert (n_nan, n_constant) == (0, 0)


@laws
@given(n=st.integers(40, 200), tr=st.floats(0.5, 3), folds=st.integers(2, 6), gap=st.floats(0, 5))
def test_folds_partition_the_story_and_respect_the_gap(n, tr, folds, gap):
    times = tr * np.arange(n)
    blocks = within_story_folds(times, folds, gap)
    assert (sum(test.astype(int) for _, test in blocks) == 1).all()
    for train, test in blocks:
        assert np.diff(np.flatnonzero(test)).max(initial=1) == 1
        assert np.abs(times[train][:, None] - times[test]).min() > gap
