"""One world of the varied kind at four repetition times: what of the paired oracle's r each branch reaches.

    python benchmarks/repetition_times.py --out docs/results/repetition_times.json      about 5 minutes each, one core

Everything but the repetition time is the same: words, gestures, response, noise in every volume. The share of the
oracle at TR 2 s is the measure, since a scan with more volumes carries more. Times that are already in --out are kept.
"""

from __future__ import annotations

import json
from dataclasses import replace

from common import arguments, at_least, finish, write
from kinds import QUICK, Varied
from worlds import Plan, run_world

from fmri2ges.demo.varied.world import Sizes

AT = 2.0  # seconds; what the others are held against
BRANCHES = ("text", "direct", "text-expected", "direct-expected")


def share(world: dict, branch: str) -> float:
    """r of a branch as a share of the oracle's."""
    return world["rows"][branch]["r"] / world["rows"]["oracle"]["r"]


def main() -> None:
    parser = arguments(__doc__, "repetition_times")
    parser.add_argument("--world", type=int, default=0, help="of the varied kind")
    parser.add_argument("--tr", type=float, nargs="+", default=[0.72, 1.5, AT, 3.0], help="seconds")
    parser.add_argument("--quick", action="store_true", help="a few steps: only to see that it runs")
    args = parser.parse_args()
    plan, about = Plan("branches", args.quick), {"simulated": True, "world": args.world, "quick": args.quick}
    done = json.loads(args.out.read_text(encoding="utf-8"))["by_tr"] if args.out.is_file() else {}
    for tr in args.tr:
        if str(tr) not in done:
            sizes = replace(QUICK if args.quick else Sizes(), tr=tr)
            done[str(tr)] = run_world(Varied(args.world, sizes=sizes), args.world, plan)
            write(args.out, about | {"by_tr": done})
    shares = {tr: {b: share(done[str(tr)], b) for b in BRANCHES} for tr in args.tr}
    for tr, found in shares.items():
        print(f"TR {tr:g} s: " + ", ".join(f"{b} {x:.2f}" for b, x in found.items()))
    claims = [
        at_least(
            f"{b}, TR {tr:g} s: share of the oracle's r to that at TR {AT:g} s", shares[tr][b] / shares[AT][b], 0.85
        )
        for tr in args.tr
        if tr != AT and AT in shares
        for b in BRANCHES
    ]
    finish(args.out, about | {"by_tr": done, "shares": {str(tr): s for tr, s in shares.items()}}, claims)


if __name__ == "__main__":
    main()
