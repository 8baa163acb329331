"""Decode 60 s of BOLD with both branches and 8 samples, and change the ROIs.

    python benchmarks/decode.py --out decode.json

Baseline in the same run: the same two branches with one sample each.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fmri2ges.data.atomic import write_json  # noqa: E402
from fmri2ges.decoding.run import open_run  # noqa: E402
from fmri2ges.provenance import versions  # noqa: E402
from fmri2ges.request import DecodeRequest  # noqa: E402


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    made = {}
    seconds = {"open the demo": timed(lambda: made.update(run=open_run("demo", args.device)))}
    run = made["run"]

    def decode(**options):
        request = DecodeRequest(subject="sub-01", story="test-1", start=0, stop=60, **options)
        return lambda: run.decode(request)

    seconds["first decode (makes the story, loads the models)"] = timed(decode())
    seconds["60 s, both branches, 8 samples"] = min(timed(decode()) for _ in range(3))
    seconds["baseline: 60 s, both branches, 1 sample"] = min(timed(decode(samples=1)) for _ in range(3))
    choices = (("Broca",), ("AC", "STG"), ("TPJ", "AG"))  # each new, so the readout is solved anew
    seconds["ROI change, 8 samples"] = min(timed(decode(rois=r)) for r in choices)
    result = {
        "seconds": seconds,
        "ratio of 8 samples to 1": round(
            seconds["60 s, both branches, 8 samples"] / seconds["baseline: 60 s, both branches, 1 sample"], 2
        ),
        "device": run.device,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "versions": versions(),
    }
    for name, value in seconds.items():
        print(f"{value:8.2f} s  {name}")
    if args.out:
        write_json(args.out, result)


if __name__ == "__main__":
    main()
