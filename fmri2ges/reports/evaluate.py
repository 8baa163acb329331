"""Evaluate decode folders: every metric that the study allows, with null, interval, floor, ceiling.

A simulated study keeps the gesture of each held-out story, so decoded motion is compared with
it. A real recording has no gesture: then the words, their rate, the smoothness and spread of the
motion are reported, and the report says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.atomic import read_json, write_json
from ..decoding.stories import DecodedStory, load_stories
from ..errors import Cancelled, UserError
from ..evaluation.beats import beat_scores
from ..evaluation.gesture import against_reference, by_itself, features, pair, weighted_r
from ..evaluation.measure import Measure, pool, row
from ..evaluation.nulls import p_value, swap_null
from ..evaluation.report import build_report
from ..evaluation.text import against_transcript
from ..evaluation.text_rows import TextScore
from ..evaluation.wordrate import word_rate
from ..provenance import build_manifest
from ..results import BRANCHES
from ..storage.schema import check_report
from ..types import Motion, Words
from .distribution import distribution_rows
from .text_table import N_LM, Runs, pooled_table, text_form, text_table

N_NULL = 1000
BOTH_NULLS = "a text must be better than the language model alone and than null BOLD: against one of them even the word rate only can be"
Progress = Callable[[float, str], None]


def evaluate_path(
    path,
    seed: int = 0,
    null_decodings: int = 0,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Evaluate a decode folder, or all decode folders of a run, and write `report.json` into it.

    Parameters
    ----------
    path : a decode folder, or a run folder with decode folders below its `decoded`
    seed : of the bootstrap, the combined shifts and the subsets of FGD
    null_decodings : texts decoded from each kind of null BOLD (shifted, swapped, phase-randomised)
    progress, should_stop : as everywhere

    Returns
    -------
    report : dict, see `evaluation.report.build_report`
    """
    path = Path(path)
    stories = load_stories(path)
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    texts: list[dict[str, Any]] = []
    forms: dict[tuple, list[tuple[DecodedStory, list[TextScore]]]] = {}
    runs = Runs()
    settings: dict[tuple, list[tuple[DecodedStory, list[Measure]]]] = {}
    for k, story in enumerate(stories):
        if should_stop and should_stop():
            raise Cancelled
        if progress:
            progress(k / (len(stories) + 1), f"evaluating {story.story}")
        measures = story_measures(story, notes)
        settings.setdefault(story.setting, []).append((story, measures))
        rows += [_placed(row(m, rng, story.story), story) for m in measures]
        report_part = progress and (lambda part, message, k=k: progress((k + part) / (len(stories) + 1), message))
        table = text_table(story, runs, null_decodings, rng, notes, report_part, should_stop)
        if table:
            texts.append(table[0])
            forms.setdefault(text_form(story), []).append((story, table[1]))
    if progress:
        progress(len(stories) / (len(stories) + 1), "distances between distributions")
    for group in settings.values():
        found = _pooled(group, rng, notes) if len(group) > 1 else []
        found += distribution_rows([story for story, _ in group], rng, notes)
        rows += [_placed(line, group[0][0]) for line in found]
    texts += [pooled_table(*map(list, zip(*group))) for group in forms.values() if len(group) > 1]
    # The rows of one story (or of all) and branch stand together, in the order of their making.
    order = list(dict.fromkeys(_heading(line) for line in rows))
    rows.sort(key=lambda line: order.index(_heading(line)))
    first = stories[0]
    report = build_report(
        rows,
        any(s.simulated for s in stories),
        [*dict.fromkeys(notes), *_reading(rows), *([BOTH_NULLS] if texts and null_decodings else [])],
        study=first.decoded.manifest.get("study_name", ""),
        stories=sorted({s.story for s in stories}),
        texts=texts,
        manifest=build_manifest(
            "evaluate",
            {"n_null": N_NULL, "n_lm": N_LM, "null_decodings": null_decodings},
            seed,
            (),
            any(s.simulated for s in stories),
            decoded=[s.decoded.manifest.get("digest") for s in stories],
        ),
    )
    write_json(path / "report.json", report)
    if progress:
        progress(1.0, "done")
    return report


def read_report(folder) -> dict[str, Any]:
    """The report that `evaluate_path` wrote into a folder."""
    file = Path(folder) / "report.json"
    if not file.is_file():
        raise UserError(f"{folder}: has no report.json; first run: fmri2ges evaluate {folder}")
    report = read_json(file)
    check_report(report, file)
    return report


def _placed(line: dict[str, Any], story: DecodedStory) -> dict[str, Any]:
    setting = story.setting
    return {"subject": setting.subject, "rois": list(setting.rois), "samples": setting.samples, **line}


def _heading(line: dict[str, Any]) -> tuple:
    return line["subject"], tuple(line["rois"]), line["samples"], line["story"], line["branch"]


