"""Which regions carry the gesture: every region alone, all without it, and random regions of the same size."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..compute import map_tasks
from ..decoding.heard import N_SAMPLES
from ..decoding.run import Run, open_run
from ..decoding.stories import rerendition_of
from ..errors import UserError
from ..evaluation import metrics
from ..evaluation.forward import REACH
from ..evaluation.gesture import features, identification, pair, weighted_r
from ..evaluation.roi_group import LEAST
from ..evaluation.roi_rows import Effect, ForwardStep, RoiStudy
from ..exports.roi_maps import write_roi_maps
from ..motion.amount import t2g_entries
from ..provenance import build_manifest
from ..storage.folder import RunFolder
from ..storage.roi_study import KIND, write_roi_study
from ..work import QUIET, Work
from .roi_forward import check_forward, forward_steps
from .roi_group import write_group
from .roi_plan import Plan, correction_of, plan_study
from .roi_request import RoiStudyRequest
from .roi_rows import Facts, rows_of
from .roi_task import RoiTask, run_task

NOTES = {
    "exploratory": "exploratory: regions were chosen when decoding; the readout was solved for each region, but "
    "networks, ridge penalty and parcel components are those that were trained on all regions",
    "confirmatory": "confirmatory (text branch): readout and ridge penalty were fitted for each region on the training "
    "stories; T2G and the language model see no fMRI. The direct branch stays exploratory: F2G was not trained again",
    "p": "p: one-sided, circular shifts of 20 s and more, each story by its own; a lesion shifts both alike",
    "expected": "gestures are expected ones, which stand for the mean of very many samples",
    "words": "text branch: in each word slot the mean vector over the words that may stand there; nothing is drawn",
    "texts": "text branch: mean over drawn texts",
    "heard": f"{metrics.HEARD}: the reference is the mean of {N_SAMPLES} gestures that T2G makes of the transcript; it "
    "reads the words heard, no brain, and is no recorded gesture: never compare it with scores against real motion",
    "repeats": "noise ceiling: how alike decodings of two halves of the repeats of a story are, stepped up to all "
    "repeats; the most that noise in the BOLD of the region lets r be",
    "no gesture": f"no gesture was recorded with these stories: gestures are scored against {metrics.HEARD} alone",
    "no words": "no word was heard in these stories: nothing is scored but the rate of words",
}


def roi_study(
    request: RoiStudyRequest, out, executor: str = "local", force: bool = False, work: Work = QUIET
) -> RoiStudy:
    """Score every region alone, all without it, and random regions of its size, and write table and maps.

    Parameters
    ----------
    request : what is asked for
    out : folder to make; a study that was stopped goes on where it was
    executor : where tasks are computed: 'serial', 'local' (a process for each core) or a Dask cluster, see
        `compute.map_tasks`
    force : replace a finished study of this name
    work : progress and cancel

    Returns
    -------
    study : RoiStudy

    Raises
    ------
    UserError
        For an unknown subject, story or region, a region without an ROI of this study, a run without anything to
        measure, or a folder that another process is writing; one line.
    Cancelled
        When the work shall stop; what was computed is found again by the next call.
    """
    run = open_run(request.run, device="cpu")
    if request.forward:
        check_forward(run)
    plans = plan_study(run, request)
    with RunFolder(out, force) as folder:

        def tell(fraction: float, message: str) -> None:
            folder.progress(fraction, message)
            work.report(fraction, message)

        watched = Work(tell, work.should_stop)
        study = compute_study(run, plans, request, executor, tasks_folder(out), watched)
        write_roi_study(study, folder.path)
        spaces = {plan.subject: _space(run, plan) for plan in plans}
        write_roi_maps(study, spaces, folder.path / "maps")
        write_group(study, spaces[plans[0].subject], folder.path)
    shutil.rmtree(tasks_folder(out), ignore_errors=True)
    return study


def tasks_folder(out) -> Path:
    """Where the results of single tasks wait until the study is whole: OUT.tasks, beside the folder."""
    out = Path(out)
    return out.with_name(f"{out.name}.tasks")


def compute_study(
    run: Run, plans: list[Plan], request: RoiStudyRequest, executor: str, folder, work: Work = QUIET
) -> RoiStudy:
    """The study of plans, without writing it; `folder` keeps the results of single tasks."""
    tasks = list(dict.fromkeys(task for plan in plans for task in plan.tasks))
    named = work.part(0.0, 0.7 if request.forward else 0.97)
    results = dict(zip(tasks, map_tasks(run_task, tasks, folder, executor, named), strict=True))

    done = 0.7

    def compute(more: Sequence[RoiTask]) -> dict[RoiTask, dict[str, Any]]:
        """The results of a step of the forward choice; nobody knows how many steps there will be."""
        nonlocal done
        new = list(dict.fromkeys(task for task in more if task not in results))
        if new:
            step = work.part(done, done + (0.97 - done) / 3, "forward choice")
            done += (0.97 - done) / 3
            results.update(zip(new, map_tasks(run_task, new, folder, executor, step), strict=True))
        return results

    forward: list[ForwardStep] = []
    if request.forward:
        for plan in plans:
            forward += forward_steps(plan, results[plan.whole], request.seed, compute)
    work.report(0.97, "intervals and nulls")
    rows = []
    for plan in plans:
        stories = plan.whole.stories
        facts = Facts(_ceilings(run, stories), correction_of(request), request.refit, request.seed)
        rows += rows_of(plan, results, facts)
    if not rows:
        raise UserError("roi-study: no word was heard in these stories, so there is nothing to measure; choose others")
    regions = {region.name: region for plan in reversed(plans) for region in plan.regions}
    asked = {name: value for name, value in request.to_dict().items() if name != "run"}
    files = {file for plan in plans for file in _inputs(run, plan)}
    return RoiStudy(
        rows=tuple(rows),
        regions=tuple(regions.values()),
        correction=correction_of(request),
        space=run.space.kind,
        simulated=run.simulated,
        stories=tuple(dict.fromkeys(story for plan in plans for story in plan.whole.stories)),
        notes=tuple([*_notes(run, plans, request, rows), *_forward_notes(plans, request, forward)]),
        forward=tuple(forward),
        heard={plan.subject: plan.whole.stories for plan in plans},
        request=asked | {"run_digest": run.digest},
        manifest=build_manifest(
            KIND,
            asked,
            request.seed,
            {file.name: file for file in sorted(files)},
            run.simulated,
            "cpu",
            run=request.run,
            run_digest=run.digest,
            study_name=run.study.name,
            **t2g_entries(run.manifest),
            tasks=len(results),
        ),
    )


def _inputs(run: Run, plan: Plan) -> list[Path]:
    return [file for story in plan.whole.stories for file in run.study.recording(plan.subject, story).files]


def _space(run: Run, plan: Plan):
    """The space of a subject with the grid of voxels, which only a recording knows: one that was decoded from."""
    return run.study.recording(plan.subject, plan.whole.stories[0]).space()


def _ceilings(run: Run, stories: tuple[str, ...]) -> dict[str, float]:
    """Scores of a second performance of the same texts by the same speaker, where the study has one of each."""
    r, rank = [], []
    for story in stories:
        truth, again = run.reference(story), rerendition_of(run.study, story)
        if truth is None or again is None:
            return {}
        both = pair(truth, again)
        true, second = features(both.reference), features(both.mean)
        r.append(weighted_r(true, second))
        rank += [m.value for m in identification(true, second, "real") if m.metric == metrics.SEGMENT_RANK]
    return {metrics.R_EXPECTED.id: float(np.mean(r)), metrics.SEGMENT_RANK.id: float(np.mean(rank))}


def _notes(run: Run, plans: list[Plan], request: RoiStudyRequest, rows) -> list[str]:
    notes = [NOTES["confirmatory" if request.refit else "exploratory"], NOTES["p"]]
    there = {row.metric for row in rows}
    if metrics.R_EXPECTED not in there:
        notes.append(NOTES["no gesture" if metrics.HEARD_R_EXPECTED in there else "no words"])
    if metrics.HEARD_R_EXPECTED in there:
        notes.append(NOTES["heard"])
    if there & {metrics.R_EXPECTED, metrics.HEARD_R_EXPECTED}:
        notes.append(NOTES["expected"])
    if request.branch != "direct":
        notes.append(NOTES["texts" if request.samples else "words"])
    heard_one: dict[str, list[str]] = {}
    for plan in plans:
        if len(plan.whole.stories) == 1:
            heard_one.setdefault(plan.whole.stories[0], []).append(plan.subject)
    notes += [
        f"{', '.join(subjects)}: a single story ({story}), so the intervals are over its blocks of 40-60 s and p "
        "rests on few independent shifts; nothing is said about other stories"
        for story, subjects in heard_one.items()
    ]
    for plan in plans:
        notes += [
            f"{plan.subject}: {region.name} is everything that was recorded; nothing is left without it"
            for region, task in zip(plan.regions, plan.lesion, strict=True)
            if task is None
        ]
    if len(plans) > 1:
        alone = f"{len(plans)} of them allow no test of a group" if len(plans) < LEAST else "group.tsv has t over them"
        notes.append(f"subjects are reported one by one; {alone}")
    if any(row.noise_ceiling is not None for row in rows):
        notes.append(NOTES["repeats"])
    else:
        notes.append("no story was heard more than once by a subject, so there is no noise ceiling")
    if not request.nulls:
        notes.append("no random regions of the same size were decoded (nulls = 0): large regions win by their size")
    if any(row.null is None or row.null.p is None for row in rows if row.effect != Effect.WHOLE):
        notes.append("some rows have no p: the stories are too short for enough independent shifts of 20 s and more")
    return notes


def _forward_notes(plans: list[Plan], request: RoiStudyRequest, forward: list[ForwardStep]) -> list[str]:
    if not request.forward:
        return []
    notes = [
        f"forward choice (exploratory): regions are added one by one until they reach {REACH:.0%} of the score of all "
        "on the stories that choose; the score that counts is the one on stories that did not choose"
    ]
    found = {(step.subject, step.branch) for step in forward}
    notes += [
        f"{plan.subject}, {branch} branch: no forward choice, because all regions together score nothing above 0 on "
        "some of the stories, or the stories are too short to leave any out"
        for plan in plans
        for branch in request.branches
        if (plan.subject, branch) not in found
    ]
    return notes
