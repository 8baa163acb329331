"""The report of an ROI study: every number, every name as it is, nothing from elsewhere."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import fmri2ges
from fmri2ges.cli.main import main
from fmri2ges.config import from_dict
from fmri2ges.demo import ROI_STUDY
from fmri2ges.documents import make_report, report_html, roi_study
from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.report import format_number
from fmri2ges.evaluation.roi_rows import ForwardStep, Mode, Region
from fmri2ges.storage.roi_study import write_roi_study
from fmri2ges.studies.roi_request import RoiStudyRequest
from tests.unit.documents.test_html import HOSTILE, Reader

ADDRESS = re.compile(r"""(?:src|href|action|data|xlink:href)=["']?([^"'\s>]+)""")
NAMES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")  # of SVG; no browser asks for them


@pytest.fixture(scope="module")
def study():
    """The demo's study with two regions and two measures, which is drawn in a moment."""
    whole = fmri2ges.load_roi_study(ROI_STUDY)
    kept = {region.name for region in whole.regions[:2]}
    shown = {("direct", "r_expected"), ("text", "word_rate_r")}
    rows = [r for r in whole.rows if r.region in {*kept, "all"} and (r.branch, r.metric.id) in shown]
    return replace(whole, rows=tuple(rows), regions=whole.regions[:2])


@pytest.fixture(scope="module")
def page(study):
    return report_html(study)


@pytest.fixture(scope="module")
def flat(study):
    """The same without a cortex, so that no map has to be drawn."""
    return replace(study, space="table")


def test_every_row_is_there_with_its_numbers(study, page):
    texts = Reader(page).texts
    for row in study.rows:
        assert any(format_number(row.value) in text for text in texts)
        assert row.interval is None or any(format_number(row.interval.low) in text for text in texts)
    assert len(re.findall('class="strip"', page)) == sum(row.region != "all" for row in study.rows)


def test_nothing_is_fetched_and_every_link_leads_somewhere(page):
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    for address in ADDRESS.findall(page):
        assert address.startswith("data:") or (address.startswith("#") and address[1:] in ids), address
    assert not re.findall(r"url\((?!#)", page)
    assert {a for a in re.findall(r"https?://[\w./]+", page) if a not in NAMES} <= {
        "https://www.humanconnectome.org/study/hcp"  # in the text of the atlas's notice
    }
    assert "<script" not in page
    assert len(re.findall(r'\bid="', page)) == len(ids), "an id stands twice"


def test_figures_are_svg_with_real_text_in_the_colours_of_the_page(page):
    pictures = re.findall(r"<svg role=.*?</svg>", page)
    assert len(pictures) == 4  # map and bars of each measure
    for picture in pictures:
        words = "".join(ElementTree.fromstring(picture).itertext())
        assert "SIMULATED" in words and "exploratory" in words and "sub-01" in words
        assert "var(--ink)" in picture and "#222222" not in picture


def test_the_command_and_the_python_ask_for_the_same_study(study, page, monkeypatch):
    command, python = re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)[:2]
    asked = []
    monkeypatch.setattr(fmri2ges, "roi_study", lambda request, out: asked.append(request), raising=False)
    exec(python.replace("&#x27;", "'"), {})
    import fmri2ges.studies.roi_study as module

    monkeypatch.setattr(module, "roi_study", lambda request, *_: asked.append(request) or study)
    assert main(shlex.split(command.replace("&#x27;", "'"))[1:]) == 0
    assert [request.to_dict() for request in asked] == [_asked(study)] * 2


def _asked(study) -> dict:
    given = {name: value for name, value in {**study.request, "run": "demo"}.items() if name != "run_digest"}
    return from_dict(RoiStudyRequest, given).to_dict()


def test_a_request_is_the_same_as_a_command_and_as_python():
    request = RoiStudyRequest("my run", "s,1", "areas", ("a b", "c,d"), "text", 3, 60, True, 7, True)
    words = request.as_arguments("out")
    assert words == [
        *("roi-study", "my run", "--subject", "s,1", "--rois", "areas", "--stories", "a b,c\\,d", "--branch", "text"),
        *("--samples", "3", "--nulls", "60", "--refit", "--seed", "7", "--forward", "--out", "out"),
    ]
    assert shlex.split(request.as_command("out")) == ["fmri2ges", *words]
    made = request.as_python().split("study =")[0]
    space: dict = {}
    exec(made, space)
    assert space["request"] == request


def test_methods_name_every_parameter_version_and_digest(study, page):
    text = " ".join(Reader(page).texts)
    for name in study.request:
        assert name in text or name == "run_digest"
    for value in (study.manifest["commit"], study.request["run_digest"], *study.manifest["digests"].values()):
        assert value in text
    assert "exploratory" in text and "Holm" in text and "50 random contiguous regions" in text
    assert "WU-Minn" in text and "10.1109/TCSVT.2025.3558125" in text and "10.1038/nature18933" in text


