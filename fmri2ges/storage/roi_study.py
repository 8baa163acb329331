"""The folder of an ROI study: its one writer and its one reader.

``table.tsv``       a line for each subject, branch, metric, effect and region
``study.json``      the same as values, with the regions and what was asked for
``manifest.json``   provenance: versions, digests, time
``maps/``           maps of each subject for other programs

Table and study.json hold nothing that differs between two computations of the same study.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data.atomic import read_json, write_json, write_text
from ..errors import UserError
from ..evaluation.metrics import METRICS
from ..evaluation.roi_rows import Correction, Effect, Mode, Region, RoiRow, RoiStudy, SizeNull
from ..evaluation.rows import Null, NullKind
from ..results import BRANCHES
from .numbers import finite, interval_from_dict, interval_to_dict, rounded, table
from .roi_forward import FORWARD, forward_text, step_from_dict, step_to_dict
from .schema import check_version, short

KIND, VERSION = "roi-study", 1
TABLE, STUDY = "table.tsv", "study.json"
COLUMNS = (
    *("subject", "branch", "metric", "effect", "region", "mode", "value", "score", "ci_low", "ci_high"),
    *("null_mean", "null_q95", "independent_shifts", "p", "p_corrected", "correction"),
    *("size_null_n", "size_null_mean", "size_null_q05", "size_null_q95", "size_null_p"),
    *("ceiling", "share_of_ceiling", "stories", "rois", "columns"),
)
NOISE = ("noise_ceiling", "share_of_noise_ceiling")  # where a story was heard more than once


def write_roi_study(study: RoiStudy, folder: Path) -> None:
    """Write table, values and manifest into a folder that is being made; see `maps_of` for the maps."""
    values = study_to_dict(study)
    kept = study_from_dict(values, study.manifest)  # the tables are of the numbers that are kept
    write_text(folder / TABLE, table_text(kept))
    if study.forward:
        write_text(folder / FORWARD, forward_text(kept))
    write_json(folder / STUDY, values)
    write_json(folder / "manifest.json", study.manifest)


def load_roi_study(folder) -> RoiStudy:
    """Read the folder of an ROI study.

    Parameters
    ----------
    folder : what ``fmri2ges roi-study --out`` wrote

    Raises
    ------
    UserError
        When it is something else, damaged or of another version; one line.
    """
    folder = Path(folder)
    file = folder / STUDY
    again = f"make one with: fmri2ges roi-study RUN --out {folder}"
    if not file.is_file():
        raise UserError(f"{folder}: is no ROI study (no {STUDY}); {again}")
    data, manifest = read_json(file), read_json(folder / "manifest.json")
    if not isinstance(data, dict) or data.get("kind") != KIND or not isinstance(manifest, dict):
        raise UserError(f"{file}: is no ROI study; {again}")
    check_version(manifest, folder / "manifest.json")
    if (version := data.get("version")) != VERSION or isinstance(version, bool):
        raise UserError(f"{file}: is of version {short(version)}, this program reads {VERSION}; {again}")
    try:
        return study_from_dict(data, manifest)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{file}: is damaged (an entry is missing or of the wrong kind); copy it again") from error


def table_text(study: RoiStudy) -> str:
    """The table as tab-separated text, six digits a number; empty where there is none."""
    regions = {region.name: region for region in study.regions}
    noise = any(row.noise_ceiling is not None for row in study.rows)
    return table(
        [*COLUMNS, *(NOISE if noise else ())],
        (
            [*_values(row, study, regions.get(row.region)), *((row.noise_ceiling, row.noise_share) if noise else ())]
            for row in study.rows
        ),
    )


def _values(row: RoiRow, study: RoiStudy, region: Region | None) -> list[Any]:
    ci, null, size = row.interval, row.null, row.size_null
    return [
        *(row.subject, row.branch, row.metric.id, row.effect.value, row.region, row.mode.value, row.value, row.score),
        *((ci.low, ci.high) if ci else (None, None)),
        *((null.mean, null.q95, null.draws, null.p) if null else (None,) * 4),
        *(row.p_corrected, None if row.p_corrected is None else study.correction.value),
        *((size.n, size.mean, size.q05, size.q95, size.p) if size else (None,) * 5),
        *(row.ceiling, row.share, row.stories),
        *((len(region.rois), region.n_columns) if region else (None, None)),
    ]


def study_to_dict(study: RoiStudy) -> dict[str, Any]:
    """Everything but the manifest as JSON values; see `study_from_dict`."""
    return {
        "kind": KIND,
        "version": VERSION,
        "simulated": study.simulated,
        "space": study.space,
        "correction": study.correction.value,
        "stories": list(study.stories),
        "notes": list(study.notes),
        "request": study.request,
        "regions": [{"name": r.name, "rois": list(r.rois), "n_columns": r.n_columns} for r in study.regions],
        "rows": [_row_to_dict(row) for row in study.rows],
        **({"heard": {subject: list(stories) for subject, stories in study.heard.items()}} if study.heard else {}),
        **({"forward": [step_to_dict(step) for step in study.forward]} if study.forward else {}),
    }


def study_from_dict(data: dict[str, Any], manifest: dict[str, Any]) -> RoiStudy:
    """The study that `study_to_dict` described."""
    if type(data["simulated"]) is not bool:
        raise TypeError("simulated must be true or false")
    regions = tuple(Region(str(r["name"]), tuple(map(str, r["rois"])), int(r["n_columns"])) for r in data["regions"])
    rows = tuple(_row_from_dict(row) for row in data["rows"])
    known = {region.name for region in regions}
    if not rows or any(row.region not in known for row in rows if row.effect != Effect.WHOLE):
        raise ValueError("every row must be of a region, and there must be one")
    if any(row.branch not in BRANCHES for row in rows):
        raise ValueError("a row is of an unknown branch")
    if any(row.units and len(row.units) != row.stories for row in rows):
        raise ValueError("the scores of a row are not those of its stories")
    forward = tuple(step_from_dict(step) for step in data.get("forward", ()))
    subjects = {row.subject for row in rows}
    if any(step.region not in known or step.subject not in subjects for step in forward):
        raise ValueError("every step of the forward choice must be of a region and a subject of the study")
    return RoiStudy(
        rows=rows,
        regions=regions,
        correction=Correction(data["correction"]),
        space=str(data["space"]),
        simulated=data["simulated"],
        stories=tuple(map(str, data["stories"])),
        notes=tuple(map(str, data["notes"])),
        request=dict(data["request"]),
        manifest=manifest,
        forward=forward,
        heard={str(subject): tuple(map(str, stories)) for subject, stories in data.get("heard", {}).items()},
    )


def _row_to_dict(row: RoiRow) -> dict[str, Any]:
    null, size = row.null, row.size_null
    return {
        "subject": row.subject,
        "branch": row.branch,
        "metric": row.metric.id,
        "effect": row.effect.value,
        "region": row.region,
        "mode": row.mode.value,
        "value": rounded(row.value),
        "score": rounded(row.score),
        "stories": row.stories,
        "ci": interval_to_dict(row.interval),
        "null": null and {"kind": null.kind.value, "draws": rounded(null.draws), **_numbers(null)},
        "p_corrected": rounded(row.p_corrected),
        "size_null": size and _numbers(size),
        "ceiling": rounded(row.ceiling),
        **({} if row.noise_ceiling is None else {"noise_ceiling": rounded(row.noise_ceiling)}),
        **({"units": [list(map(rounded, blocks)) for blocks in row.units]} if row.units else {}),
    }


def _row_from_dict(line: dict[str, Any]) -> RoiRow:
    null, size = line["null"], line["size_null"]
    return RoiRow(
        subject=str(line["subject"]),
        branch=str(line["branch"]),
        metric=METRICS[line["metric"]],
        effect=Effect(line["effect"]),
        region=str(line["region"]),
        mode=Mode(line["mode"]),
        value=finite(line["value"]),
        score=finite(line["score"]),
        stories=int(line["stories"]),
        interval=interval_from_dict(line["ci"]),
        null=null and Null(NullKind(null["kind"]), draws=finite(null["draws"]), **_named(null)),
        p_corrected=None if line["p_corrected"] is None else finite(line["p_corrected"]),
        size_null=size and SizeNull(**_named(size)),
        ceiling=None if line["ceiling"] is None else finite(line["ceiling"]),
        noise_ceiling=None if line.get("noise_ceiling") is None else finite(line["noise_ceiling"]),
        units=tuple(tuple(map(finite, blocks)) for blocks in line.get("units", ())),
    )


def _numbers(null: Null | SizeNull) -> dict[str, Any]:
    numbers = {name: rounded(getattr(null, name)) for name in ("mean", "q05", "q95", "p")}
    return {"n": null.n, **numbers}


def _named(values: dict[str, Any]) -> dict[str, Any]:
    p = values["p"]
    numbers = {name: finite(values[name]) for name in ("mean", "q05", "q95")}
    return {"n": int(values["n"]), **numbers, "p": None if p is None else finite(p)}
