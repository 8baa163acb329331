"""Evaluation of decoded results: every metric that the study allows, with null, interval, floor and ceiling.

A simulated study has the true gesture of each held-out story, with which decoded motion is compared. A real recording
has none: then the words, their rate, and the smoothness and spread of the motion are reported, and the report says what
is missing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding.heard import HeardGestures
from ..decoding.stories import DecodedStory, load_stories, story_of
from ..errors import UserError
from ..evaluation import metrics
from ..evaluation.beats import beat_scores
from ..evaluation.gesture import against_reference, by_itself, features, pair, weighted_r
from ..evaluation.measure import Measure, pool, row
from ..evaluation.metrics import Better
from ..evaluation.nulls import swap_null
from ..evaluation.reliability import LEAST_TEXTS, Reliability, describe, reliability
from ..evaluation.report import Report
from ..evaluation.rows import NullKind, Row, Setting, against_null
from ..evaluation.text import against_transcript
from ..evaluation.text_rows import TextScore, TextTable
from ..provenance import build_manifest
from ..results import BRANCHES, Decoded
from ..storage.report import NAME, write_report
from ..types import Motion, Words
from ..work import QUIET, Work
from .distribution import distribution_rows
from .heard import heard_measures
from .null_texts import NullTexts
from .text_table import N_LM, Runs, check_bert_model, pooled_table, text_form, text_table
from .word_rate import listeners_rows, rate_measures, rate_notes

N_NULL = 1000
NULL_TEXTS = "null-texts"  # folder of the texts from null BOLD
BOTH_NULLS = (
    "a text must be better than the language model alone and than null BOLD: "
    "against one of them even the word rate only can be"
)


def evaluate_path(
    path, seed: int = 0, null_decodings: int = 0, work: Work = QUIET, bert_score: str = "", executor: str = "serial"
) -> Report:
    """Evaluate a decode folder, or all decode folders of a run, and write `report.json` into it.

    Parameters
    ----------
    path : a decode folder, or a run folder with decode folders below its `decoded`
    seed, null_decodings, work, bert_score, executor : as in `evaluate`; a cancelled evaluation writes no report. Texts
        from null BOLD stay in the folder `null-texts` of `path`, and the next evaluation finds them there

    Returns
    -------
    report : Report
    """
    null_texts = NullTexts(null_decodings, executor, Path(path) / NULL_TEXTS)
    report = evaluate_stories(load_stories(path), seed, null_texts, work, bert_score)
    write_report(Path(path) / NAME, report)
    return report


def evaluate(
    results, seed: int = 0, null_decodings: int = 0, work: Work = QUIET, bert_score: str = "", executor: str = "serial"
) -> Report:
    """Every metric that the study allows, with its null, interval, floor and ceiling.

    Parameters
    ----------
    results : Decoded, or several of them; their study is opened where its file is still there
    seed : seed of the bootstrap, of the combined shifts and of the subsets of FGD
    null_decodings : number of texts to decode from each kind of null BOLD (shifted, swapped, phase-randomised)
    work : progress and cancel
    bert_score : language model whose hidden states BERTScore is taken of: 'smollm2', a folder or a hub name of a causal
        model of transformers; empty = without this score, which takes a model minutes for each story
    executor : where the null BOLD is decoded: 'serial', 'local' or a cluster, see `compute.run_tasks`

    Returns
    -------
    report : Report
        Its rows are values; ``print(fmri2ges.evaluation.report.format_report(report))`` prints the tables.
    """
    several = [results] if isinstance(results, Decoded) else list(results)
    if not several:
        raise UserError("evaluate: no result was given; give at least one")
    null_texts = NullTexts(null_decodings, executor)
    return evaluate_stories([story_of(decoded) for decoded in several], seed, null_texts, work, bert_score)


def evaluate_stories(
    stories: list[DecodedStory], seed: int, null_texts: NullTexts, work: Work, bert_score: str = ""
) -> Report:
    """The report of decoded stories whose study is known; see `evaluate`."""
    check_bert_model(bert_score)
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    notes: list[str] = []
    texts: list[TextTable] = []
    curves: list[Reliability] = []
    forms: dict[tuple, dict[str, tuple[DecodedStory, list[TextScore]]]] = {}  # of each form, its stories
    stories = _once(_of_today(stories, notes), notes)
    runs, gestures = Runs(), HeardGestures()
    settings: dict[Setting, list[tuple[DecodedStory, list[Measure]]]] = {}
    steps = len(stories) + 1
    for k, story in enumerate(stories):
        part = work.part(k / steps, (k + 1) / steps)
        part.report(0.0, f"evaluating {story.story}")
        measures = story_measures(story, notes)
        measures += heard_measures(story, runs.of(story), gestures, notes, part.part(0, 0.5, "T2G of the heard words"))
        settings.setdefault(story.setting, []).append((story, measures))
        rows += [replace(row(m, rng, story.story), setting=story.setting) for m in measures]
        table = text_table(story, runs, null_texts, rng, notes, part.part(0.5, 1), bert_score)
        if table:
            texts.append(table[0])
            # A story that was decoded with other numbers of samples as well counts once in the mean over stories.
            forms.setdefault(text_form(story), {}).setdefault(story.story, (story, table[1]))
    work.report(len(stories) / steps, "distances between distributions")
    for setting, group in settings.items():
        found = _pooled(group, rng, notes) if len(group) > 1 else []
        sure = _reliability(setting, [story for story, _ in group], np.random.default_rng(seed))
        if sure is not None:
            curves.append(sure)
            notes.append(describe(list(sure.curve), sure.n_texts))
        found += distribution_rows([story for story, _ in group], rng, notes)
        rows += [replace(line, setting=setting) for line in found]
    notes += rate_notes(stories)
    rows += listeners_rows(stories, rng, notes)
    texts += [pooled_table(*map(list, zip(*group.values(), strict=True))) for group in forms.values() if len(group) > 1]
    # The rows of one story (or of all) and branch stand together, in the order of their making.
    order = list(dict.fromkeys(line.group for line in rows))
    rows.sort(key=lambda line: order.index(line.group))
    simulated = any(s.simulated for s in stories)
    report = Report(
        rows=tuple(rows),
        simulated=simulated,
        notes=(*dict.fromkeys(notes), *_reading(rows), *([BOTH_NULLS] if texts and null_texts.n else [])),
        study=str(stories[0].decoded.manifest.get("study_name") or ""),
        stories=tuple(sorted({s.story for s in stories})),
        texts=tuple(texts),
        reliability=tuple(curves),
        manifest=build_manifest(
            "evaluate",
            {"n_null": N_NULL, "n_lm": N_LM, "null_decodings": null_texts.n},
            seed,
            (),
            simulated,
            decoded=[s.decoded.manifest.get("digest") for s in stories],
            **_t2g(stories),
            **_guidance(stories, runs),
        ),
    )
    work.report(1.0, "done")
    return report


def _of_today(stories: list[DecodedStory], notes: list[str]) -> list[DecodedStory]:
    """The results of what their study has now; scores of a file that was replaced would stand for those of the new one.

    Raises
    ------
    UserError
        When there is none.
    """
    today = [story for story in stories if not story.changed]
    old = [f"{s.subject}/{s.story}: {s.changed} since it was decoded" for s in stories if s.changed]
    if not today:
        raise UserError(f"{old[0]}; decode it again, then evaluate")
    notes += [f"{line}, so it is left out; decode it again" for line in old]
    return today


def _once(stories: list[DecodedStory], notes: list[str]) -> list[DecodedStory]:
    """Each story of a setting once, the longest stretch of it: twice in a mean it would count as two."""
    best: dict[tuple, DecodedStory] = {}
    for story in stories:
        key = story.setting, story.story
        if key not in best:
            best[key] = story
            continue
        best[key] = max(best[key], story, key=lambda s: s.span[1] - s.span[0])
        (start, stop), asked = best[key].span, best[key].decoded.request
        notes.append(
            f"{story.story} was decoded several times; {start:g} to {stop:g} s of it are scored, F2T {asked.f2t}, seed "
            f"{asked.seed}, speaker {asked.speaker}; for another one evaluate its own folder"
        )
    return list(best.values())


def _t2g(stories: list[DecodedStory]) -> dict[str, Any]:
    """What the T2G of all stories was trained on, as manifests say it; None where they differ."""
    of_stories = [s.decoded.manifest for s in stories]
    found = {name: {m.get(name) for m in of_stories} for name in ("t2g", "t2g_seconds")}
    return {name: values.pop() if len(values) == 1 else None for name, values in found.items()}


def _guidance(stories: list[DecodedStory], runs: Runs) -> dict[str, Any]:
    """Among which guidances the run of all stories chose; nothing where there are several runs, or none is there."""
    found = {id(run): run for run in map(runs.of, stories)}
    (run, *others) = found.values()
    told = None if run is None or others else run.manifest.get("f2g_guidance")
    return {"f2g_guidance": told} if told else {}


def story_measures(story: DecodedStory, notes: list[str]) -> list[Measure]:
    """All measures of one story; what cannot be measured, and why, is added to `notes`."""
    start, stop = story.span
    found: list[Measure] = []
    if story.study is None:
        file = story.decoded.manifest.get("study")
        notes.append(f"{story.story}: the study file {file} is not there, so nothing can be compared")
    elif story.story in story.study.train_stories and not story.study.split.within_story_folds:
        notes.append(f"{story.story} WAS IN TRAINING: its scores are not evidence of decoding")
    if story.study is not None and story.reference is None:
        notes.append(
            f"{story.story}: no gesture was recorded with this stretch, so no score compares motion with a reference"
        )
    for branch, motion in story.motions.items():
        if story.reference is not None:
            found += _with_ceiling(against_reference(pair(story.reference, motion, story.joins), branch), story, motion)
        reference = None if story.reference is None else _during(story.reference, motion)
        found += by_itself(motion, branch, reference)
        if story.heard is not None:
            found += _beats(motion, story.heard, branch, story.reference)
    if story.heard is not None and story.decoded.words is not None:
        from ..text.embeddings import load_vectors

        found += against_transcript(story.heard, story.decoded.words, start, stop, load_vectors().matrix)
    if story.heard is not None:
        found += rate_measures(story)
    # One branch after the other, each in the order above.
    return sorted(found, key=lambda m: BRANCHES.index(m.branch))


def _reliability(setting: Setting, stories: list[DecodedStory], rng: np.random.Generator) -> Reliability | None:
    """How sure the texts of one setting are against how right; None where there are too few texts."""
    told = [(s, s.heard) for s in stories if s.heard is not None and len(s.decoded.texts) >= LEAST_TEXTS]
    curve = reliability([(s.decoded.texts, heard, *s.span) for s, heard in told], rng)
    if not curve:
        return None
    return Reliability(setting, min(len(s.decoded.texts) for s, _ in told), len(told), tuple(curve))


def _with_ceiling(measures: list[Measure], story: DecodedStory, motion: Motion) -> list[Measure]:
    """Add the score of a second performance of the same text by the same speaker, where one was kept."""
    if story.rerendition is None:
        return measures
    assert story.reference is not None, "a second performance is of the reference's text"
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


def _during(reference: Motion, motion: Motion) -> Motion:
    """The part of the reference that was decoded."""
    return reference.slice(motion.start, motion.start + motion.duration)


def _pooled(group, rng: np.random.Generator, notes: list[str]) -> list[Row]:
    """Rows of the mean over the stories of one setting, for the metrics that every story has."""
    stories, measured = zip(*group, strict=True)
    by_metric = [{(m.branch, m.metric): m for m in measures} for measures in measured]
    shared = [key for key in by_metric[0] if all(key in other for other in by_metric)]
    lines = [pool([other[key] for other in by_metric], rng, N_NULL) for key in shared]
    for branch in BRANCHES:
        if len(stories) < 3 or not all(s.reference is not None and branch in s.motions for s in stories):
            continue
        table = np.array([[_r_of_mean(j.reference, i.motions[branch]) for j in stories] for i in stories])
        null = swap_null(table, rng, N_NULL)
        swap = against_null(metrics.R_MEAN, float(np.diag(table).mean()), NullKind.STORY_SWAP, null)
        lines = [
            replace(line, swap_null=swap) if line.branch == branch and line.id == metrics.R_MEAN.id else line
            for line in lines
        ]
        notes.append(
            f"story swap, {branch} branch, r of the mean of samples: null {swap.mean:.3f} (95 % {swap.q95:.3f}), "
            f"p {swap.p:.3f} from {swap.n} pairings without a match"
        )
    return lines


def _r_of_mean(reference: Motion, motion: Motion) -> float:
    # The truth of another story has a clock of its own, so both are compared from their beginning on.
    both = pair(replace(reference, start=0.0), replace(motion, start=0.0))
    return weighted_r(features(both.reference), features(both.mean))


def _reading(rows: list[Row]) -> list[str]:
    """Sentences on how to read the table, as far as they apply to its rows."""
    lines = [
        "null = circular shift of at least 20 s, each story on its own; p is one-sided and counts independent shifts"
    ]
    if any(r.null is None and r.metric.better == Better.NEAR for r in rows):
        lines.append(
            "spread, acceleration, jerk, beats: near the ceiling (real motion) is better, not larger or smaller"
        )
    if any(r.id == metrics.R_ONE.id and r.ceiling is not None for r in rows):
        lines.append("ceiling of the scores against a reference: the same speaker performing the same text again")
    if any(r.id == metrics.WER.id for r in rows):
        lines.append(
            "the null of the text rows shifts the decoded words in time; "
            "the text table holds them against a language model"
        )
    if any(r.id == metrics.HEARD_R.id for r in rows):
        lines.append(
            f"{metrics.HEARD} reads the transcript and is no real motion: agreement with it is never a score against "
            "recorded gestures"
        )
    if any(r.id == metrics.WORD_RATE_OF_MEAN.id for r in rows):
        lines.append(
            "rate r, mean of listeners: r of the mean of their decoded rates; single listeners: mean of the r of each; "
            "null and interval move all listeners together"
        )
    if any(r.id == metrics.MPJPE.id for r in rows):
        lines.append(
            "a motionless mean pose (floor) has a small position error: never read MPJPE or PCK without r and FGD"
        )
    return lines
