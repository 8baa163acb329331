"""What a study chose for itself in training, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..evaluation.report import format_number
from ..models.guidance import Tried, fgd_above, fgd_error, r_error

GUIDANCE_TITLE = "Guidance of the direct branch, chosen on training stories"
GUIDANCE_NOTE = (
    "r: mean of samples against the gesture that T2G expects of the words heard. F2G learned from these stories, so "
    "this r is no score and lies above that of held-out stories. Taken is the smallest guidance whose r is within one "
    "standard error of the best, among those whose FGD is not by more than a standard error above that of guidance 1. "
    "±: standard error of the difference to guidance 1, over stories."
)


def guidance_cells(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for each guidance that training stories tried, fold by fold; none where it was given or is not stated.

    Parameters
    ----------
    manifest : of a report or a run; `f2g_guidance` is what `storage.models.read_guidance` returned for each fold
    """
    folds = manifest.get("f2g_guidance") or []
    try:
        return [line for k, fold in enumerate(folds) for line in _fold(fold, k if len(folds) > 1 else None)]
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):  # written by another version
        return []


def _fold(fold: Mapping[str, Any], number: int | None) -> list[dict[str, str]]:
    tried = [
        Tried(float(one["guidance"]), tuple(one["r"]), float(one["fgd"]), tuple(one["fgd_without"]))
        for one in fold["tried"]
    ]
    name = {} if number is None else {"Fold": str(number + 1)}
    return [
        name
        | {
            "Guidance": f"{one.guidance:g}" + (", chosen" if one.guidance == fold["guidance"] else ""),
            "r": format_number(one.mean_r),
            "r above guidance 1": _apart(one.mean_r - tried[0].mean_r, r_error(one, tried[0]), one is tried[0]),
            "FGD": format_number(one.fgd),
            "FGD above guidance 1": _apart(fgd_above(one, tried[0]), fgd_error(one, tried[0]), one is tried[0]),
            "Stories": str(len(one.r)),
        }
        for one in tried
    ]


def _apart(difference: float, error: float, first: bool) -> str:
    return "-" if first else f"{difference:+.3f}" + (f" ± {error:.3f}" if error > 0 else "")
