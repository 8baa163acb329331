"""The chart of a report's scores."""

from fmri2ges.evaluation.metrics import R_MEAN, WER
from fmri2ges.evaluation.rows import Row
from fmri2ges.views.scores import Dot, score_chart


def test_floor_and_ceiling_stand_on_the_line_of_their_score():
    rows = [
        Row(WER, "text", "a", 0.9, 100, "words", floor=0.7, ceiling=0.0),
        Row(R_MEAN, "text", "a", 0.3, 100, "frames"),
    ]
    figure = score_chart([Dot("text", "#0072b2", row) for row in rows], "Scores", "Score")
    marks = {trace.name: trace for trace in figure.data}
    line = f"text: {rows[0].label}"
    assert (list(marks["floor"].x), list(marks["floor"].y)) == ([0.7], [line])
    assert (list(marks["ceiling"].x), list(marks["ceiling"].y)) == ([0.0], [line])
