"""F2G's guidance is chosen on training stories, and the weights keep among which it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import TRAIN, World
from fmri2ges.models.conditions import word_track
from fmri2ges.models.guidance import chosen
from fmri2ges.motion.features import to_bones
from fmri2ges.storage.models import read_generator, read_guidance, write_generator
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training import guidance
from fmri2ges.training.guidance import GUIDANCES, Stretch, guided


@pytest.fixture(scope="module")
def t2g():
    return read_generator(WEIGHTS / "t2g.safetensors", "cpu")


def stretch(story: str, seconds: float) -> Stretch:
    """A story whose brain tells its words."""
    words = World(0).script(story).words
    track = word_track(words, load_vectors().matrix(words.text))
    return Stretch.middle(track, track, 0.0, seconds)


def test_the_middle_of_a_story_is_judged_and_all_of_a_short_one():
    long, short = stretch(TRAIN[0], 300.0), stretch(TRAIN[0], 40.0)
    assert (long.start, long.seconds) == (120.0, 60.0) and (short.start, short.seconds) == (0.0, 40.0)


def test_training_stories_choose_and_the_weights_keep_what_they_said(t2g, tmp_path, monkeypatch):
    monkeypatch.setattr(guidance, "SAMPLES", 2)
    real = [t2g.codec.encode(to_bones(World(0).truth(TRAIN[2]).positions[:1500]))]
    found = guided(replace(t2g, guidance=1.0), t2g, [stretch(s, 20.0) for s in TRAIN[:2]], real, 0)
    assert tuple(one.guidance for one in found.tried) == GUIDANCES
    assert found.guidance == chosen(found.tried).guidance and found.calibration is None
    rising = [one.mean_r for one in found.tried]
    assert rising == sorted(rising) and rising[0] > 0.5, "more guidance, more like the gesture that is expected"
    write_generator(tmp_path / "f2g.safetensors", replace(found, calibration=t2g.calibration))
    again = read_generator(tmp_path / "f2g.safetensors", "cpu")
    assert again.guidance == found.guidance
    assert [(t.guidance, t.r, t.fgd, t.fgd_without) for t in again.tried] == [
        (t.guidance, t.r, t.fgd, t.fgd_without) for t in found.tried
    ]
    told = read_guidance(tmp_path / "f2g.safetensors")
    assert told["guidance"] == found.guidance and [t["guidance"] for t in told["tried"]] == list(GUIDANCES)


def test_weights_of_before_say_nothing_of_a_choice(t2g):
    assert t2g.tried == () and read_guidance(WEIGHTS / "f2g-0.safetensors") == {"guidance": 3.0, "tried": []}
    assert np.isfinite(t2g.guidance)
