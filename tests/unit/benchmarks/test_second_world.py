"""The second simulator: the same seed gives the same study, signal lies where it is planted, and performances agree."""

import numpy as np
from second_world import CLIPS, N_CARRYING, TEST, TRAIN, OtherWorld, resampled

from fmri2ges.data.study.load import load_study
from fmri2ges.evaluation.gesture import features, on_body, weighted_r
from fmri2ges.motion.features import to_bones


def test_the_seed_fixes_a_story_and_its_bold():
    one, again, other = OtherWorld(3), OtherWorld(3), OtherWorld(4)
    assert one.story("new0").words.text == again.story("new0").words.text != other.story("new0").words.text
    np.testing.assert_array_equal(one.bold("new0"), again.bold("new0"))
    assert one.story("new0").words.text != one.story("new1").words.text


def test_without_signal_only_the_noise_is_left():
    world, silent = OtherWorld(0), OtherWorld(0, signal=0.0)
    planted = np.abs(world.bold("new0") - silent.bold("new0")).max(0) > 1e-9
    assert planted.sum() == N_CARRYING
    np.testing.assert_array_equal(planted, np.abs(world.loading).sum(1) > 0)


def test_two_performances_of_a_text_agree_and_those_of_two_texts_do_not():
    world = OtherWorld(0)
    one, again, other = (
        resampled(world.motion(name, 0, how)) for name, how in (("new0", ""), ("new0", "again"), ("new1", ""))
    )
    assert np.abs(np.linalg.norm(to_bones(one).reshape(-1, 3), axis=1) - 1).max() < 1e-5
    true, second, strange = (features(on_body(x)) for x in (one, again, other))
    assert weighted_r(true, second) > 0.4 and abs(weighted_r(true, strange)) < 0.1


def test_the_study_is_one_that_the_product_reads(tmp_path, monkeypatch):
    import second_world

    monkeypatch.setattr(second_world, "TRAIN", TRAIN[:2])
    monkeypatch.setattr(second_world, "CLIPS", CLIPS[:1])
    monkeypatch.setattr(second_world, "TEST", TEST[:1])
    study = load_study(OtherWorld(0).write(tmp_path / "study"))
    assert study.train_stories and study.split.test_stories == ("new0",)
    recording = study.read_recording(study.recording("s1", "heard00"))
    assert recording.bold.shape == (200, 80) and recording.tr == 1.5 and len(recording.words) > 500
    assert study.read_clip(study.gestures[0]).motion.duration > 299
