"""The ROI study of the demo: what it finds of the planted truth, and what a choice of ROIs costs.

    python benchmarks/roi_study.py --study fmri2ges/demo/roi_study --out docs/results/roi_study.json

The study itself is made by `fmri2ges roi-study demo --out fmri2ges/demo/roi_study`. Here its table is held against what
was planted, the expected gesture against the mean of many samples, and processor time is measured for a few choices.
The law of the cost is fitted to them: seconds = start + choices * (per choice + stories * per story).
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from common import arguments, at_least, at_most, finish

from fmri2ges.decoding.direct_branch import direct_gestures
from fmri2ges.decoding.expected import ExpectedGestures
from fmri2ges.decoding.regions import Choice, RegionDecoder
from fmri2ges.decoding.run import open_run
from fmri2ges.demo import ROI_STUDY
from fmri2ges.demo.bold import PLANTED, UNPLANTED
from fmri2ges.demo.world import TEST
from fmri2ges.evaluation.gesture import features, pair, weighted_r
from fmri2ges.evaluation.region_scores import features_of_bones
from fmri2ges.evaluation.roi_rows import Effect
from fmri2ges.models.region_readout import RegionReadout
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.roi_study import load_roi_study

SAMPLES = 16
CHOICES = (("all",), ("Broca",), ("AG",), ("Visual",))
SUBJECT = "sub-01"
GESTURE = tuple(group for group, row in PLANTED.items() if {"semantic", "motor"} & set(row))
SPEECH = tuple(group for group, row in PLANTED.items() if "acoustic" in row)


def auc(values: dict[str, float], planted: tuple[str, ...]) -> float:
    """Area under the curve of planted groups against those without any signal."""
    pairs = np.array([values[a] - values[b] for a in planted for b in UNPLANTED])
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def recovery(folder: Path) -> dict:
    """AUC of each branch, metric and effect, and what is found of the unplanted groups."""
    study, found = load_roi_study(folder), {}
    for branch, metric, planted in (
        ("text", "r_expected", GESTURE),
        ("direct", "r_expected", GESTURE),
        ("text", "word_vector_likeness", GESTURE),
        ("text", "word_rate_r", SPEECH),
    ):
        for effect in (Effect.ALONE, Effect.LESION):
            rows = study.select(SUBJECT, branch, metric, effect)
            values = {row.region: row.value for row in rows}
            found[f"{branch} {metric} {effect.value}"] = {
                "auc": auc(values, planted),
                "found": [row.region for row in rows if (row.p_corrected or 1) < 0.05],
                "above_size_null": [row.region for row in rows if row.size_null and row.size_null.p < 0.05],
            }
    return found


def expected_against_samples(run, stories) -> list[dict]:
    """r of the expected gesture of the direct branch, and of the mean of many samples."""
    rows, gestures = [], ExpectedGestures(run)
    for rois in CHOICES:
        for story in stories:
            recording = run.recording(SUBJECT, story)
            readings = run.read(recording, run.columns(rois, SUBJECT))
            truth = run.reference(story)
            request = run.complete(DecodeRequest(subject=SUBJECT, story=story, rois=rois, samples=SAMPLES))
            both = pair(truth, direct_gestures(run, readings, request))
            bones = gestures.direct(readings, *request.span)
            true, made = features(both.reference), features_of_bones(bones)
            n = min(len(true), len(made))
            r = weighted_r(true[:n], made[:n])
            rows.append({"rois": rois, "story": story, "expected": r, "mean": weighted_r(true, features(both.mean))})
    return rows


def seconds_of(function, *arguments) -> float:
    """Processor time of a call."""
    begun = time.process_time()
    function(*arguments)
    return time.process_time() - begun


def cost(run, stories) -> dict:
    """Processor time of choices on one story and on all, and of a lesion's readout against solving it from scratch."""
    one, several = (RegionDecoder(run, SUBJECT, names) for names in (stories[:1], stories))
    columns = [run.columns((group,), SUBJECT) for group in ("AC", "Broca", "PCC", "Visual")]
    choices = [Choice(c, ("text", "direct")) for c in columns]
    start = seconds_of(several.scores, choices[0])  # opens, reads and solves what all choices share
    one.scores(choices[0])
    own = [seconds_of(one.scores, choice) for choice in choices]
    all_of_them = [seconds_of(several.scores, choice) for choice in choices]
    per_story = (np.mean(all_of_them) - np.mean(own)) / (len(stories) - 1)
    readout = run.f2t(SUBJECT, 0).readout
    shared = RegionReadout(readout)
    lesion = np.setdiff1d(np.arange(readout.features.shape[1]), columns[0])
    shared.solve(lesion)
    quick = min(seconds_of(shared.solve, lesion) for _ in range(3))
    slow = min(seconds_of(readout.solve, lesion) for _ in range(3))
    return {
        "start": start,
        "per_choice": float(np.mean(own) - per_story),
        "per_story": float(per_story),
        "stories": len(stories),
        "lesion_readout": quick,
        "lesion_from_scratch": slow,
    }


def plan(law: dict, choices: int, stories: int, subjects: int, workers: int) -> float:
    """Hours that a study takes by the law, every worker opening its run once a subject."""
    each = law["per_choice"] + stories * law["per_story"]
    return subjects * (law["start"] + choices * each / workers) / 3600


def main() -> None:
    parser = arguments(__doc__, "roi_study")
    parser.add_argument("--study", type=Path, default=ROI_STUDY, help="folder of the study; default: the shipped one")
    args = parser.parse_args()
    run = open_run("demo", device="cpu")
    found = recovery(args.study)
    compared = expected_against_samples(run, TEST[:2])
    law = cost(run, TEST)
    difference = float(np.mean([abs(row["expected"] - row["mean"]) for row in compared]))
    groups = law["start"] + 33 * (law["per_choice"] + law["stories"] * law["per_story"])
    areas = law["start"] + 721 * (law["per_choice"] + law["stories"] * law["per_story"])
    claims = [
        at_least("AUC of planted groups alone, direct branch, r", found["direct r_expected alone"]["auc"], 0.95),
        at_least("AUC of planted groups alone, text branch, r", found["text r_expected alone"]["auc"], 0.95),
        at_least("AUC of groups planted with sound, word rate alone", found["text word_rate_r alone"]["auc"], 0.95),
        at_least(
            "AUC of groups planted with sound, word rate by lesion", found["text word_rate_r lesion"]["auc"], 0.95
        ),
        at_most(f"r of the expected gesture to that of the mean of {SAMPLES} samples, mean distance", difference, 0.03),
        at_most(
            "readout of a lesion to solving it from scratch, time",
            law["lesion_readout"] / law["lesion_from_scratch"],
            0.2,
        ),
        at_most(
            "processor seconds of 16 groups, 6 stories, both branches, without random regions, on two cores",
            groups,
            180,
        ),
    ]
    figures = {
        "recovery": found,
        "expected": compared,
        "cost": law | {"groups_16": groups, "areas_360": areas},
        "plan_hours": {"8 subjects, 360 areas, 84 stories, 64 workers": plan(law, 721, 84, 8, 64)},
    }
    finish(args.out, figures, claims)


if __name__ == "__main__":
    main()
