"""What every benchmark does at its end: hold its claims against the figures, and write both as JSON.

A claim is a ratio to a baseline that the same run measured, so that it holds on any machine. `finish` ends the script
with exit code 1 and one line when a claim does not hold; the JSON is written all the same.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from fmri2ges.data.atomic import write_json  # noqa: E402
from fmri2ges.provenance import git_commit, versions  # noqa: E402

OUT = ROOT / "out" / "benchmarks"


@dataclass(frozen=True)
class Claim:
    """One claim of a benchmark, with the figure that decides it.

    Parameters
    ----------
    text : what is compared with which baseline
    value : the figure, most often a ratio
    low, high : where it must lie; None leaves that side open
    """

    text: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def limits(self) -> str:
        """Where the figure must lie, in words."""
        sides = [] if self.low is None else [f"at least {self.low:g}"]
        sides += [] if self.high is None else [f"at most {self.high:g}"]
        return " and ".join(sides)

    @property
    def holds(self) -> bool:
        """Whether it holds; what is not a number does not."""
        above = self.low is None or self.value >= self.low
        return bool(self.value == self.value and above and (self.high is None or self.value <= self.high))


def at_least(text: str, value: float, limit: float) -> Claim:
    return Claim(text, float(value), low=float(limit))


def at_most(text: str, value: float, limit: float) -> Claim:
    return Claim(text, float(value), high=float(limit))


def arguments(doc: str, name: str) -> argparse.ArgumentParser:
    """The parser of a benchmark, with `--out`."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = OUT / f"{name}.json"
    parser.add_argument("--out", type=Path, default=default, help=f"JSON; default {default.relative_to(ROOT)}")
    return parser


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "machine": platform.machine(),
        "system": platform.system(),
    }


def write(path: Path, figures: Mapping[str, Any], claims: Iterable[Claim] = ()) -> None:
    """Write figures and claims with versions, commit and machine."""
    about = {"benchmark": Path(sys.argv[0]).stem, "commit": git_commit(), "versions": versions(), "machine": machine()}
    judged = [{k: v for k, v in asdict(c).items() if v is not None} | {"holds": c.holds} for c in claims]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**about, "claims": judged, **figures})


def finish(path: Path, figures: Mapping[str, Any], claims: Iterable[Claim]) -> None:
    """Write everything; end with exit code 1 and one line when a claim does not hold."""
    claims = tuple(claims)
    write(path, figures, claims)
    failed = [f"{c.text}: {c.value:.4g}, but must be {c.limits}" for c in claims if not c.holds]
    if failed:
        sys.exit(f"{path}: {'; '.join(failed)}")
    print(f"{path}: all claims hold ({len(claims)})")
