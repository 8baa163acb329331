"""A draft against the full decoding: what it costs, and how close it is to what comes after it.

    python benchmarks/drafts.py --out drafts.json

A draft is the first of the samples of a request, made alone (`Run.draft`). Each choice of ROIs is new to the run, so
the readout is solved anew for it. Baseline in the same run: the full decoding of the same requests, 30 s, both branches
and 8 samples, by a second run of the same models that has not seen them either. Seconds of the processor are compared
too, which other programs on the machine lengthen less than those of the clock.

Closeness is r of joint positions between the draft and sample 1 of the full result. Baseline: r between sample 2 and
sample 1 of the full result, that is what a draft with noise of its own would be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from common import arguments, at_least, at_most, finish

from fmri2ges.decoding.run import Run, open_run
from fmri2ges.request import DecodeRequest
from fmri2ges.results import BRANCHES, Decoded

AREAS = ("44", "45", "A1", "A4", "A5", "PGi", "PGs", "PF", "STSdp", "STSva", "TE1a", "TE1p", "4", "6v", "55b", "MT")
GROUPS = ("Broca", "AC", "STS", "TPJ", "AG", "Visual")
REQUEST = DecodeRequest(subject="sub-01", story="test-1", start=0, stop=30, samples=8)


def warm_run() -> Run:
    """A run with its models and its recording in memory, which has decoded once."""
    run = open_run("demo", "cpu")
    run.warm_up(REQUEST.subject)
    run.decode(REQUEST)
    return run


def timed(work: Callable[[], Decoded]) -> tuple[Decoded, float, float]:
    """What a decoding gives, its seconds, and those of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - clock, time.process_time() - processor


def r_of(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of two motions (n_frames, n_joints, 3), the mean pose of the second taken out of both."""
    mean = second.mean(0)
    a, b = (first - mean).ravel(), (second - mean).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def main() -> None:
    args = arguments(__doc__, "drafts").parse_args()
    drafting, decoding = warm_run(), warm_run()
    rows: list[dict[str, Any]] = []
    for names in [(area,) for area in AREAS] + [(group,) for group in GROUPS]:
        request = replace(REQUEST, rois=names)
        draft, seconds, processor = timed(lambda request=request: drafting.draft(request))
        full, full_seconds, full_processor = timed(lambda request=request: decoding.decode(request))
        row = {"rois": names[0], "draft": [seconds, processor], "full": [full_seconds, full_processor]}
        for branch in BRANCHES:
            alone, whole = getattr(draft, branch), getattr(full, branch)
            row[branch] = r_of(alone.positions, whole.samples[0])
            row[f"{branch}, other sample"] = r_of(whole.samples[1], whole.samples[0])
            row[f"{branch}, mm"] = 1e3 * float(np.abs(alone.positions - whole.samples[0]).max())
        row["same words"] = draft.texts[0].text == full.texts[0].text
        rows.append(row)
    draft, full = (np.median([row[kind] for row in rows], axis=0) for kind in ("draft", "full"))
    worst = min(row[branch] for row in rows for branch in BRANCHES)
    apart = max(np.median([row[f"{branch}, other sample"] for row in rows]) for branch in BRANCHES)
    figures = {
        "median seconds of a draft, of the processor": draft.round(3).tolist(),
        "median seconds of the full decoding, of the processor": full.round(3).tolist(),
        "lowest r of draft and first sample": worst,
        "largest difference of a joint, mm": max(row[f"{branch}, mm"] for row in rows for branch in BRANCHES),
        "median r of second and first sample": float(apart),
        "choices with the same words": f"{sum(row['same words'] for row in rows)} of {len(rows)}",
    }
    for name, value in figures.items():
        print(f"{name}: {value}")
    claims = [
        at_least("r of draft and first sample, less r of second and first sample", worst - apart, 0.5),
        at_most("processor seconds of a draft to those of the full decoding", draft[1] / full[1], 0.6),
        at_most("seconds of a draft to those of the full decoding", draft[0] / full[0], 0.7),
    ]
    finish(args.out, {"figures": figures, "choices": rows}, claims)


if __name__ == "__main__":
    main()
