"""T2G of a study with few clips: held-out clips choose among the shipped one, the same fine-tuned, and an own one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import CLIPS, TEST, World
from fmri2ges.models.conditions import word_track
from fmri2ges.motion.amount import LearntFrom, T2GPlan
from fmri2ges.motion.features import normalise, to_bones
from fmri2ges.storage.models import read_generator
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training.corpus import GestureStory
from fmri2ges.training.few_clips import JERK, FewClips, Judged, best, choose_t2g, cut, moved
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.presets import TrainConfig

BRIEF = TrainConfig(t2g_steps=8)


def in_style(bones: np.ndarray) -> np.ndarray:
    """Bones (n_frames, 27) of somebody who leans, keeps the arms apart and moves them less."""
    middle = bones.mean(0)
    return normalise(middle + np.random.default_rng(11).normal(0, 0.25, 27) + 0.7 * (bones - middle))


def corpus(seconds: float, planted: bool) -> list[GestureStory]:
    """One simulated clip of so many seconds."""
    script, motion, _ = World(5).clip(CLIPS[0])
    bones = to_bones(motion.positions)[: int(15 * seconds)]
    return [GestureStory("one", 0, in_style(bones) if planted else bones, motion.start, script.words)]


@pytest.fixture(scope="module")
def shipped():
    return replace(read_generator(WEIGHTS / "t2g.safetensors", "cpu"), guidance=BRIEF.t2g_guidance)


def choose(clips, shipped, config=BRIEF):
    plan = T2GPlan.of((str(c.speaker), len(c.bones) / 15) for c in clips)
    few = FewClips.of(clips, plan, shipped, load_vectors(), config)
    return few, *choose_t2g(few, plan, Keeper(np.random.default_rng(0)), "cpu")


def test_clips_in_a_style_of_their_own_are_fine_tuned_on(shipped):
    _, t2g, choice = choose(corpus(100, planted=True), shipped)
    shipped_one, tuned, own = choice.candidates
    assert choice.learnt_from is LearntFrom.FINE_TUNED and tuned.loss < 0.9 * shipped_one.loss
    assert tuned.jerk < shipped_one.jerk, "that person moves less"
    assert own.loss > tuned.loss, "a T2G of its own that was hardly trained"
    text = World(5).script(TEST[0]).words
    track = word_track(text, load_vectors().matrix(text.text))
    real = in_style(to_bones(World(5).truth(TEST[0]).positions)).mean(0)
    seeds = (torch.Generator().manual_seed(1) for _ in "12")
    made = [
        g.sample_bones([track], 0.0, 30.0, 0, seed)[0].mean(0) for g, seed in zip((t2g, shipped), seeds, strict=True)
    ]
    assert np.abs(made[0] - real).mean() < 0.6 * np.abs(made[1] - real).mean(), "it holds itself as in the clips"


def test_a_minute_of_clips_never_makes_motion_tremble(shipped):
    _, t2g, choice = choose(corpus(60, planted=False), shipped)
    text = World(5).script(TEST[1]).words
    track = word_track(text, load_vectors().matrix(text.text))
    seeds = (torch.Generator().manual_seed(1) for _ in "12")
    made = [g.sample_bones([track] * 2, 0.0, 30.0, 0, seed) for g, seed in zip((t2g, shipped), seeds, strict=True)]
    jerks = [moved(bones, JERK) for bones in made]
    assert jerks[0] <= 1.05 * jerks[1]
    assert [c.learnt_from for c in choice.candidates] == [LearntFrom.DEMO, LearntFrom.FINE_TUNED, LearntFrom.STUDY]


def test_the_same_seed_makes_the_same_choice_and_weights(shipped):
    (_, one, said), (_, two, again) = (
        choose(corpus(20, planted=True), shipped, TrainConfig(t2g_steps=4)) for _ in "12"
    )
    assert said == again
    for a, b in zip(one.denoiser.parameters(), two.denoiser.parameters(), strict=True):
        assert torch.equal(a, b)


def judged(kind: LearntFrom, losses, jerks) -> Judged:
    return Judged(kind, np.asarray(losses, float), np.asarray(jerks, float), np.full(len(losses), 0.2))


FOUR = np.arange(4.0)


@pytest.mark.parametrize(
    "tuned, own, chosen",
    [
        ((-1.0, 0.0), (-0.5, 0.0), LearntFrom.FINE_TUNED),
        ((-1.0, 0.0), (-2.0, 0.0), LearntFrom.STUDY),
        ((0.5, 0.0), (0.5, 0.0), LearntFrom.DEMO),
        ((0.0, 0.0), (0.0, 0.0), LearntFrom.DEMO),
        ((-1.0, 9.0), (-2.0, 9.0), LearntFrom.DEMO),  # both tremble
        ((-1.0, 0.0), (-2.0, 9.0), LearntFrom.FINE_TUNED),
        ((-1.0, 4.0), (0.0, 0.0), LearntFrom.FINE_TUNED),  # whoever moves a quarter faster may tremble a quarter more
    ],
)
def test_the_lowest_loss_wins_unless_it_trembles(tuned, own, chosen):
    kinds = (LearntFrom.FINE_TUNED, LearntFrom.STUDY)
    first = judged(LearntFrom.DEMO, 5 + FOUR, 20 + FOUR)
    others = [judged(k, 5 + FOUR + loss, 20 + FOUR + more) for k, (loss, more) in zip(kinds, (tuned, own), strict=True)]
    assert best([first, *others], speed=0.25) is chosen
    calm = best([first, *others], speed=0.1)
    assert calm is chosen or (tuned[1] == 4 and calm is LearntFrom.DEMO)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_a_difference_that_chance_explains_changes_nothing(differences):
    d = np.array(differences)
    first = judged(LearntFrom.DEMO, np.full(len(d), 5.0), np.ones(len(d)))
    p = stats.ttest_1samp(d, 0, alternative="less").pvalue if len(d) > 1 and np.ptp(d) > 1e-6 else np.nan
    chosen = best([first, judged(LearntFrom.FINE_TUNED, 5 + d, np.ones(len(d)))], speed=0.2)
    if np.isnan(p):
        assert (chosen is LearntFrom.DEMO) == (len(d) < 2 or d.mean() > -1e-9)
    elif abs(p - 0.05) > 1e-6:
        assert chosen is (LearntFrom.FINE_TUNED if p < 0.05 else LearntFrom.DEMO)


def test_parts_of_a_clip_stay_on_its_clock():
    (clip,) = corpus(20, planted=False)
    plan = T2GPlan.of([("a", 20.0)])
    first, last = (cut(replace(clip, start=3.0), s) for s in (*plan.held_out.learnt, *plan.held_out.judged))
    np.testing.assert_array_equal(np.concatenate([first.bones, last.bones]), clip.bones)
    assert (first.start, last.start) == (3.0, 15.0) and len(last.bones) == 120
