"""The report of an evaluation: every row with everything that belongs to it."""

import re
import shlex
from dataclasses import replace

import pytest

from fmri2ges.cli.main import main
from fmri2ges.demo import WEIGHTS
from fmri2ges.documents import make_report, report_html, scores
from fmri2ges.evaluation.report import format_number, format_p
from fmri2ges.evaluation.rows import Setting
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.report import NAME, read_report, write_report
from tests.unit.documents.test_html import HOSTILE, Reader


@pytest.fixture(scope="module")
def report():
    return read_report(WEIGHTS)


@pytest.fixture(scope="module")
def page():
    return report_html(WEIGHTS)


def cells(row: str) -> list[str]:
    return ["".join(Reader(cell).texts) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]


def test_every_row_stands_there_with_interval_nulls_floor_ceiling_and_n(report, page):
    tables = re.findall(r"<figcaption>((?:Text|Direct) branch, .*?)</figcaption>.*?<tbody>(.*?)</tbody>", page)
    shown = {title: [cells(row) for row in re.findall("<tr>(.*?)</tr>", body)] for title, body in tables}
    assert sum(map(len, shown.values())) == len(report.rows)
    for row in report.rows:
        title = f"{row.branch.capitalize()} branch, {row.story}, sub-01, all ROIs, 8 samples"
        edges = (row.interval.low, row.interval.high) if row.interval else ()
        numbers = [format_number(x) for x in (row.value, row.floor, row.ceiling, *edges)]
        (mine,) = [c for c in shown[title] if c[0].startswith(row.label) and numbers[0] in c[2]]
        assert all(number in " ".join(mine) for number in numbers)
        assert mine[-1] == f"{row.n}{row.n_unit}"
        if row.null:
            edges = f"{format_number(row.null.q05)} to {format_number(row.null.q95)}"
            assert mine[3] == format_number(row.null.mean) + edges
            assert mine[4].startswith(format_p(row.null.p, row.null.n)) and mine[4].endswith(f" of {row.null.n}")
        if row.swap_null:
            assert f"null of {row.swap_null.n} pairings" in page


def test_texts_are_held_against_every_null_and_each_story_has_its_line(report, page):
    for table in report.texts:
        body = page.split(f"<figcaption>{table.story}, sub-01, all ROIs, F2T fast: windows")[1].split("</tbody>")[0]
        assert len(re.findall("<tr>", body)) == 1 + len(table.rows)
    assert page.count('id="line-') > 0
    assert len(re.findall(r"<svg role=", page)) == 1 + sum(table.timeline is not None for table in report.texts)


def test_notes_methods_and_provenance_are_there(report, page):
    read = Reader(page).texts
    assert all(note in read for note in report.notes) and any("reliability of decoded words" in text for text in read)
    for value in (report.manifest["commit"], *report.manifest["decoded"]):
        assert any(value in text for text in read)
    assert any("have 1000 draws" in text and "are 200 texts of the language model" in text for text in read)


def test_the_commands_decode_what_was_scored_and_evaluate_it(report, page):
    lines = re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)[0].splitlines()
    assert len(lines) == len(report.stories) + 1 and lines[-1] == "fmri2ges evaluate scored"
    for line, story in zip(lines, report.stories, strict=False):
        words = shlex.split(line)[2:]
        request = DecodeRequest("demo", "sub-01", story)
        assert words == request.as_arguments(words[-1])[1:]


def test_names_are_shown_as_they_are(report):
    setting = Setting(HOSTILE, (HOSTILE, "$\\frac{$"), 8)
    rows = tuple(replace(row, setting=setting, story=HOSTILE, note=HOSTILE) for row in report.rows if row.stories == 1)
    table = next(t for t in report.texts if t.timeline)
    texts = (replace(table, story=HOSTILE, subject=HOSTILE, rois=(HOSTILE,)),)
    changed = replace(report, rows=rows[:40], texts=texts, stories=(HOSTILE,), notes=(HOSTILE,), study=HOSTILE)
    read = Reader(report_html(changed))
    assert not any(tag in ("script", "img") for tag, _ in read.elements)
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
    assert HOSTILE in read.texts


def test_many_stories_stay_below_5_mb_and_what_is_left_out_is_named(report, monkeypatch):
    monkeypatch.setattr(scores, "PARTS", 100_000)
    page = report_html(report)
    assert len(page.encode()) < 150_000 and "its numbers are in report.json" in page
    assert "Text branch, all stories" in page  # the mean comes first


def test_what_evaluate_left_becomes_a_report_and_a_damaged_one_is_refused(scored_run, tmp_path, capsys):
    folder, out = scored_run / "decoded" / "two", tmp_path / "scores.html"
    evaluate_path(folder)
    assert main(["report", str(folder), "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "s1, AC, Broca, 3 samples" in text and str(scored_run.parent) not in text
    make_report(read_report(folder), out)
    (tmp_path / NAME).write_text('{"kind": "report", "version": 1}')
    capsys.readouterr()
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "x.html")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1 and not (tmp_path / "x.html").exists()


def test_a_report_of_real_recordings_with_the_shipped_t2g_says_so(report, tmp_path):
    real = replace(report, simulated=False, manifest={**report.manifest, "t2g": "demo", "config": None, "versions": 3})
    write_report(tmp_path / NAME, real)
    page = report_html(tmp_path)
    assert "Simulated gestures. T2G learnt" in page and "SIMULATED T2G" in page and "Simulated data" not in page
