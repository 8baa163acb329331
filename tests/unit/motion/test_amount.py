"""Which T2G a run uses: the study's own where there is enough gesture; with less, held-out clips decide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.models.denoiser import WINDOW_FRAMES
from fmri2ges.motion.amount import (
    BATCH,
    OWN_T2G_SECONDS,
    WINDOW_SECONDS,
    Candidate,
    HeldOut,
    LearntFrom,
    T2GChoice,
    T2GOrigin,
    T2GPlan,
)
from fmri2ges.training.loop import LoopConfig

CLIPS = st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.1, 300)), max_size=12)


def plan_of(*durations: float) -> T2GPlan:
    return T2GPlan.of(("a", seconds) for seconds in durations)


def test_the_minimum_is_one_batch_of_windows_that_do_not_overlap():
    assert LoopConfig(1, 1e-3, 0.0, 0.9).batch == BATCH and WINDOW_FRAMES == WINDOW_SECONDS * 7.5
    assert OWN_T2G_SECONDS == BATCH * WINDOW_SECONDS == pytest.approx(6.4 * 60)


@given(st.lists(st.floats(0.1, 600), max_size=40))
def test_only_clips_of_a_window_or_more_count(durations):
    plan = plan_of(*durations)
    long = [d for d in durations if d >= WINDOW_SECONDS]
    assert plan.seconds == pytest.approx(sum(long)) and plan.clips == len(long)
    assert plan.own == (plan.seconds >= OWN_T2G_SECONDS) == (plan.trained_on == "study")
    assert not (plan.own and plan.judged) and "\n" not in plan.describe()


@given(CLIPS)
def test_what_is_held_out_is_never_learnt_from(clips):
    held_out = HeldOut.of(clips)
    for part in (*held_out.learnt, *held_out.judged):
        assert 0 <= part.start < part.stop <= clips[part.clip][1] and part.seconds >= WINDOW_SECONDS - 1e-9
    for part in held_out.judged:
        assert all(o.stop <= part.start or part.stop <= o.start for o in held_out.learnt if o.clip == part.clip)
    for speaker in "ab":
        own = [seconds for who, seconds in clips if who == speaker and seconds >= WINDOW_SECONDS]
        learnt, judged = ([p for p in s if clips[p.clip][0] == speaker] for s in (held_out.learnt, held_out.judged))
        assert bool(own) == bool(learnt), "of every speaker something is learnt"
        assert bool(judged) == (sum(own) >= 2 * WINDOW_SECONDS)
        assert sum(p.seconds for p in judged) <= max(2 * WINDOW_SECONDS, 0.25 * sum(own) + WINDOW_SECONDS)


@pytest.mark.parametrize(
    "durations, learnt, judged",
    [
        ([60.0], [(0, 0, 45)], [(0, 45, 60)]),
        ([20.0] * 4, [(0, 0, 20), (1, 0, 20), (2, 0, 20)], [(3, 0, 20)]),
        ([40.0, 12.0], [(0, 0, 40)], [(1, 0, 12)]),  # too short to be cut: all of it is held out
        ([15.0], [(0, 0, 15)], []),
        ([3.0, 16.0], [(1, 0, 8)], [(1, 8, 16)]),
    ],
)
def test_the_last_quarter_is_held_out(durations, learnt, judged):
    held_out = plan_of(*durations).held_out
    assert [(p.clip, p.start, p.stop) for p in held_out.learnt] == learnt
    assert [(p.clip, p.start, p.stop) for p in held_out.judged] == judged


@pytest.mark.parametrize(
    "durations, said",
    [
        ([], "T2G: the shipped one, trained on simulated gestures, not fine-tuned; for training the study has no"),
        ([7.9] * 100, "the study has no gesture clips"),
        ([15.0], "the study has 0.2 minutes in gesture clips of 8 s or more, an own T2G needs 6.4 minutes"),
        ([60.0], "T2G: the one of three that is closest to 0.2 min of clips that are held out"),
        ([192.0, 191.9], "the same fine-tuned on the other 4.8 min; or one trained on these alone. With 6.4 minutes"),
        ([192.0, 192.0], "T2G: the study's own, trained on 6.4 minutes of gesture"),
    ],
)
def test_the_plan_is_said_with_its_numbers(durations, said):
    assert said in plan_of(*durations).describe()


@pytest.mark.parametrize(
    "chosen, said, seconds",
    [
        (LearntFrom.DEMO, "T2G: the shipped one, trained on simulated gestures, not fine-tuned; loss", 0.0),
        (LearntFrom.FINE_TUNED, "T2G: shipped, fine-tuned on 2.4 min of the study's clips; loss", 144.0),
        (LearntFrom.STUDY, "T2G: the study's own, trained on 2.4 min of the study's clips; loss", 144.0),
    ],
)
def test_a_choice_is_said_with_all_three_losses(chosen, said, seconds):
    losses = zip(LearntFrom, (0.5, 0.25, 0.3), strict=False)
    choice = T2GChoice(plan_of(192.0), chosen, tuple(Candidate(kind, loss, 24.0) for kind, loss in losses))
    note = choice.describe()
    assert note.startswith(said) and "on 0.8 min of held-out clips: own 0.500, fine-tuned 0.250, shipped 0.300" in note
    entries = choice.entries()
    assert entries["t2g"] == chosen.value and entries["t2g_seconds"] == seconds
    assert T2GChoice.found(choice.plan, entries) == choice and entries["t2g_held_out_seconds"] == 48


@pytest.mark.parametrize("simulated", [True, False])
def test_the_origin_of_a_fine_tuned_t2g_names_both_of_its_sources(simulated):
    origin = T2GOrigin.of({"t2g": "fine-tuned", "t2g_seconds": 192.0, "simulated": simulated})
    assert origin.short == "T2G: shipped, fine-tuned on 3.2 min of clips"
    assert origin.caption == "T2G: shipped (trained on simulated gestures), fine-tuned on 3.2 min of clips"
    assert origin.borrowed is not simulated
    assert T2GOrigin.of({"t2g": "fine-tuned"}).short == "T2G: shipped, fine-tuned on the study's clips"
