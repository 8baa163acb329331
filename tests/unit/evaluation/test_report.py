from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.measure import Measure, mean_statistic, pool, row
from fmri2ges.evaluation.metrics import METRICS, Better
from fmri2ges.evaluation.report import Report, format_number, format_p, format_report
from fmri2ges.evaluation.rows import Null, NullKind, Setting
from fmri2ges.evaluation.text_rows import TextKind, TextRow, TextTable


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def measure(rng, value=0.3, **more):
    options = {
        "shifted": rng.normal(0, 0.1, 500),
        "statistic": mean_statistic(value + rng.normal(0, 0.1, 6)),
        "blocks": 6,
    }
    return Measure(**{"metric": metrics.R_ONE, "branch": "text", "value": value, "n": 900, **options, **more})


def test_every_metric_has_its_own_id_and_label():
    assert all(metric.id == key for key, metric in METRICS.items())
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS) > 20
    constants = [value for value in vars(metrics).values() if isinstance(value, metrics.Metric)]
    assert len(constants) == len(METRICS)  # no id is given twice


def test_a_variant_is_printed_and_keeps_scores_apart():
    four, eight = metrics.R_MEAN.of(4), metrics.R_MEAN.of(8)
    assert four.id == eight.id == metrics.R_MEAN.id and four != eight
    assert (four.label, eight.label) == ("r, mean of 4", "r, mean of 8")
    assert metrics.R_ONE.label == "r, one sample"


def test_a_row_carries_null_interval_and_n(rng):
    line = row(measure(rng, floor=0.0, ceiling=0.5), rng, "one")
    assert (line.id, line.branch, line.story, line.stories) == ("r_one", "text", "one", 1)
    assert (line.null.kind, line.null.n) == (NullKind.SHIFT, 500) and 0 < line.p == line.null.p <= 0.01
    assert line.interval.low < line.interval.high and line.interval.n == 6 and "6 blocks" in line.interval.method
    assert (line.n, line.n_unit, line.floor, line.ceiling) == (900, "frames", 0.0, 0.5)


def test_lower_scores_are_better_where_the_measure_says_so(rng):
    lower = replace(metrics.R_ONE, better=Better.LOWER)
    assert row(measure(rng, value=-1.0, metric=lower), rng, "one").p < 0.01
    assert row(measure(rng, value=-1.0), rng, "one").p == 1


def test_a_missing_interval_says_what_it_needs(rng):
    line = row(measure(rng, statistic=mean_statistic(np.ones(3)), blocks=3), rng, "one")
    assert line.interval is None and "5 blocks" in line.interval_missing
    assert row(measure(rng, statistic=None), rng, "one").interval_missing == ""  # none was to be expected


def test_stories_are_pooled_as_units(rng):
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    line = pool([measure(rng, v) for v in values], rng, 400)
    assert line.value == pytest.approx(0.3)
    assert (line.n, line.n_unit, line.stories, line.null.n) == (5, "stories", 5, 400)
    assert "5 stories" in line.interval.method
    # The mean of five independent nulls is narrower than each.
    assert line.null.q95 < 0.1


def test_numbers_and_p_values_are_printed_with_the_right_precision():
    assert [format_number(x) for x in (None, 0.1234, 12.34, 1234.5, -0.0002)] == ["-", "0.123", "12.3", "1234", "0.000"]
    assert format_p(1 / 1001, 1000) == "≤0.001"
    assert format_p(1 / 21, 20.0) == "≤0.048"
    assert format_p(1 / 10_001, 10_000) == "≤0.0001"
    assert [format_p(p, 10_000) for p in (0.2, 0.00104, 0.0004)] == ["0.200", "0.001", "0.0004"]
    assert format_p(None, 3.0) == "too short"


def test_the_table_is_aligned_narrow_and_marked(rng):
    setting = Setting("s1", ("AC",) * 80, 8)
    rows = tuple(replace(row(measure(rng), rng, "one"), setting=setting) for _ in range(3))
    report = Report(rows, True, ("a note " * 40,), study="toy")
    text = format_report(report)
    assert "SIMULATED" in text.splitlines()[0] and "toy" in text
    assert max(map(len, text.splitlines())) <= 120
    table = [line for line in text.splitlines() if line.startswith("r, one sample  ")]
    assert len(table) == 3 and len({line.index("frames") for line in table}) == 1
    assert "SIMULATED" not in format_report(replace(report, simulated=False))


def test_text_tables_show_every_null_and_p_in_aligned_columns():
    kinds = (
        NullKind.LANGUAGE_MODEL,
        NullKind.SHIFTED_BOLD,
        NullKind.PHASE_RANDOMISED_BOLD,
        NullKind.SWAPPED_BOLD,
    )
    nulls = {kind: Null(kind, 99, 0.96, 0.95, 0.97, 0.01 if k else 0.5, 99) for k, kind in enumerate(kinds)}
    rows = tuple(
        TextRow(text, metric, 0.94, 15, nulls)
        for metric in (metrics.WER, metrics.GREEDY_MATCH.of("GloVe-50 idf"))
        for text in (TextKind.DECODED, TextKind.NEAREST)
    )
    table = TextTable("mean of 2 stories", "s1", ("all",), "bayes", rows, stories=2)
    lines = format_report(Report((), True, study="toy", texts=(table,))).splitlines()
    assert max(map(len, lines)) <= 120
    wer, score = (next(line for line in lines if line.startswith(name)) for name in ("WER", "greedy"))
    assert "0.960 (0.950)" in wer and "0.960 (0.970)" in score  # the side where a text is better
    found = [line for line in lines if line.startswith("  decoded")]
    assert len(found) == 2 and found[0].count("<=0.010") == 3 and "p 0.500" in found[0]
    assert len({len(line) for line in (wer, score, *found)}) == 1
