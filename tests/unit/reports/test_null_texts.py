"""Texts from null BOLD on several executors."""

from __future__ import annotations

import pytest

from fmri2ges.decoding.run import open_run
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.request import DecodeRequest


@pytest.mark.slow
def test_an_evaluation_is_the_same_on_every_executor_and_decodes_nothing_twice(tmp_path):
    run = open_run("demo", device="cpu")
    decoded = run.decode(DecodeRequest(branch="text", samples=1, start=10, stop=70))
    reports, texts = {}, {}
    for executor in ("serial", "local:2"):
        folder = decoded.save(tmp_path / executor.replace(":", "-"))
        reports[executor] = evaluate_path(folder, null_decodings=2, executor=executor)
        texts[executor] = {f.name: f.read_bytes() for f in (folder / "null-texts" / "results").iterdir()}
    assert len(texts["serial"]) == 6 and texts["local:2"] == texts["serial"]
    assert reports["local:2"].texts == reports["serial"].texts and reports["local:2"].rows == reports["serial"].rows
    times = {f: f.stat().st_mtime_ns for f in (folder / "null-texts" / "results").iterdir()}
    again = evaluate_path(folder, null_decodings=2)
    assert again.texts == reports["serial"].texts
    assert {f: f.stat().st_mtime_ns for f in times} == times, "all were found again"
