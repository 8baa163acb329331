"""Make the models that ship with the package, and their card.

    python benchmarks/make_demo.py

Simulates study 0, trains it by the command that users have, decodes the six held-out stories,
evaluates them, and replaces fmri2ges/demo/weights/.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, arguments, at_least, finish

from fmri2ges.data.atomic import write_json
from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import TEST
from fmri2ges.evaluation.metrics import R_MEAN
from fmri2ges.request import DEMO
from fmri2ges.storage.report import NAME as REPORT
from fmri2ges.storage.report import read_report, row_to_dict, write_report


def command(*args) -> None:
    print("python -m fmri2ges", *args, file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "fmri2ges", *map(str, args)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    args = arguments(__doc__, "make_demo").parse_args()
    with tempfile.TemporaryDirectory() as temp:
        study, run = Path(temp) / "study", Path(temp) / "run"
        command("simulate", study, "--seed", 0)
        command("train", study / "study.toml", "--out", run, "--preset", "demo", "--seed", 0, "--device", "cpu")
        for story in TEST:
            command(
                "decode",
                run,
                "--subject",
                "sub-01",
                "--story",
                story,
                "--seed",
                0,
                "--device",
                "cpu",
                "--out",
                run / "decoded" / story,
            )
        command("evaluate", run)
        report = read_report(run)
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["study"] = DEMO  # not a path of the machine that trained it
        card = {
            "command": "python -m fmri2ges simulate STUDY --seed 0 && "
            "python -m fmri2ges train STUDY/study.toml --out RUN --preset demo --seed 0 --device cpu",
            "simulated": True,
            "seconds": manifest["seconds"],
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "versions": manifest["versions"],
            "study_digest": manifest["digests"]["study.toml"],
            "stories": list(TEST),
            "metrics": [row_to_dict(row) for row in report.rows if row.stories > 1],
        }
        shutil.rmtree(WEIGHTS, ignore_errors=True)
        WEIGHTS.mkdir()
        for file in run.glob("*.safetensors"):
            shutil.copyfile(file, WEIGHTS / file.name)
        write_json(WEIGHTS / "manifest.json", manifest)
        write_json(WEIGHTS / "card.json", card)
        write_report(WEIGHTS / REPORT, report)  # what the screen Statistics shows of the demo
        ratios = {
            row.branch: row.value / row.null.q95 for row in report.rows if row.id == R_MEAN.id and row.stories > 1
        }
        # What the app's first screen shows before any model has loaded: its default request.
        first = Path(temp) / "first"
        command(
            "decode",
            "demo",
            "--subject",
            "sub-01",
            "--story",
            "test-1",
            "--start",
            0,
            "--stop",
            30,
            "--seed",
            0,
            "--device",
            "cpu",
            "--out",
            first,
        )
        (WEIGHTS / "decoded").mkdir()
        for name in ("text.npz", "direct.npz", "words.tsv", "texts.json", "rate.tsv", "manifest.json"):
            shutil.copyfile(first / name, WEIGHTS / "decoded" / name)
    claims = [at_least(f"{b} branch: r of the mean to the 95 % point of its null", x, 2) for b, x in ratios.items()]
    finish(args.out, {"card": card}, claims)


if __name__ == "__main__":
    main()
