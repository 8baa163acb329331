"""The report as a file: what is written is read back as it was, and anything else is refused in one line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.errors import UserError
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.metrics import GREEDY_MATCH, METRICS
from fmri2ges.evaluation.reliability import Bin, Reliability
from fmri2ges.evaluation.report import Report, format_report
from fmri2ges.evaluation.rows import Null, NullKind, Row, Setting
from fmri2ges.evaluation.text_rows import TextKind, TextRow, TextTable, TextTimeline
from fmri2ges.storage.report import read_report, report_from_dict, report_to_dict, row_to_dict, write_report
from tests import fuzz

numbers = st.floats(-1e6, 1e6)
maybe = st.none() | numbers
counts = st.integers(0, 10**6)
texts = st.text(max_size=8)
metrics = st.builds(lambda m, variant: m.of(variant), st.sampled_from(list(METRICS.values())), texts)
null_kinds = st.sampled_from(NullKind)
intervals = st.builds(Interval, numbers, numbers, counts, texts, st.sampled_from([0.9, 0.95]))


def nulls(kinds=null_kinds):
    return st.builds(Null, kinds, counts, numbers, numbers, numbers, st.none() | st.floats(0, 1), st.floats(0, 1e6))


rows = st.builds(
    Row,
    metric=metrics,
    branch=st.sampled_from(["text", "direct"]),
    story=texts,
    value=numbers,
    n=counts,
    n_unit=texts,
    stories=st.integers(1, 9),
    interval=st.none() | intervals,
    interval_missing=texts,
    null=st.none() | nulls(),
    swap_null=st.none() | nulls(),
    floor=maybe,
    ceiling=maybe,
    note=texts,
    setting=st.builds(Setting, texts, st.lists(texts, max_size=3).map(tuple), st.none() | counts),
)


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(NullKind), unique=True, min_size=1))
    row = st.builds(
        TextRow,
        st.sampled_from(TextKind),
        metrics,
        numbers,
        counts,
        st.fixed_dictionaries({kind: nulls(st.just(kind)) for kind in kinds}),
    )
    n = draw(st.integers(0, 3))
    each = st.lists(maybe, min_size=n, max_size=n).map(tuple)
    windows = st.lists(st.tuples(numbers, numbers), min_size=n, max_size=n).map(tuple)
    line = st.builds(TextTimeline, metrics, st.sampled_from(kinds), windows, each, each, each, st.floats(0, 1))
    return TextTable(
        draw(texts),
        draw(texts),
        tuple(draw(st.lists(texts, max_size=2))),
        draw(texts),
        tuple(draw(st.lists(row, min_size=1, max_size=3))),
        draw(st.none() | line),
        draw(st.integers(1, 9)),
    )


sure = st.builds(
    Reliability,
    st.builds(Setting, texts, st.lists(texts, max_size=2).map(tuple), st.none() | counts),
    counts,
    counts,
    st.lists(st.builds(Bin, numbers, numbers, numbers, counts, st.none() | intervals), max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    st.lists(rows, min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
    texts,
    st.lists(texts, max_size=2).map(tuple),
    st.lists(tables(), max_size=2).map(tuple),
    st.dictionaries(texts, counts, max_size=2),
    st.lists(sure, max_size=1).map(tuple),
)


@settings(max_examples=40)
@given(reports)
def test_a_report_survives_json(report):
    assert report_from_dict(json.loads(json.dumps(report_to_dict(report), allow_nan=False))) == report


def test_the_greedy_match_of_older_reports_is_read_by_its_new_name():
    row = Row(GREEDY_MATCH.of("GloVe"), "text", "s", 0.5, 3, "windows", 1)
    line = row_to_dict(row)
    assert line["id"] == "greedy_word_vector_match"
    line["id"] = "bert_score_f1"
    assert report_from_dict(report_to_dict(Report((), True)) | {"rows": [line]}).rows == (row,)


@given(rows)
def test_a_row_says_its_id_beside_its_label(row):
    line = row_to_dict(row)
    assert (line["id"], line["metric"]) == (row.metric.id, row.metric.label)
    assert (line["unit"], line["better"]) == (row.metric.unit, row.metric.better)


@pytest.fixture
def written(tmp_path):
    """A folder with a small report, and its JSON values."""
    kind, metric = NullKind.LANGUAGE_MODEL, METRICS["wer"]
    null = Null(kind, 200, 1.0, 0.9, 1.1, 0.01, 150.5)
    row = Row(metric, "text", "one", 0.9, 4, "windows", interval=Interval(0.8, 1.0, 6, "blocks"), null=null)
    line = TextTimeline(metric, kind, ((0.0, 20.0), (1.0, 21.0)), (0.9, None), (0.01, None), (0.02, None), 0.01)
    table = TextTable("one", "s1", ("all",), "fast", (TextRow(TextKind.DECODED, metric, 0.9, 4, {kind: null}),), line)
    report = Report((row,), True, ("a note",), "toy", ("one",), (table,), {"kind": "evaluate"})
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path) == report
    return tmp_path, json.loads((tmp_path / "report.json").read_text())


def change(data, path, value):
    *before, last = path
    for key in before:
        data = data[key]
    data[last] = value


@pytest.mark.parametrize(
    "path, value, message",
    [
        (["kind"], "decode", "is not a report"),
        (["version"], 2, "is of version 2, this program reads version 1"),
        (["version"], None, "is of an older version"),
        (["version"], True, "is of version True"),
        (["rows", 0, "id"], "r_two", "'r_two' is no metric"),
        (["rows", 0, "value"], "0.9", "a number is missing"),
        (["rows", 0, "value"], float("nan"), "not finite"),
        (["rows", 0, "floor"], 10**400, "is damaged"),
        (["rows", 0, "n"], -1, "a count must be"),
        (["rows", 0, "null", "id"], "luck", "is damaged"),
        (["rows", 0, "null"], [], "is damaged"),
        (["rows", 0], 5, "is damaged"),
        (["rows"], {}, "a list is missing"),
        (["simulated"], "yes", "must be true or false"),
        (["manifest"], 7, "is damaged"),
        (["texts", 0, "rows"], [], "the same nulls"),
        (["texts", 0, "timeline", "q"], [0.1], "as many values as windows"),
        (["texts", 0, "timeline", "null_id"], "swapped_bold", "the same nulls"),
    ],
)
def test_another_version_and_a_broken_report_are_one_clear_line(written, path, value, message):
    folder, data = written
    change(data, path, value)
    (folder / "report.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match=message) as error:
        read_report(folder)
    assert f"fmri2ges evaluate {folder}" in str(error.value) and "\n" not in str(error.value)


def test_the_label_in_the_file_is_for_people_only(written):
    folder, data = written
    before = read_report(folder)
    change(data, ["rows", 0, "metric"], "something else")
    (folder / "report.json").write_text(json.dumps(data))
    assert read_report(folder) == before and "something else" not in format_report(before)


def test_a_folder_without_a_report_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match="has no report.json; first run: fmri2ges evaluate"):
        read_report(tmp_path)


def test_damaged_copies_are_read_or_refused_in_one_line(written, tmp_path):
    folder, _ = written
    data = (folder / "report.json").read_bytes()
    found = [
        fuzz.survives(lambda p: read_report(p.parent), copy, "report.json", tmp_path)
        for copy in fuzz.mutations(data, 150, 0)
    ]
    assert False in found


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True])
def test_an_roi_study_whose_scores_are_no_numbers_is_refused(tmp_path, value):
    from fmri2ges.storage.roi_study import STUDY, load_roi_study
    from tests.readers.runs import _roi_study

    _roi_study(tmp_path)
    assert load_roi_study(tmp_path).rows[0].value == 0.5
    data = json.loads((tmp_path / STUDY).read_text())
    data["rows"][0]["value"] = value
    (tmp_path / STUDY).write_text(json.dumps(data))
    with pytest.raises(UserError, match="is damaged"):
        load_roi_study(tmp_path)


@pytest.mark.parametrize("change", [{"rows": []}, {"branch": "third"}])
def test_a_report_that_no_screen_can_show_is_damage(tmp_path, change):
    setting = Setting("s1", ("all",), 1)
    row = Row(METRICS["r_one"], "text", "story", 0.1, 5, "frames", setting=setting)
    data = report_to_dict(Report((row,), False, (), "study", ("story",), (), {}))
    (tmp_path / "report.json").write_text(json.dumps(data))
    assert read_report(tmp_path).rows[0].branch == "text"
    data |= change if "rows" in change else {"rows": [data["rows"][0] | change]}
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match="is damaged"):
        read_report(tmp_path)
