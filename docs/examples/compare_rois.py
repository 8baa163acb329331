"""Two choices of ROIs, each score beside its null.

The demo has a signal planted in language areas and none in visual ones, so the second choice should not beat its null.
Run it as: python docs/examples/compare_rois.py [FOLDER]
"""

import sys
from dataclasses import replace
from pathlib import Path

import fmri2ges
from fmri2ges.evaluation.report import format_p, format_report

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")
out.mkdir(parents=True, exist_ok=True)

run = fmri2ges.open_run("demo")
language = fmri2ges.DecodeRequest(
    story="test-1", rois=("Broca", "AG", "STG", "STS"), branch="direct", start=0, stop=90, samples=4
)
visual = replace(language, rois=("Visual", "MT"))

report = fmri2ges.evaluate([run.decode(language), run.decode(visual)])
for row in report.rows:
    if row.id == "r_mean" and row.stories == 1:
        rois, null = ", ".join(row.setting.rois), row.null
        print(f"{rois}: r {row.value:.2f}, null 95 % {null.q95:.2f}, p {format_p(null.p, null.n)}")

(out / "comparison.txt").write_text(format_report(report), encoding="utf-8")  # every metric with interval and null
