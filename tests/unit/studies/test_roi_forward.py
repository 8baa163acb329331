"""The forward choice of a study: planted regions first, held-out scores from paths that did not see the story."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.demo import ROI_STUDY
from fmri2ges.errors import UserError
from fmri2ges.evaluation.roi_rows import Region
from fmri2ges.storage.roi_forward import step_from_dict, step_to_dict
from fmri2ges.storage.roi_study import load_roi_study, study_from_dict, study_to_dict
from fmri2ges.studies.roi_forward import check_forward, forward_steps
from fmri2ges.studies.roi_plan import Plan
from fmri2ges.studies.roi_task import RoiTask

NAMES, WORTH = ("a", "b", "c", "d", "e"), {"b": 0.2, "d": 0.1}
BLOCKS = 7


def plan_of(stories) -> Plan:
    whole = RoiTask("run", "digest", "s1", stories, "", ("all",), branches=("direct",))
    alone = tuple(RoiTask("run", "digest", "s1", stories, "", (name,), branches=("direct",)) for name in NAMES)
    regions = tuple(Region(name, (name,), 1) for name in NAMES)
    return Plan("s1", regions, whole, alone, (), (), ())


def result_of(task: RoiTask, noise: float = 0.01) -> dict:
    """What a worker would answer: a set scores what its regions are worth, and noise of its own."""
    names = NAMES if task.rois == ("all",) else task.rois
    found = {}
    for story in task.stories:
        blocks = np.zeros(BLOCKS)
        for name in names:
            rng = np.random.default_rng([NAMES.index(name), len(story), int(story[-1])])
            blocks += WORTH.get(name, 0.0) + noise * rng.standard_normal(BLOCKS)
        found[story] = [{"metric": "r_expected", "branch": "direct", "blocks": list(blocks), "value": blocks.mean()}]
    return found


def steps_of(stories, noise=0.01, asked=None):
    def compute(tasks):
        if asked is not None:
            asked.extend(tasks)
        return {task: result_of(task, noise) for task in tasks}

    plan = plan_of(stories)
    return forward_steps(plan, result_of(plan.whole, noise), 0, compute)


@pytest.mark.parametrize("stories", [("t-1", "t-2", "t-3", "t-4", "t-5", "t-6"), ("t-1", "t-2"), ("t-1",)])
def test_planted_regions_are_chosen_and_hold_where_they_were_not_chosen(stories):
    steps = steps_of(stories)
    assert [step.region for step in steps[:2]] == ["b", "d"]
    assert steps[1].agree == steps[1].paths == min(5, len(stories) if len(stories) > 1 else BLOCKS)
    assert steps[1].held_out == pytest.approx(0.3, abs=0.02) and steps[1].share > 0.93
    assert steps[1].interval.low <= steps[1].held_out <= steps[1].interval.high
    assert [step.step for step in steps] == list(range(1, len(steps) + 1))


def test_the_held_out_score_of_a_story_is_of_a_path_that_the_story_did_not_choose():
    """A region that is large in one story alone is chosen by it; that story does not count for it."""
    stories = ("t-1", "t-2")

    def compute(tasks):
        results = {}
        for task in tasks:
            value = {"t-1": 1.0 if "a" in task.rois else 0.0, "t-2": 0.4 if "c" in task.rois else 0.0}
            score = {"metric": "r_expected", "branch": "direct"}
            results[task] = {s: [{**score, "blocks": [value[s]] * BLOCKS, "value": value[s]}] for s in stories}
        return results

    plan = plan_of(stories)
    whole = compute([RoiTask("run", "digest", "s1", stories, "", NAMES)])
    steps = forward_steps(plan, next(iter(whole.values())), 0, compute)
    assert steps[0].region == "a" and steps[0].chosen == pytest.approx(0.5)
    assert steps[0].held_out == 0.0 and steps[0].agree == 1  # t-1 chooses a, t-2 chooses c


def test_no_choice_is_decoded_twice_and_sets_of_one_are_those_of_the_study():
    asked = []
    steps_of(("t-1", "t-2", "t-3"), asked=asked)
    assert len({task.digest for task in asked}) == len(asked)
    assert asked[:5] == list(plan_of(("t-1", "t-2", "t-3")).alone)
    assert all(task.branches == ("direct",) for task in asked)


def test_nothing_is_chosen_of_a_brain_that_scores_nothing():
    plan = plan_of(("t-1", "t-2"))
    whole = result_of(plan.whole)
    for scores in whole.values():
        scores[0]["blocks"] = [-0.01] * BLOCKS
    assert forward_steps(plan, whole, 0, lambda tasks: {}) == []


def test_a_run_with_folds_within_a_story_is_refused_in_one_line():
    run = SimpleNamespace(study=SimpleNamespace(split=SimpleNamespace(within_story_folds=5)))
    with pytest.raises(UserError, match="were trained on its other stretches") as error:
        check_forward(run)
    assert "\n" not in str(error.value)


def test_steps_are_kept_as_they_are_and_damage_is_seen():
    (first, *_) = steps_of(("t-1", "t-2"))
    again = step_from_dict(step_to_dict(first))
    assert (again.region, again.step, again.agree) == (first.region, first.step, first.agree)
    assert again.held_out == pytest.approx(first.held_out, rel=1e-5)
    for name, value in (("branch", "third"), ("chosen", "x"), ("whole", -1), ("agree", 99), ("step", 0)):
        with pytest.raises((ValueError, TypeError, KeyError)):
            step_from_dict({**step_to_dict(first), name: value})


def test_a_step_of_a_subject_that_the_study_does_not_have_is_damage():
    study = load_roi_study(ROI_STUDY)
    (step, *_) = steps_of(("t-1", "t-2"))
    region = study.regions[0].name
    for subject, fits in ((study.subjects[0], True), ("sub-99", False)):
        values = study_to_dict(replace(study, forward=(replace(step, subject=subject, region=region),)))
        if fits:
            assert study_from_dict(values, study.manifest).forward[0].subject == subject
        else:
            with pytest.raises(ValueError, match="a subject of the study"):
                study_from_dict(values, study.manifest)
