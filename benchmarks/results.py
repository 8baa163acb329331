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
    "text-expected": "text branch, expected gesture of its 8 texts",
    "vectors": "text branch, evidence of word vectors instead of word signatures",
    "direct": "direct branch (soft alignment, observed text)",
    "direct-expected": "direct branch, expected gesture",
    "oracle": "paired linear oracle: ridge fMRI -> true motion",
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
FILES = {"demo": "worlds", "varied": "worlds_varied"}  # kind of world -> its file of docs/results
TRAINING = "worlds_training"  # F2G trained in other ways, in worlds of the demo's kind
WAYS = ("direct", "raw", "hard", "decoded", "dual", "none")
LABELS = {"demo": "demo's kind", "varied": "varied kind"}
# What the two tables show: head of a column, and its text from a row and the number of worlds.
FIRST = {
    "r, one sample": lambda row, n: f"{row['r1']:.3f}",
    "r, mean of 8 [95 % CI over worlds]": lambda row, n: (
        f"{row['r']:.3f}"
        + (f" [{row['ci'][0]:.3f}, {row['ci'][1]:.3f}]" if row["ci"] else "")
        + (" (one motion)" if row["one_motion"] else "")
    ),
    "worlds with p <= .01": lambda row, n: f"{row['significant']} of {n}",
    "FGD": lambda row, n: f"{row['fgd']:.2f}",
}
SECOND = {
    "shift null, 95 %": lambda row, n: f"{row['null95']:.3f}",
    "FGD, extrapolated": lambda row, n: f"{row['fgd_extrapolated']:.2f}",
    "jerk, m/s^3": lambda row, n: f"{row['jerk']:.1f}",
}


