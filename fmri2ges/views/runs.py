"""The runs of a folder as a table: what each was trained on, where their settings differ, and what they score."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.atomic import read_json
from ..errors import UserError
from ..evaluation import metrics
from ..evaluation.report import format_number, format_p
from ..evaluation.rows import Row
from ..storage.report import read_report
from ..storage.schema import MAX_MANIFEST

HEADLINE = (metrics.R_MEAN.id, metrics.WORD_RATE_R.id)  # of each branch, the mean over stories where there is one
DECODED = "decoded"  # folder of a run in which its decoded stories lie


@dataclass(frozen=True)
class RunFacts:
    """What the table says of a run.

    Parameters
    ----------
    path : its folder
    study : name of its study
    simulated : whether the brain data are simulated
    created : ISO date and time, UTC
    subjects : number of listeners
    settings : every setting that it was trained with, and the seed
    decoded : number of decoded results in its folder
    scores : headline rows of its report; empty before `evaluate`
    fault : why it cannot be opened, or ''
    """

    path: Path
    study: str
    simulated: bool
    created: str
    subjects: int
    settings: Mapping[str, Any]
    decoded: int
    scores: tuple[Row, ...] = ()
    fault: str = ""

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.path.name


def list_runs(folder: Path) -> list[RunFacts]:
    """The trained runs directly below a folder, the newest first; only manifests are read.

    Raises
    ------
    UserError
        When the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            folders = sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be listed ({error.strerror}); give the folder in which your runs lie"
        ) from None
    found = [run_facts(path) for path in folders if (path / "manifest.json").is_file()]
    return sorted((run for run in found if run is not None), key=lambda run: run.created, reverse=True)


def run_facts(path: Path) -> RunFacts | None:
    """What the table says of one run; None for another kind of folder."""
    try:
        manifest = read_json(path / "manifest.json", MAX_MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("kind") != "train":
            return None
        config = manifest["config"] if isinstance(manifest.get("config"), dict) else {}
        return RunFacts(
            path,
            str(manifest.get("study_name") or manifest.get("study") or "?"),
            bool(manifest.get("simulated")),
            str(manifest.get("created", "")),
            len(manifest.get("subjects", ())),
            {**config, "seed": manifest.get("seed")},
            sum(1 for _ in (path / DECODED).glob("*/manifest.json")),
            headline(path),
        )
    except (UserError, TypeError, ValueError) as error:
        return RunFacts(path, "?", False, "", 0, {}, 0, fault=str(error))


def headline(path: Path) -> tuple[Row, ...]:
    """Headline rows of the report of a run: means over stories, else those of its only story."""
    with suppress(UserError):
        rows = [row for row in read_report(path).rows if row.id in HEADLINE]
        means = [row for row in rows if row.stories > 1]
        return tuple(means or rows)[:6]
    return ()


def differing(runs: Iterable[RunFacts]) -> list[str]:
    """Names of the settings in which runs differ, in the order of their first appearance."""
    runs = list(runs)
    names = dict.fromkeys(name for run in runs for name in run.settings)
    return [n for n in names if len({repr(run.settings.get(n)) for run in runs}) > 1]


def score_text(row: Row) -> str:
    """A headline score with its interval and p, as a cell of the table."""
    interval = f" [{row.interval.low:.2f}, {row.interval.high:.2f}]" if row.interval else ""
    p = f", p {format_p(row.null.p, row.null.n)}" if row.null else ""
    return f"{row.branch}: {row.label} {format_number(row.value)}{interval}{p}"


def table(runs: list[RunFacts]) -> list[dict[str, Any]]:
    """Rows of the table: facts, then only those settings that are not the same everywhere."""
    others = differing(runs)
    return [
        {
            "Run": run.name,
            "Study": run.study + (" (simulated)" if run.simulated else ""),
            "Trained (UTC)": run.created.replace("T", " ")[:16],
            "Subjects": run.subjects,
            "Decoded": run.decoded,
            "Scores": run.fault or "; ".join(map(score_text, run.scores)) or "not evaluated",
        }
        | {name: _cell(run.settings.get(name)) for name in others}
        for run in runs
    ]


def _cell(value: Any) -> str:
    return "-" if value in (None, "") else str(value)
