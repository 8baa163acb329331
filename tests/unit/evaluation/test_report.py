import json

import numpy as np
import pytest

from fmri2ges.evaluation.measure import Measure, mean_statistic, pool, row
from fmri2ges.evaluation.report import build_report, format_number, format_p, format_report


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def measure(rng, value=0.3, **more):
    options = {
        "shifted": rng.normal(0, 0.1, 500),
        "statistic": mean_statistic(value + rng.normal(0, 0.1, 6)),
        "blocks": 6,
    }
    return Measure("r", "text", value, **{**options, "n": 900, "n_unit": "frames", **more})


def test_a_row_carries_null_interval_and_n(rng):
    line = row(measure(rng, floor=0.0, ceiling=0.5), rng, "one")
    assert line["null"]["n"] == 500 and 0 < line["null"]["p"] <= 0.01
    assert line["ci"]["low"] < line["ci"]["high"] and "6 blocks" in line["ci"]["method"]
    assert (line["n"], line["n_unit"], line["floor"], line["ceiling"]) == (900, "frames", 0.0, 0.5)


def test_lower_scores_are_better_where_the_measure_says_so(rng):
    assert row(measure(rng, value=-1.0, better="lower"), rng, "one")["null"]["p"] < 0.01
    assert row(measure(rng, value=-1.0), rng, "one")["null"]["p"] == 1


def test_a_missing_interval_says_what_it_needs(rng):
    line = row(measure(rng, statistic=mean_statistic(np.ones(3)), blocks=3), rng, "one")
    assert line["ci"] is None and "5 blocks" in line["ci_missing"]


def test_stories_are_pooled_as_units(rng):
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    line = pool([measure(rng, v) for v in values], rng, 400)
    assert line["value"] == pytest.approx(0.3)
    assert (line["n"], line["n_unit"], line["null"]["n"]) == (5, "stories", 400)
    assert "5 stories" in line["ci"]["method"]
    # The mean of five independent nulls is narrower than each.
    assert line["null"]["q95"] < 0.1


def test_numbers_and_p_values_are_printed_with_the_right_precision():
    assert [format_number(x) for x in (None, 0.1234, 12.34, 1234.5)] == ["-", "0.123", "12.3", "1234"]
    assert format_p(1 / 1001, 1000) == "<=0.0010"
    assert format_p(0.2, 1000) == "0.200"


def test_the_table_is_aligned_narrow_and_marked(rng):
    rows = [{"subject": "s1", "rois": ["AC"] * 80, "samples": 8, **row(measure(rng), rng, "one")} for _ in range(3)]
    report = json.loads(json.dumps(build_report(rows, True, ["a note " * 40], study="toy")))
    text = format_report(report)
    assert "SIMULATED" in text.splitlines()[0] and "toy" in text
    assert max(map(len, text.splitlines())) <= 120
    table = [line for line in text.splitlines() if line.startswith("r  ")]
    assert len(table) == 3 and len({line.index("frames") for line in table}) == 1
    assert "SIMULATED" not in format_report({**report, "simulated": False})


def test_text_tables_show_every_null_and_p_in_aligned_columns():
    kinds = ("language model only", "shifted BOLD", "phase-randomised BOLD", "swapped BOLD")
    null = {
        kind: {"mean": 0.96, "q05": 0.95, "q95": 0.97, "n": 99, "p": 0.01 if k else 0.5} for k, kind in enumerate(kinds)
    }
    texts = [
        {"text": text, "metric": metric, "value": 0.94, "better": better, "n_windows": 15, "null": null}
        for metric, better in (("WER", "lower"), ("BERTScore F1 (GloVe 50-d, idf)", "higher"))
        for text in ("decoded", "nearest training segment")
    ]
    table = {"story": "mean of 2 stories", "subject": "s1", "f2t": "bayes", "rows": texts, "timeline": None}
    lines = format_report(build_report([], True, [], study="toy", texts=[table])).splitlines()
    assert max(map(len, lines)) <= 120
    wer, score = (next(line for line in lines if line.startswith(name)) for name in ("WER", "BERTScore"))
    assert "0.960 (0.950)" in wer and "0.960 (0.970)" in score  # the side where a text is better
    found = [line for line in lines if line.startswith("  decoded")]
    assert len(found) == 2 and found[0].count("<=0.0100") == 3 and "p 0.500" in found[0]
    assert len({len(line) for line in (wer, score, *found)}) == 1