def story_measures(story: DecodedStory, notes: list[str]) -> list[Measure]:
    """All measures of one decode folder; what cannot be measured goes into `notes`."""
    start, stop = story.span
    found: list[Measure] = []
    if story.study is None:
        notes.append(
            f"{story.story}: the study file {story.decoded.manifest.get('study')} is not there, so nothing can be compared"
        )
    elif story.story in story.study.train_stories and not story.study.split.within_story_folds:
        notes.append(f"{story.story} WAS IN TRAINING: its scores are not evidence of decoding")
    if story.study is not None and story.reference is None:
        notes.append(
            f"{story.story}: no gesture was recorded with this story, so no score compares motion with a reference"
        )
    for branch, motion in story.motions.items():
        if story.reference is not None:
            found += _with_ceiling(against_reference(pair(story.reference, motion), branch), story, motion)
        found += by_itself(motion, branch, _during(story.reference, motion))
        if story.heard is not None:
            found += _beats(motion, story.heard, branch, story.reference)
    if story.heard is not None and story.decoded.words is not None:
        from ..text.embeddings import load_vectors

        found += against_transcript(story.heard, story.decoded.words, start, stop, load_vectors().matrix)
    if story.heard is not None:
        found += _word_rate(story, start, stop)
    # One branch after the other, each in the order above.
    return sorted(found, key=lambda m: BRANCHES.index(m.branch))


def _word_rate(story: DecodedStory, start: float, stop: float) -> list[Measure]:
    """Word rate over the volumes whose whole TR lies inside the decoded stretch."""
    tr, origin = story.source.tr, story.source.first_volume_at
    first = max(0, int(np.ceil((start + tr / 2 - origin) / tr - 1e-6)))
    last = int(np.floor((stop - tr / 2 - origin) / tr + 1e-6))
    rate = story.decoded.rate
    if rate is not None:
        last = min(last, len(rate) - 1)
        rate = rate[first : last + 1, 1]
    return word_rate(story.heard, story.decoded.words, origin + tr * np.arange(first, last + 1), tr, rate)


def _with_ceiling(measures: list[Measure], story: DecodedStory, motion: Motion) -> list[Measure]:
    """Add the score of a second performance of the same text by the same speaker, where one was kept."""
    if story.rerendition is None:
        return measures
    start, stop = motion.start, motion.start + motion.duration
    again = pair(story.reference.slice(start, stop), story.rerendition.slice(start, stop))
    scores = {m.metric: m.value for m in against_reference(again, "real", null=False)}
    return [replace(m, ceiling=scores.get(m.metric, m.ceiling)) for m in measures]


def _beats(motion: Motion, heard: Words, branch: str, reference: Motion | None) -> list[Measure]:
    measures = beat_scores(motion, heard, branch)
    if reference is None:
        return measures
    real = {m.metric: m.value for m in beat_scores(_during(reference, motion), heard, branch, shifts=200)}
    return [replace(m, ceiling=real.get(m.metric)) for m in measures]


def _during(reference: Motion | None, motion: Motion) -> Motion | None:
    """The part of the reference that was decoded."""
    return reference and reference.slice(motion.start, motion.start + motion.duration)


def _pooled(group, rng: np.random.Generator, notes: list[str]) -> list[dict[str, Any]]:
    """Rows of the mean over the stories of one setting, for the metrics that every story has."""
    stories, measured = zip(*group)
    by_name = [{(m.branch, m.metric): m for m in measures} for measures in measured]
    shared = [key for key in by_name[0] if all(key in other for other in by_name)]
    lines = [pool([other[key] for other in by_name], rng, N_NULL) for key in shared]
    for branch in BRANCHES:
        if len(stories) < 3 or not all(s.reference is not None and branch in s.motions for s in stories):
            continue
        table = np.array([[_r_of_mean(j.reference, i.motions[branch]) for j in stories] for i in stories])
        null = swap_null(table, rng, N_NULL)
        swap = {"n": len(null), "mean": float(null.mean()), "q95": float(np.quantile(null, 0.95))}
        swap["p"] = p_value(float(np.diag(table).mean()), null)
        for line in lines:
            if line["branch"] == branch and line["metric"].startswith("r, mean of"):
                line["swap_null"] = swap
        notes.append(
            f"story swap, {branch} branch, r of the mean of samples: null {swap['mean']:.3f} (95 % {swap['q95']:.3f}), "
            f"p {swap['p']:.3f} from {swap['n']} pairings without a match"
        )
    return lines


def _r_of_mean(reference: Motion, motion: Motion) -> float:
    # Another story's truth lies on another clock: both are laid out from their own beginning.
    both = pair(replace(reference, start=0.0), replace(motion, start=0.0))
    return weighted_r(features(both.reference), features(both.mean))


def _reading(rows: list[dict[str, Any]]) -> list[str]:
    """How to read the table, only where it applies."""
    lines = ["null = circular shift of at least 20 s, each story on its own; p is one-sided, (1 + k) / (1 + n)"]
    if any(r["null"] is None and r["better"] == "near" for r in rows):
        lines.append(
            "spread, acceleration, jerk, beats: near the ceiling (real motion) is better, not larger or smaller"
        )
    if any(r["metric"] == "r, one sample" and r["ceiling"] is not None for r in rows):
        lines.append("ceiling of the scores against a reference: the same speaker performing the same text again")
    if any(r["metric"] == "WER" for r in rows):
        lines.append(
            "the null of the text rows shifts the decoded words in time; the text table holds them against a language model"
        )
    if any(r["metric"].startswith("MPJPE") for r in rows):
        lines.append(
            "a motionless mean pose (floor) has a small position error: never read MPJPE or PCK without r and FGD"
        )
    return lines
