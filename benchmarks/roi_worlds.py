"""What an ROI study finds in simulated worlds of both kinds: planted regions, unplanted ones, brains without signal.

    python benchmarks/roi_worlds.py --demo 1 2 --varied 0 1 2 --out docs/results/roi_worlds.json

The run that ships is judged by its shipped study, and then decodes brains without signal. Each other world is simulated
and trained from its own number with few steps; the study that `fmri2ges roi-study` makes of it is held against what was
planted, and the same run decodes a brain without signal. Worlds that are already in --out are kept, so an interrupted
run goes on where it stopped. A claim that does not hold is written as such: the script ends with exit code 1.

The interval of a difference between two regions is held against a truth that is known: series whose correlations with a
reference are given, scored and drawn by the functions of the study.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from common import Claim, arguments, at_least, at_most, finish, write
from kinds import Demo, Kind, Varied

from fmri2ges.data.bold.read import standardize
from fmri2ges.decoding.heard import HeardGestures
from fmri2ges.decoding.regions import RegionDecoder
from fmri2ges.decoding.run import Run, open_run
from fmri2ges.demo import ROI_STUDY, WEIGHTS
from fmri2ges.demo.cache import demo_world
from fmri2ges.demo.varied.world import Sizes
from fmri2ges.evaluation.region_effects import Scored, interval_of
from fmri2ges.evaluation.region_scores import Course, gesture_scores
from fmri2ges.evaluation.roi_rows import Effect, RoiStudy
from fmri2ges.storage.roi_study import load_roi_study
from fmri2ges.studies import roi_task
from fmri2ges.studies.roi_request import RoiStudyRequest
from fmri2ges.studies.roi_study import roi_study
from fmri2ges.training.presets import PRESETS
from fmri2ges.training.train import train_study
from fmri2ges.types import Recording

STEPS = replace(PRESETS["demo"], t2g_steps=300, f2g_steps=200, roi_choices=2, renditions=2)
SIZES = Sizes(stories=20, minutes=5.0)  # five test stories, so that intervals and p are over stories
MOST = 12  # regions of each sort in a varied world
MEASURES = (("direct", "r_expected"), ("text", "r_expected"), ("text", "word_rate_r"))
EFFECTS = (Effect.ALONE, Effect.LESION)
REPETITIONS = 400
SETTINGS = {"6 stories": (6, 300.0), "1 story of 15 min, blocks": (1, 900.0)}
SILENT = 100  # worlds from which brains without signal are taken for the shipped run
COLUMNS, COLOUR = 6, 0.97  # of the simulated series: columns, and autocorrelation from frame to frame


def world_of(name: str, number: int) -> Kind:
    """A world by the name of its kind."""
    return Demo(number) if name == "demo" else Varied(number, sizes=SIZES)


def chosen(names: tuple[str, ...]) -> list[str]:
    """At most `MOST` of some regions, evenly spread."""
    return [names[k] for k in np.unique(np.linspace(0, len(names) - 1, min(MOST, len(names))).astype(int))]


def auc(planted: list[float], unplanted: list[float]) -> float:
    """Area under the curve of planted regions against unplanted ones."""
    pairs = np.subtract.outer(planted, unplanted)
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def judged(study: RoiStudy, planted: list[str], unplanted: list[str]) -> dict:
    """What a study finds, for each branch, metric and effect."""
    found = {}
    for branch, metric in MEASURES:
        for effect in EFFECTS:
            rows = {row.region: row for row in study.select(study.subjects[0], branch, metric, effect)}
            sure = {name for name, row in rows.items() if row.p_corrected is not None and row.p_corrected < 0.05}
            found[f"{branch} {metric} {effect.value}"] = {
                "auc": auc([rows[n].value for n in planted], [rows[n].value for n in unplanted]),
                "planted": len(planted),
                "planted_found": len(sure & set(planted)),
                "unplanted": len(unplanted),
                "unplanted_found": len(sure & set(unplanted)),
            }
    return found


class Studied:
    """A run of one world, whose ROI study is made of its own BOLD or of other BOLD.

    Parameters
    ----------
    run : the trained run
    kind : its world
    """

    def __init__(self, run: Run, kind: Kind):
        self.run, self.kind = run, kind
        self._heard = HeardGestures()

    def study(self, rois: str, folder: Path, bold: Callable[[str], np.ndarray] | None = None) -> RoiStudy:
        """The study of regions; `bold` gives that of each story, array (n_volumes, n_columns)."""
        request = RoiStudyRequest("demo" if self.run.path == WEIGHTS else str(self.run.path), rois=rois, nulls=0)
        run = self.run if bold is None else self._with(bold)
        decoder = RegionDecoder(run, self.kind.subject, self.kind.test, self._heard)
        with patch.object(roi_task, "_decoder", lambda *_: decoder):
            return roi_study(request, folder, "serial")

    def _with(self, bold: Callable[[str], np.ndarray]) -> Run:
        other: Any = copy(self.run)

        def recording(subject: str, story: str) -> Recording:
            return replace(self.run.recording(subject, story), bold=standardize(bold(story))[0])

        other.recording = recording
        return other


def run_world(name: str, number: int) -> dict:
    """One world: what is found of its planted regions, and in a brain without signal."""
    with tempfile.TemporaryDirectory() as place:
        kind, folder, begun = world_of(name, number), Path(place), time.process_time()
        study = kind.write(folder / "study")
        say(name, number, f"written in {time.process_time() - begun:.0f} s of processor time")
        run = open_run(train_study(study, folder / "run", STEPS, seed=number, device="cpu"), device="cpu")
        say(name, number, f"trained after {time.process_time() - begun:.0f} s")
        planted, unplanted = chosen(kind.planted(run)), chosen(kind.unplanted(run))
        names, studied = folder / "regions.txt", Studied(run, kind)
        names.write_text("\n".join([*planted, *unplanted]) + "\n", encoding="utf-8")
        truth = judged(studied.study(str(names), folder / "truth"), planted, unplanted)
        say(name, number, f"{truth}")
        null = judged(studied.study(str(names), folder / "null", kind.null_bold), planted, unplanted)
        say(name, number, f"whole after {time.process_time() - begun:.0f} s; null brain: {null}")
        return {"kind": name, "number": number, "laws": kind.laws(), "truth": truth, "null_brains": [null]}


def run_shipped(number: int) -> dict:
    """The run that ships with the package: its shipped study, and brains of other worlds without signal."""
    kind = Demo(demo_world().seed)
    run = open_run("demo", device="cpu")
    planted, unplanted = list(kind.planted(run)), list(kind.unplanted(run))
    studied, nulls = Studied(run, kind), []
    for k in range(1, number + 1):
        silent = Demo(SILENT + k)
        with tempfile.TemporaryDirectory() as place:
            study = studied.study("groups", Path(place) / "null", silent.null_bold)
        nulls.append(judged(study, planted, unplanted))
        say("shipped", k, f"null brain: {nulls[-1]}")
    truth = judged(load_roi_study(ROI_STUDY), planted, unplanted)
    return {"kind": "shipped", "number": 0, "laws": kind.laws(), "truth": truth, "null_brains": nulls}


def say(name: str, number: int, message: str) -> None:
    print(f"[{name} {number}] {message}", file=sys.stderr, flush=True)


def coloured(rng: np.random.Generator, n: int) -> np.ndarray:
    """Gaussian series (n, COLUMNS) of unit variance that is alike from frame to frame."""
    from scipy.signal import lfilter

    noise = rng.standard_normal((n, COLUMNS))
    noise[1:] *= np.sqrt(1 - COLOUR**2)
    return lfilter([1.0], [1.0, -COLOUR], noise, axis=0)


def covered(stories: int, seconds: float, seed: int) -> bool:
    """Whether the interval of the difference of two regions holds the difference that was planted.

    r of both differs from story to story, alike in part; the truth is the mean over all stories that there could be.
    """
    rng = np.random.default_rng([seed, stories])
    spread = 0.08 if stories > 1 else 0.0
    first, second, shared = 0.45, 0.30, 0.5
    scored: list[list[np.ndarray]] = [[], []]
    for _ in range(stories):
        truth, common = coloured(rng, int(seconds * 15)), coloured(rng, int(seconds * 15))
        hard = spread * rng.standard_normal()
        for k, r in enumerate((first, second)):
            own = r + hard + 0.5 * spread * rng.standard_normal()
            rest = np.sqrt(shared) * common + np.sqrt(1 - shared) * coloured(rng, len(truth))
            made = own * truth + np.sqrt(1 - own**2) * rest
            scored[k].append(gesture_scores(Course(truth), Course(made), "direct", False)[0].blocks)
    a, b = (Scored(tuple(blocks), ()) for blocks in scored)
    interval = interval_of(a - b, rng)
    assert interval is not None, "there are enough units"
    return interval.low <= first - second <= interval.high


def coverage() -> dict[str, float]:
    """Share of 95 % intervals that hold the truth."""
    return {
        name: float(np.mean([covered(stories, seconds, seed) for seed in range(REPETITIONS)]))
        for name, (stories, seconds) in SETTINGS.items()
    }


def summarise(worlds: list[dict]) -> dict:
    """Over the worlds: AUC of each, and how many regions were found where nothing is."""
    found = {}
    for key in worlds[0]["truth"]:
        per_world = [w["truth"][key] for w in worlds]
        silent = [null[key] for w in worlds for null in w["null_brains"]]
        found[key] = {
            "auc": [one["auc"] for one in per_world],
            "planted": sum(one["planted"] for one in per_world),
            "planted_found": sum(one["planted_found"] for one in per_world),
            "unplanted": sum(one["unplanted"] for one in per_world),
            "unplanted_found": sum(one["unplanted_found"] for one in per_world),
            "null_brains": sum(one["planted"] + one["unplanted"] for one in silent),
            "null_brains_found": sum(one["planted_found"] + one["unplanted_found"] for one in silent),
        }
    return found


def claims(summary: dict, cover: dict[str, float]) -> list[Claim]:
    """What a user may rely on; a sum over regions in which nothing is counts each once for every measure."""
    gestures = [key for key in summary if "r_expected" in key]
    made = [at_least(f"AUC of planted regions, {key}, worst world", min(summary[key]["auc"]), 0.95) for key in gestures]
    for where in ("unplanted", "null_brains"):
        n, sure = (sum(summary[key][name] for key in summary) for name in (where, f"{where}_found"))
        made.append(at_least(f"tests of regions, {where.replace('_', ' ')}", n, 200))
        made.append(at_most(f"share found after correction, {where.replace('_', ' ')}", sure / n, 0.05))
    made += [
        Claim(f"coverage of the 95 % interval of a difference of two regions, {name}", value, 0.93, 0.97)
        for name, value in cover.items()
    ]
    return made


def main() -> None:
    parser = arguments(__doc__, "roi_worlds")
    parser.add_argument("--demo", type=int, nargs="*", default=[1, 2], help="numbers of worlds of the demo's kind")
    parser.add_argument("--varied", type=int, nargs="*", default=[0, 1, 2], help="numbers of varied worlds")
    parser.add_argument("--silent", type=int, default=3, help="brains without signal that the shipped run decodes")
    args = parser.parse_args()
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
    figures = {"simulated": True, "by_world": kept.get("by_world", []), "coverage": kept.get("coverage", {})}
    if not figures["coverage"]:
        figures["coverage"] = coverage()
        write(args.out, figures)
    if ("shipped", 0) not in [(w["kind"], w["number"]) for w in figures["by_world"]]:
        figures["by_world"].append(run_shipped(args.silent))
        write(args.out, figures)
    wanted = [*(("varied", n) for n in args.varied), *(("demo", n) for n in args.demo)]
    for name, number in wanted:
        if (name, number) not in [(w["kind"], w["number"]) for w in figures["by_world"]]:
            figures["by_world"].append(run_world(name, number))
            write(args.out, figures)
    worlds = [w for w in figures["by_world"] if (w["kind"], w["number"]) in [("shipped", 0), *wanted]]
    summary = summarise(worlds)
    finish(args.out, figures | {"summary": summary}, claims(summary, figures["coverage"]))


if __name__ == "__main__":
    main()
