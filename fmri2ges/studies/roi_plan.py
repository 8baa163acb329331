"""What an ROI study has to decode: its regions, their sizes, and a task for every choice of ROIs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..brain.random_regions import random_regions
from ..brain.roi import cover
from ..brain.space import ALL, Space
from ..data.rois.files import read_rois, select_rois, split_choice
from ..data.rois.formats import format_of
from ..data.rois.mesh import MAX_TEXT, check_file
from ..decoding.rois import is_volume, rois_in_mask, why_no_cortex
from ..decoding.run import Run
from ..errors import UserError
from ..evaluation.roi_rows import Correction, Region
from .roi_request import ALL_SUBJECTS, AREAS, GROUPS, RoiStudyRequest
from .roi_task import RoiTask, digest_of_recordings


@dataclass(frozen=True)
class Plan:
    """The tasks of a study for one subject.

    Parameters
    ----------
    subject : whose BOLD is decoded
    regions : the regions
    whole : the task of all ROIs together
    alone, lesion : for each region its task; a region that is everything has no lesion (None)
    random_alone, random_lesion : for each region the tasks of random regions of its size
    """

    subject: str
    regions: tuple[Region, ...]
    whole: RoiTask
    alone: tuple[RoiTask, ...]
    lesion: tuple[RoiTask | None, ...]
    random_alone: tuple[tuple[RoiTask, ...], ...]
    random_lesion: tuple[tuple[RoiTask, ...], ...]

    @property
    def tasks(self) -> list[RoiTask]:
        """Every task once."""
        several = [task for tasks in (*self.random_alone, *self.random_lesion) for task in tasks]
        named = [task for task in (self.whole, *self.alone, *self.lesion) if task is not None]
        return list(dict.fromkeys([*named, *several]))


def plan_study(run: Run, request: RoiStudyRequest) -> list[Plan]:
    """The plan of each subject.

    Raises
    ------
    UserError
        For an unknown subject, story or region, and a region without an ROI of this study.
    """
    stories = request.stories or run.study.split.test_stories or run.stories
    plans = []
    for subject in subjects_of(run, request):
        heard = {r.story for r in run.study.recordings if r.subject == subject}
        own = tuple(story for story in stories if story in heard or request.stories)
        if not own:
            raise UserError(f"stories: {subject} heard none of the test stories {', '.join(stories)}")
        for story in own:
            run.check_held_out(subject, story)
        plans.append(_plan(run, request, subject, own))
    return plans


def subjects_of(run: Run, request: RoiStudyRequest) -> tuple[str, ...]:
    """The subjects that are meant; a `UserError` for one that the run does not have."""
    if request.subject == ALL_SUBJECTS and ALL_SUBJECTS not in run.subjects:
        return run.subjects
    subject = request.subject or (run.subjects[0] if run.subjects else "")
    if subject not in run.subjects:
        raise UserError(f"subject: {subject!r} was not trained; allowed: {ALL_SUBJECTS}, {', '.join(run.subjects)}")
    return (subject,)


def correction_of(request: RoiStudyRequest) -> Correction:
    """Holm for the few regions of a claim, Benjamini-Hochberg for a map of all areas."""
    return Correction.BH if request.rois == AREAS else Correction.HOLM


def _plan(run: Run, request: RoiStudyRequest, subject: str, stories: tuple[str, ...]) -> Plan:
    space = run.space_of(subject)
    regions = regions_of(run, subject, request.rois)
    whole = RoiTask(
        request.run if request.run == "demo" else str(Path(request.run).resolve()),
        run.digest,
        subject,
        stories,
        digest_of_recordings(run, subject, stories),
        (ALL,),
        branches=request.branches,
        texts=request.samples,
        seed=request.seed,
        refit=request.refit,
    )
    named = {(region.rois, without): True for region in regions for without in (False, True)}

    def task(rois: tuple[str, ...], without: bool, null: bool) -> RoiTask | None:
        if without and len(rois) == len(space.names):
            return None  # nothing would be left
        return replace(whole, rois=rois, without=without, null=null or named.get((rois, without), False))

    def random(region: Region, without: bool) -> tuple[RoiTask, ...]:
        drawn = random_regions(space, region.rois, request.nulls, request.seed) if request.nulls else []
        made = (task(rois, without, False) for rois in drawn)
        return tuple(other for other in made if other is not None)

    alone = tuple(task(region.rois, False, True) for region in regions)
    return Plan(
        subject,
        regions,
        whole,
        tuple(one for one in alone if one is not None),
        tuple(task(region.rois, True, True) for region in regions),
        tuple(random(region, False) for region in regions),
        tuple(random(region, True) for region in regions),
    )


def regions_of(run: Run, subject: str, rois: str) -> tuple[Region, ...]:
    """The regions that a study is about.

    Parameters
    ----------
    run : the run
    subject : whose ROIs are meant, where every subject has their own
    rois : 'groups', 'areas', or a file of ROIs or of names

    Raises
    ------
    UserError
        For a file that is not there, an unknown name, or a region without an ROI of this study.
    """
    space = run.space_of(subject)
    if rois == GROUPS:
        parts = {name: tuple(space.names[k] for k in sorted(members)) for name, members in space.regions.items()}
    elif rois == AREAS:
        parts = {name: (name,) for name in space.names}
    else:
        parts = _regions_in_file(run, subject, space, rois)
    basis = run.basis(subject)
    sizes = np.bincount(basis.owner, minlength=len(basis.names))
    return tuple(
        Region(name, members, int(sizes[space.numbers(members)].sum()))
        for name, rois in parts.items()
        for members in [space.expand(rois)]
    )


def _regions_in_file(run: Run, subject: str, space: Space, file: str) -> dict[str, tuple[str, ...]]:
    path = split_choice(file).path
    if not path.exists() and not path.is_symlink():
        raise UserError(f"--rois: {file!r} is no file, and not one of: {GROUPS}, {AREAS}")
    check_file(path)
    if is_volume(file) and not space.has_cortex:
        return {path.name.split(".")[0]: rois_in_mask(run, path, subject, split_choice(file).threshold)}
    if format_of(path) is None or path.suffix.lower() == ".json" and not _holds_masks(path):
        return {name: space.expand((name,)) for name in select_rois([file]).names}
    if not space.has_cortex:
        raise UserError(f"{file}: holds ROIs on the cortical surface, but {why_no_cortex(space)}")
    choice = split_choice(file)
    found = {
        roi.name: cover(roi.mask).areas
        for roi in read_rois(path, threshold=choice.threshold)
        if choice.name in ("", roi.name)
    }
    empty = [name for name, areas in found.items() if not areas]
    if empty:
        raise UserError(
            f"{file}: {empty[0]!r} fills no area of HCP-MMP1.0 by more than half, so that no parcel of this study "
            "belongs to it; make it larger or take it out of the file"
        )
    if not found:
        raise UserError(f"{file}: holds no ROI with a vertex on the cortex")
    return found


def _holds_masks(path: Path) -> bool:
    from ..data.atomic import read_json

    content = read_json(path, MAX_TEXT)
    return isinstance(content, dict) and "format" in content
