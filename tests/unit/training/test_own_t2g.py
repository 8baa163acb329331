"""A minute of gesture does not replace the shipped T2G, and check, training and the manifest agree on that."""

import numpy as np
import pytest
import torch

from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.demo import WEIGHTS
from fmri2ges.motion.amount import choose_t2g
from fmri2ges.storage import models as store
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training import train
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.presets import PRESETS


def test_a_minute_of_clips_keeps_the_shipped_t2g(toy):
    """`toy` has one clip of 60 s."""
    said = choose_t2g([60.0]).describe()
    assert said.startswith("T2G: the shipped one") and said in check_study(toy).summary
    found = checked_to_dict(check_study(toy))["t2g"]
    assert found == {"trained_on": "demo", "seconds": 60.0, "needed": 384.0, "note": said}
    got = train.obtain_t2g(load_study(toy), load_vectors(), PRESETS["demo"], Keeper(np.random.default_rng(0)), "cpu")
    assert (got.choice.trained_on, got.choice.describe(), got.real) == ("demo", said, [])
    shipped = store.read_generator(WEIGHTS / "t2g.safetensors", "cpu")
    for ours, theirs in zip(got.t2g.denoiser.parameters(), shipped.denoiser.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_clips_that_are_held_out_do_not_count(toy):
    toy.write_text(toy.read_text().replace('["c"]', '["c", "g"]'))
    assert choose_t2g([]).describe() in check_study(toy).summary


def test_enough_clips_train_an_own_one(toy, monkeypatch):
    text = toy.read_text()
    entries = [text[text.index("[[gesture]]") : text.index("[split]")].replace('"g"', f'"g{k}"') for k in range(7)]
    toy.write_text(text.replace("[split]", "".join(entries) + "[split]"))
    trained = []

    def remember(clips, *rest):
        trained.append(sum(len(c.bones) for c in clips) / 15)
        return store.read_generator(WEIGHTS / "t2g.safetensors", "cpu")

    monkeypatch.setattr(train, "train_t2g", remember)
    said = "T2G: the study's own, trained on 8.0 minutes of gesture (at least 6.4 are needed)"
    got = train.obtain_t2g(load_study(toy), load_vectors(), PRESETS["demo"], Keeper(np.random.default_rng(0)), "cpu")
    assert said in check_study(toy).summary and said == got.choice.describe()
    assert trained == [pytest.approx(480.0)] and len(got.real) == 8
