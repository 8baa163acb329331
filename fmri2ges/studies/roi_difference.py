"""Differences between branches, subjects or whole ROI studies, and what is written of them."""

from __future__ import annotations

from pathlib import Path

from ..brain.atlas import load_atlas
from ..brain.space import has_cortex
from ..data.atomic import write_json, write_text
from ..errors import UserError, check_option
from ..evaluation.roi_difference import RoiDifference, Side, difference
from ..evaluation.roi_rows import Effect, RoiStudy
from ..exports.roi_maps import on_rois, write_region_maps
from ..provenance import build_manifest
from ..results import BRANCHES
from ..storage.roi_difference import KIND, TABLE, difference_text


def roi_difference(
    first: RoiStudy,
    second: RoiStudy | None = None,
    subjects: tuple[str, ...] = (),
    branches: tuple[str, ...] = (),
    metric: str = "",
    effect: str = "alone",
    names: tuple[str, str] = ("first study", "second study"),
    seed: int = 0,
) -> RoiDifference:
    """What a region carries more on one side than on the other, for every region, with interval and corrected p.

    Parameters
    ----------
    first : a study
    second : another one, such as of another run; None compares within the first
    subjects : one listener, or two, of which the second is on the second side; empty = the first of each study
    branches : one branch, or two. Empty compares the direct branch with the text branch where nothing else differs
    metric : id of a metric; empty = the main one of the first study
    effect : 'alone' or 'lesion'
    names : how the studies are called
    seed : of the bootstrap

    Returns
    -------
    RoiDifference : first minus second; paired where both were scored on the same stories and windows

    Raises
    ------
    UserError
        For an unknown subject, branch or metric, two sides that are the same, or regions that cannot be compared.
    """
    check_option("effect", effect, (Effect.ALONE.value, Effect.LESION.value))
    for name, given in (("subjects", subjects), ("branches", branches)):
        if len(given) > 2:
            raise UserError(
                f"{name}: give one, or two with a comma between: the first minus the second; got {len(given)}"
            )
    studies = (first, second or first)
    metric = check_option("metric", metric or first.main_metric.id, [m.id for m in first.metrics])
    whose = [_of(subjects, k) or studies[k].subjects[0] for k in (0, 1)]
    apart = second is not None or whose[0] != whose[1]
    there = [study.branches_of(subject, metric) for study, subject in zip(studies, whose, strict=True)]
    if not branches:
        branches = ("direct", "text") if not apart else tuple(b for b in BRANCHES if b in there[0])[-1:]
    which = [_of(branches, k) for k in (0, 1)]
    for study, subject, branch in zip(studies, whose, which, strict=True):
        check_option("subject", subject, study.subjects)
        study.check_branch(subject, branch, metric)
    if not apart and which[0] == which[1]:
        raise UserError("both sides are the same; give two branches, two subjects, or a second study")
    called = [
        ", ".join(
            [
                *([names[k]] if second is not None else []),
                *([whose[k]] if whose[0] != whose[1] else []),
                *([f"{which[k]} branch"] if which[0] != which[1] else []),
            ]
        )
        for k in (0, 1)
    ]
    sides = [Side(studies[k], whose[k], which[k], called[k]) for k in (0, 1)]
    return difference(sides[0], sides[1], metric, Effect(effect), seed)


def _of(given: tuple[str, ...], side: int) -> str:
    """What was given for a side; a single one is for both."""
    return given[min(side, len(given) - 1)] if given else ""


def write_roi_difference(found: RoiDifference, folder) -> None:
    """Write the table, the maps and the provenance of a difference into a folder."""
    folder = Path(folder)
    cortex = has_cortex(found.space)
    names = load_atlas().areas if cortex else tuple(dict.fromkeys(roi for r in found.regions for roi in r.rois))
    values = {row.region: row.value for row in found.rows}
    p = {row.region: row.p_corrected for row in found.rows if row.p_corrected is not None}
    maps = {"difference": on_rois(values, found.regions, tuple(names))}
    if p:
        maps["difference p"] = on_rois(p, found.regions, tuple(names), largest=True)
    write_text(folder / TABLE, difference_text(found))
    write_region_maps(maps, tuple(names), cortex, folder / "maps" / "difference")
    write_json(folder / "manifest.json", _manifest(found))


def _manifest(found: RoiDifference) -> dict:
    sides = [
        {
            "name": side.name,
            "subject": side.subject,
            "branch": side.branch,
            "run_digest": side.study.request.get("run_digest"),
        }
        for side in (found.first, found.second)
    ]
    config = {"metric": found.metric.id, "effect": found.effect.value, "sides": sides, "about": found.about}
    own = found.first.study.manifest
    return build_manifest(KIND, config, 0, {}, found.simulated, t2g=own.get("t2g"), t2g_note=own.get("t2g_note"))
