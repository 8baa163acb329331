"""Which T2G a training uses: check, the log and the manifest agree on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.demo import WEIGHTS
from fmri2ges.motion.amount import LearntFrom, T2GPlan
from fmri2ges.storage import models as store
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training import train
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.presets import PRESETS


def plan_of(*durations: float) -> T2GPlan:
    return T2GPlan.of(("1", seconds) for seconds in durations)


def obtain(study, **changes) -> train.ObtainedT2G:
    config, keeper = replace(PRESETS["demo"], **changes), Keeper(np.random.default_rng(0))
    return train.obtain_t2g(load_study(study), load_vectors(), config, keeper, "cpu")


def test_held_out_clips_decide_about_a_minute_of_clips(toy):
    """`toy` has one clip of 60 s, of somebody whom the shipped T2G does not resemble at all."""
    said = plan_of(60.0).describe()
    assert said in check_study(toy).summary
    found = checked_to_dict(check_study(toy))["t2g"]
    assert found == {"trained_on": "held-out clips decide", "seconds": 60.0, "needed": 384.0, "note": said}
    got = obtain(toy, t2g_steps=4)
    assert got.choice.learnt_from is not LearntFrom.DEMO and len(got.real) == 1
    assert got.t2g.denoiser.config.n_speakers == 1 and got.choice.entries()["t2g_seconds"] == 45.0


def test_too_little_to_hold_any_out_keeps_the_shipped_one(toy):
    toy.write_text(toy.read_text().replace('speaker = "1"', 'speaker = "1"\n# 60 s'))
    with np.load(toy.parent / "g.npz") as file:
        arrays = dict(file)
    np.savez(toy.parent / "g.npz", **arrays | {"positions": arrays["positions"][: 15 * 15]})
    got = obtain(toy)
    assert (got.choice.learnt_from, got.choice.candidates, got.real) == (LearntFrom.DEMO, (), [])
    assert got.choice.describe() == plan_of(15.0).describe()
    shipped = store.read_generator(WEIGHTS / "t2g.safetensors", "cpu")
    for ours, theirs in zip(got.t2g.denoiser.parameters(), shipped.denoiser.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_clips_that_are_held_out_from_the_study_do_not_count(toy):
    toy.write_text(toy.read_text().replace('["c"]', '["c", "g"]'))
    assert plan_of().describe() in check_study(toy).summary


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
    got = obtain(toy)
    assert said in check_study(toy).summary and said == got.choice.describe()
    assert trained == [pytest.approx(480.0)] and len(got.real) == 8
