"""Make docs/results.md from the figures in docs/results/ and the text in benchmarks/results_reading.md.

    python benchmarks/results.py

After new measurements (`python benchmarks/worlds.py --out docs/results/worlds.json`, and so on) run it again, and read
whether results_reading.md still says what the table shows. The JSON of any other benchmark there adds its claims.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import common  # noqa: F401  (puts the checkout on the path)

from fmri2ges.data.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
READING = Path(__file__).with_name("results_reading.md")
GRID = (1.0, 2.0, 3.0)  # guidance
N_SHIFTS = 2000
MAX_FGD_RATIO = 4.0  # guidance may not cost more than this times the re-rendition's FGD
ROWS = {
    "rerendition": "real re-rendition of the same text",
    "t2g": "T2G on observed text (ceiling of both branches)",
    "text": "text branch",
    "direct": "direct branch (soft alignment, observed text)",
    "raw": "direct branch, codes not calibrated",
    "hard": "direct branch, hard labels",
    "decoded": "direct branch, decoded text only",
    "dual": "direct branch, dual (observed and decoded)",
    "none": "direct branch, no alignment",
    "ridge": "ridge fMRI -> mean pseudo-gesture",
    "mean": "mean pose",
    "null-text": "null brain, text branch",
    "null-direct": "null brain, direct branch",
    "unplanted-text": "unplanted ROIs, text branch",
    "unplanted-direct": "unplanted ROIs, direct branch",
}
DIFFERENCES = {
    "direct-text": "direct branch minus text branch (r, mean of 8)",
    "direct-hard": "soft alignment minus hard labels",
    "dual-direct": "dual minus observed-text alignment",
}
HEAD = (
    "method",
    "r, one sample",
    "r, mean of 8 [95 % CI over worlds]",
    "shift null, 95 %",
    "worlds with p <= .01",
    "FGD",
    "FGD, extrapolated",
    "jerk, m/s^3",
)


def table(summary: dict[str, Any]) -> str:
    """The rows of `worlds.py` as Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    n = len(summary["worlds"])
    for name, label in ROWS.items():
        row = summary["rows"][name]
        bounds = f" [{row['ci'][0]:.3f}, {row['ci'][1]:.3f}]" if row["ci"] else ""
        motion = " (one motion)" if row["one_motion"] else ""
        cells = (
            label,
            f"{row['r1']:.3f}",
            f"{row['r']:.3f}{bounds}{motion}",
            f"{row['null95']:.3f}",
            f"{row['significant']} of {n}",
            f"{row['fgd']:.2f}",
            f"{row['fgd_extrapolated']:.2f}",
            f"{row['jerk']:.1f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def worlds_section(found: dict[str, Any]) -> str:
    """What `worlds.py` measured, with how it was made."""
    summary = found["summary"]
    seeds = ", ".join(map(str, summary["worlds"]))
    commit = f" with the models of commit {found['commit'][:7]}" if found.get("commit") else ""
    guidance = "; ".join(
        f"world {seed}: " + ", ".join(f"{k} {g}" for k, g in chosen.items())
        for seed, chosen in summary["guidance"].items()
    )

    def difference(name: str) -> str:
        d = summary["differences"][name]
        interval = f", 95 % CI [{d['ci'][0]:+.3f}, {d['ci'][1]:+.3f}]" if d["ci"] else ""
        return f"- {DIFFERENCES[name]}: {d['mean']:+.3f}{interval} over {len(summary['worlds'])} worlds"

    def ratios(name: str) -> str:
        return ", ".join(f"{x:.2g}" for x in summary["fgd_ratio"][name])

    return f"""\
**Simulated data: this validates software, it says nothing about brains.** Worlds {seeds}, six held-out
stories of 5 min each, 8 samples a story, made by `python benchmarks/worlds.py`{commit}.

{table(summary)}

r is the variance-weighted correlation of wrists, elbows and face relative to the neck at 15 fps, mean over the
test stories. Its null shifts every story circularly by its own random shift of at least 20 s ({N_SHIFTS} draws);
p = (1 + k) / (1 + n). FGD is the mean over the samples, on 792 windows a side and extrapolated to infinitely many; \
it uses the shipped encoder
(digest {summary["encoder"]}); compare it within this table only. A generator that is calibrated has
r(one sample) near r(mean)^2: low values of one sample are expected, not a fault.

{difference("direct-text")}
{difference("direct-hard")}
{difference("dual-direct")}
- FGD of the direct branch, by world: {ratios("rerendition")} times that of the re-rendition, \
{ratios("ridge")} times ridge's

Chosen on the validation stories: guidance out of {", ".join(map(str, GRID))}, the best r of the mean whose FGD is at
most {MAX_FGD_RATIO:g} times that of the re-rendition there ({guidance}). Ridge penalty and the number of parcel \
components
were chosen once, on the validation stories of world 0.
"""


def claims_section(found: list[dict[str, Any]]) -> str:
    """The claims of the other benchmarks with the figures that decide them; empty without any."""
    if not found:
        return ""
    lines = [
        "\n## Claims of the other benchmarks\n",
        "| benchmark | claim | figure | must be | commit |",
        "|---" * 5 + "|",
    ]
    for one in found:
        for claim in one["claims"]:
            limits = common.Claim(claim["text"], claim["value"], claim.get("low"), claim.get("high")).limits
            commit = (one.get("commit") or "-")[:7]
            lines.append(f"| {one['benchmark']} | {claim['text']} | {claim['value']:.3g} | {limits} | {commit} |")
    return "\n".join(lines) + "\n"


def page(folder: Path, reading: Path = READING) -> str:
    """The whole page, from a folder of JSON files and the text that interprets them."""
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    worlds = found.pop("worlds")
    parts = ["# Results on the simulated study\n", worlds_section(worlds), reading.read_text(encoding="utf-8")]
    return "\n".join(parts) + claims_section(list(found.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results", help="folder of JSON files")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results.md")
    args = parser.parse_args()
    write_text(args.page, page(args.results))


if __name__ == "__main__":
    main()