def table(summaries: dict[str, dict[str, Any]], columns=None, rows=ROWS) -> str:
    """The rows of `worlds.py` as Markdown, with a column for each kind of world under each figure.

    Parameters
    ----------
    summaries : kind of world -> what `worlds.summarise` returned
    columns : `FIRST` or `SECOND`; both where nothing is given
    rows : which methods, names of `ROWS`
    """
    columns = FIRST | SECOND if columns is None else columns
    kinds = list(summaries)
    head = ["method", *(f"{head}: {LABELS[kind]}" for head in columns for kind in kinds)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, label in ROWS.items():
        found = [summaries[kind]["rows"].get(name) for kind in kinds]
        if name not in rows or not any(found):
            continue
        cells = [
            show(row, len(summaries[kind]["worlds"])) if row else "-"
            for show in columns.values()
            for kind, row in zip(kinds, found, strict=True)
        ]
        lines.append("| " + " | ".join([label, *cells]) + " |")
    return "\n".join(lines)


def kind_lines(kind: str, found: dict[str, Any]) -> list[str]:
    """What is to be said of the worlds of a kind: which they are, shares of the oracle, differences, guidance."""
    summary = found["summary"]
    worlds = ", ".join(map(str, summary["worlds"]))
    commit = f", with the models of commit {found['commit'][:7]}" if found.get("commit") else ""
    source = f" ({found['source']})" if kind != "demo" and found.get("source") else ""
    lines = [f"**{LABELS[kind].capitalize()}**: worlds {worlds}{commit}{source}.", ""]
    for world, laws in summary.get("laws", {}).items():
        about = ", ".join(f"{name} {value}" for name, value in laws.items())
        if rate := summary["word_rate"].get(world):
            about += (
                f"; word rate r {rate['product']:.3f}, of a ridge fitted on the true counts "
                f"{rate['ridge on true counts']:.3f}"
            )
        if about:
            lines.append(f"- world {world}: {about}")
    for branch, shares in summary.get("share_of_oracle", {}).items():
        each = ", ".join(f"{share:.2f}" for share in shares)
        lines.append(f"- {ROWS[branch]}: r of the mean as a share of the paired linear oracle's, by world: {each}")
    for name, label in DIFFERENCES.items():
        if d := summary["differences"].get(name):
            interval = f", 95 % CI [{d['ci'][0]:+.3f}, {d['ci'][1]:+.3f}]" if d["ci"] else ""
            lines.append(f"- {label}: {d['mean']:+.3f}{interval} over {len(summary['worlds'])} worlds")
    ratios = {name: ", ".join(f"{x:.2g}" for x in values) for name, values in summary["fgd_ratio"].items()}
    lines.append(
        f"- FGD of the direct branch, by world: {ratios['rerendition']} times that of the re-rendition, "
        f"{ratios['ridge']} times ridge's"
    )
    guidance = "; ".join(
        f"world {seed}: " + ", ".join(f"{k} {g}" for k, g in chosen.items())
        for seed, chosen in summary["guidance"].items()
        if chosen
    )
    return [*lines, f"- guidance that was chosen: {guidance}", ""] if guidance else [*lines, ""]


def worlds_section(kinds: dict[str, dict[str, Any]]) -> str:
    """What `worlds.py` measured of each kind of world, with how it was made."""
    summaries = {kind: found["summary"] for kind, found in kinds.items()}
    encoder = ", ".join(sorted({summary["encoder"] for summary in summaries.values()}))
    details = "\n".join(line for kind, found in kinds.items() for line in kind_lines(kind, found))
    return f"""\
**Simulated data: this validates software, it says nothing about brains.** Two kinds of worlds
([what each draws](simulated-studies.md)), made by `python benchmarks/worlds.py`: the demo's (six held-out stories of
5 min), and worlds whose laws are drawn anew (four held-out stories of 5 min); 8 samples a story. Constants of the
methods were chosen on the demo's kind, none on the varied kind.

{table(summaries, FIRST)}

{table(summaries, SECOND)}

r is the variance-weighted correlation of wrists, elbows and face relative to the neck at 15 fps, mean over the
test stories. Its null shifts every story circularly by its own random shift of at least 20 s ({N_SHIFTS} draws);
p = (1 + k) / (1 + n). FGD is the mean over the samples on all windows, and extrapolated to infinitely many; it uses the
shipped encoder (digest {encoder}), which was trained on gestures of the demo's kind: compare it within a column only. A
generator that is calibrated has r(one sample) near r(mean)^2: low values of one sample are expected, not a fault. The
oracle reads the same features as the branches but was fitted on true {{fMRI, gesture}} pairs, which no real study has.

{details}
Chosen on the validation stories: guidance out of {", ".join(map(str, GRID))}, the best r of the mean whose FGD is at
most {MAX_FGD_RATIO:g} times that of the re-rendition there. Ridge penalty and the number of parcel components
were chosen once, on the validation stories of world 0 of the demo's kind.
"""


def training_section(found: dict[str, Any]) -> str:
    """The direct branch trained in other ways, measured apart because it takes five trainings a world."""
    summary = found["summary"]
    worlds = ", ".join(map(str, summary["worlds"]))
    about = f" ({found['source']})" if found.get("source") else ""
    lines = [
        f"- {label}: {d['mean']:+.3f}, 95 % CI [{d['ci'][0]:+.3f}, {d['ci'][1]:+.3f}]"
        for name, label in DIFFERENCES.items()
        if name != "direct-text" and (d := summary["differences"].get(name))
    ]
    return "\n".join(
        [
            "\n## Other ways of training F2G\n",
            f"Worlds {worlds} of the demo's kind, with the models of commit {found['commit'][:7]}{about}; "
            "measured by `python benchmarks/worlds.py --rows all`. Calibration of the codes (decision 8) takes a third "
            "off the FGD of the direct branch and halves its jerk. Hard labels do as well as soft alignment; the "
            'decoded branch ("dual") does not help. A network that was never aligned answers the same BOLD in the same '
            "way, right or wrong, so its r scatters more than its shift null says.\n",
            table({"demo": summary}, FIRST | SECOND, WAYS),
            "",
            *lines,
            "",
        ]
    )


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
    kinds = {kind: found.pop(name) for kind, name in FILES.items() if name in found}
    ways = found.pop(TRAINING, None)
    parts = ["# Results on simulated studies\n", worlds_section(kinds), reading.read_text(encoding="utf-8")]
    parts += [training_section(ways)] if ways else []
    return "\n".join(parts) + claims_section(list(found.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results", help="folder of JSON files")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results.md")
    args = parser.parse_args()
    write_text(args.page, page(args.results))


if __name__ == "__main__":
    main()
