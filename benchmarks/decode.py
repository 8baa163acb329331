"""Decode 60 s of BOLD with both branches and 8 samples, and change the ROIs.

    python benchmarks/decode.py --out decode.json

Baseline in the same run: the same two branches with one sample each.
"""

from __future__ import annotations

import time

from common import arguments, at_most, finish

from fmri2ges.decoding.run import open_run
from fmri2ges.request import DecodeRequest


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)


def main() -> None:
    parser = arguments(__doc__, "decode")
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
    }
    for name, value in seconds.items():
        print(f"{value:8.2f} s  {name}")
    change = seconds["ROI change, 8 samples"] / seconds["60 s, both branches, 8 samples"]
    claims = [
        at_most("seconds of 8 samples to those of 1", result["ratio of 8 samples to 1"], 8),
        at_most("seconds after a change of ROIs to those of the same ROIs again", change, 2),
    ]
    finish(args.out, {"figures": result}, claims)


if __name__ == "__main__":
    main()
