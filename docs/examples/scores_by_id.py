"""Evaluate a decoding and read its scores by their ids.

Labels are for people and may change; the id of a metric never does.
Run it as: python docs/examples/scores_by_id.py [FOLDER]
"""

import sys
from pathlib import Path

import fmri2ges
from fmri2ges.evaluation.report import format_p
from fmri2ges.storage.report import read_report, write_report

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")

run = fmri2ges.open_run("demo")
decoded = run.decode(fmri2ges.DecodeRequest(story="test-1", start=0, stop=90, samples=4))
write_report(out / "report.json", fmri2ges.evaluate(decoded))  # as the command `evaluate` writes it

rows = {(row.branch, row.id): row for row in read_report(out).rows}
for branch in ("text", "direct"):
    for id in ("r_mean", "mpjpe", "jerk"):
        row = rows[branch, id]
        null = "no null" if row.null is None else f"p {format_p(row.null.p, row.null.n)}"
        print(f"{branch}: {row.label} {row.value:.2f} {row.metric.unit} ({row.metric.better} is better), {null}")
