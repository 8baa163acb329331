"""The report of a decoded result: what is asked for again, what is scored, what fits."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from html import unescape

import pytest

import fmri2ges
from fmri2ges.cli.main import main
from fmri2ges.demo import ROI_STUDY
from fmri2ges.documents import comparison, report_html
from fmri2ges.documents.player import bundle, player_script
from fmri2ges.documents.stretch import Stretch
from fmri2ges.errors import UserError
from fmri2ges.evaluation.report import format_number
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.results import Decoded
from fmri2ges.storage.report import NAME
from fmri2ges.views.compare import gesture_agreement
from tests.unit.documents.test_html import Reader


@pytest.fixture(scope="module")
def folder(scored_run, tmp_path_factory):
    """A decoded folder without a report beside it."""
    copy = tmp_path_factory.mktemp("decoded") / "two"
    shutil.copytree(scored_run / "decoded" / "two", copy, ignore=shutil.ignore_patterns(NAME))
    return copy


@pytest.fixture(scope="module")
def page(folder):
    return report_html(folder)


def played(page: str) -> dict:
    """The data of the player inside a report."""
    return json.loads(re.search(r'id="player-data">(.*?)</script>', page)[1])["player"]


def test_the_player_holds_both_branches_the_reference_and_the_words(folder, page):
    data, decoded = played(page), Decoded.load(folder)
    assert [view["name"] for view in data["views"]] == ["text", "direct", "reference"]
    assert [words["name"] for words in data["transcripts"]] == ["heard", "decoded"]
    assert tuple(data["transcripts"][1]["words"]) == decoded.words.text and data["simulated"]
    assert re.findall("<script[^>]*>", page) == [
        '<script type="application/json" id="player-data">',
        '<script type="module">',
    ]


def test_scores_are_those_of_the_screen_compare(folder, page, scored_run):
    from fmri2ges.decoding.stories import story_of

    decoded = Decoded.load(folder)
    texts = " ".join(Reader(page).texts)
    for found in gesture_agreement(decoded, story_of(decoded).reference):
        assert found.row.label in texts and format_number(found.row.value) in texts
    assert "Null: the decoded motion or words shifted" in texts and "a listener does not gesture" in texts


def test_a_report_beside_the_result_is_taken_in(folder, tmp_path):
    copy = tmp_path / "two"
    shutil.copytree(folder, copy)
    evaluate_path(copy)
    page = report_html(copy)
    assert 'id="setting-1"' in page and "fmri2ges evaluate decoded" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_two_results_stand_side_by_side_and_are_asked_for_again(folder, monkeypatch):
    first = Decoded.load(folder)
    other = replace(first, request=replace(first.request, rois=("AC",), run="/home/somebody/mine"))
    page = report_html(first, other, Stretch(2, 10.0, 80.0))
    assert [view["name"] for view in played(page)["views"]] == ["text A", "text B", "direct A", "direct B", "reference"]
    command, python = (unescape(c) for c in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)[:2])
    assert "somebody" not in page
    wanted = [first.request, replace(other.request, run="mine")]
    lines = [shlex.split(line) for line in command.splitlines()]
    assert lines[:2] == [
        shlex.split(request.as_command(out)) for request, out in zip(wanted, ("decoded", "decoded-b"), strict=True)
    ]
    options = ["--beside", "decoded-b", "--sample", "2", "--start", "10", "--stop", "80", "--out", "report.html"]
    assert lines[2] == ["fmri2ges", "report", "decoded", *options]
    asked, shown = [], []

    class Run:
        def __init__(self, run, device):
            self.run = run

        def decode(self, request):
            asked.append(replace(request, run=self.run))
            return asked[-1]

    monkeypatch.setattr(fmri2ges, "open_run", Run, raising=False)
    monkeypatch.setattr(fmri2ges, "report", lambda *a, **k: shown.append((a, k)), raising=False)
    exec(python, {})
    assert asked == wanted
    assert shown == [((asked[0], "report.html"), {"beside": asked[1], "sample": 2, "start": 10.0, "stop": 80.0})]


def test_the_chosen_sample_is_shown_and_the_best_text_is_scored(folder, page):
    second = report_html(folder, None, Stretch(2))
    decoded = Decoded.load(folder)
    views = {view["name"]: view["positions"] for view in played(second)["views"]}
    assert views["direct"] != {view["name"]: view["positions"] for view in played(page)["views"]}["direct"]
    assert decoded.direct.samples.shape[0] == 3 and "2 of 3" in second

    def scores(text):
        return re.search(r'id="agreement">(.*?)</section>', text)[1]

    assert scores(second) == scores(page)


def test_of_a_long_stretch_the_player_holds_what_fits(folder, monkeypatch):
    monkeypatch.setattr(comparison, "PLAYED", 200_000)
    page = report_html(folder)
    data = played(page)
    assert len(json.dumps(data)) < 220_000 and data["stop"] < 100
    assert f"The player holds 0 to {data['stop']:g} s" in page and "0 to 100 s" in page


def test_without_its_study_a_result_is_shown_and_compared_with_nothing(folder):
    decoded = Decoded.load(folder)
    gone = replace(
        decoded, manifest={**decoded.manifest, "study": "/nowhere/study.toml", "simulated": False, "t2g": "demo"}
    )
    page = report_html(gone)
    assert [view["name"] for view in played(page)["views"]] == ["text", "direct"]
    assert "The study of this result is not at hand" in page and "Simulated gestures. T2G learnt" in page
    assert "nowhere" not in page


def test_a_request_is_decoded(folder, monkeypatch):
    decoded = Decoded.load(folder)

    class Run:
        def decode(self, request, work):
            return replace(decoded, request=request)

    monkeypatch.setattr("fmri2ges.decoding.run.open_run", lambda run: Run())
    assert report_html(decoded.request) == report_html(decoded)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--sample", "4"], "sample: must be from 1 to 3"),
        (["--start", "20", "--stop", "10"], "stop must be later"),
        (["--beside", str(ROI_STUDY)], "beside: must be a decoded result"),
    ],
)
def test_what_a_result_does_not_have_is_refused_in_one_line(folder, tmp_path, capsys, options, message):
    assert main(["report", str(folder), *options, "--out", str(tmp_path / "r.html")]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(error) == 1 and message in error[0] and not list(tmp_path.iterdir())


def test_results_of_two_recordings_and_options_of_others_are_refused(folder, scored_run):
    with pytest.raises(UserError, match="beside: that result is of s1, one; this one of s1, two"):
        report_html(folder, scored_run / "decoded" / "one")
    with pytest.raises(UserError, match="only a decoded result has them"):
        report_html(ROI_STUDY, folder)


def test_modules_are_joined_each_once_and_before_it_is_used(tmp_path):
    (tmp_path / "a.js").write_text(
        'import {\n  b, c,\n} from "./b.js";\nimport { c } from "./c.js";\nexport default function (x) {}\n'
    )
    (tmp_path / "b.js").write_text('import { c } from "./c.js";\nexport const b = c;\n')
    (tmp_path / "c.js").write_text("export function c() {}\n")
    lines = [line for line in bundle(tmp_path / "a.js").splitlines() if line]
    assert lines == ["function c() {}", "const b = c;", "export default function (x) {}"]


def test_the_script_imports_and_exports_nothing():
    assert not re.search(r"^\s*(import|export)\b", player_script(), re.MULTILINE)
    assert player_script().count("drawPlayer") == 2