def test_confirmatory_rows_are_called_so(flat):
    study = flat
    rows = tuple(replace(row, mode=Mode.CONFIRMATORY) if row.branch == "text" else row for row in study.rows)
    request = {**study.request, "refit": True}
    text = " ".join(Reader(report_html(replace(study, rows=rows, request=request))).texts)
    assert "exploratory: direct branch; confirmatory: text branch" in text
    assert "leaving out one training story" in text and "--refit" in text


def test_names_are_shown_as_they_are_wherever_they_stand(flat):
    study = flat
    names = dict(zip((r.name for r in study.regions), (HOSTILE, "$\\frac{$ region"), strict=True))
    regions = tuple(Region(names[r.name], r.rois, r.n_columns) for r in study.regions)
    rows = tuple(replace(r, region=names.get(r.region, r.region), subject=HOSTILE) for r in study.rows)
    manifest = {**study.manifest, "study_name": HOSTILE, "digests": {HOSTILE: HOSTILE}}
    changed = replace(study, rows=rows, regions=regions, stories=(HOSTILE,), notes=(HOSTILE,), manifest=manifest)
    read = Reader(report_html(changed))
    assert not any(tag in ("script", "img") for tag, _ in read.elements)
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
    assert names[study.regions[1].name] in read.texts and HOSTILE in read.texts


def test_no_folder_of_this_machine_is_in_it(flat):
    study = flat
    manifest = {**study.manifest, "run": "/home/somebody/runs/mine", "digests": {"/home/somebody/a.npy": "0" * 64}}
    request = {**study.request, "rois": "/home/somebody/masks.json"}
    notes = ("the study file /home/somebody/study.toml is not there",)
    page = report_html(replace(study, manifest=manifest, request=request, notes=notes))
    assert "somebody" not in page and "fmri2ges roi-study mine --rois masks.json" in page


def test_what_does_not_fit_is_named_and_the_rest_is_kept(flat, monkeypatch):
    monkeypatch.setattr(roi_study, "FIGURES", 1000)
    monkeypatch.setattr(roi_study, "TABLES", 1000)
    page = report_html(flat)
    assert len(page) < 100_000 and "--kind roi-bars." in page and "its numbers are in table.tsv" in page


def test_a_study_without_a_cortex_has_bars_and_no_atlas(flat):
    page = report_html(flat)
    assert len(re.findall("<svg role=", page)) == 2 and "WU-Minn" not in page


def test_the_command_writes_the_same_file_each_time(flat, tmp_path):
    (tmp_path / "study").mkdir()
    write_roi_study(flat, tmp_path / "study")
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    assert main(["report", str(tmp_path / "study"), "--out", str(first)]) == 0
    make_report(flat, second)
    assert first.read_bytes() == second.read_bytes()
    assert {f.name for f in tmp_path.iterdir()} == {"study", "a.html", "b.html"}


@pytest.mark.slow
def test_the_report_of_the_demo_stays_below_5_mb_with_everything_in_it():
    page = report_html(ROI_STUDY)
    assert len(page.encode()) < 5_000_000 and roi_study.SMALLER not in page


def test_what_is_no_study_is_refused_in_one_line_and_nothing_is_written(tmp_path, capsys):
    empty, damaged, out = tmp_path / "empty", tmp_path / "damaged", tmp_path / "r.html"
    empty.mkdir()
    shutil.copytree(ROI_STUDY, damaged)
    values = json.loads((damaged / "study.json").read_text())
    values["rows"][0]["value"] = "much"
    (damaged / "study.json").write_text(json.dumps(values))
    for folder in (empty, damaged, tmp_path / "nowhere"):
        assert main(["report", str(folder), "--out", str(out)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1 and not out.exists()
    with pytest.raises(UserError, match="must end in .html"):
        make_report(ROI_STUDY, tmp_path / "r.pdf")
    values["rows"][0]["value"] = 0.1
    values["request"]["branch"] = "sideways"
    (damaged / "study.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match="branch"):
        make_report(damaged, out)


def test_a_forward_choice_is_shown_with_both_scores_and_called_exploratory(flat):
    name, ci = flat.regions[0].name, Interval(0.1, 0.3, 6, "bootstrap")
    step = ForwardStep("sub-01", "direct", metrics.R_EXPECTED, 1, name, 0.31, 0.22, ci, 0.4, agree=4, paths=5)
    text = " ".join(Reader(report_html(replace(flat, forward=(step,)))).texts)
    shown = (
        "Fewest regions (exploratory)",
        "0.310 where they were chosen",
        "0.220",
        "55 % of all regions together",
        "4 of 5",
    )
    assert all(words in text for words in shown)
    assert "Fewest regions" not in " ".join(Reader(report_html(flat)).texts)
