"""Scores of Compare: over the whole story, under the tracks' names, as a chart, a table and differences."""

from __future__ import annotations

import streamlit as st

from app import backend
from app.components.track_extras import track_lines, track_marks
from app.decode_queue import queue
from app.messages import plain, show_error
from app.parts.job_row import follow
from fmri2ges.errors import UserError
from fmri2ges.reports.story_scores import Score, StoryScores
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.views import compare as charts
from fmri2ges.views.score_lines import TO_HEARD, TO_REFERENCE, ScoreLine, difference_lines, draft_line, lines_of
from fmri2ges.views.tracks import Track

PLAIN = {"displayModeBar": False}
PENDING = ScoreLine("scores over the whole story follow", True)
HELP = """**r** is the correlation of wrists, elbows and face with the mean of the samples, over the whole story,
with its 95 % interval from blocks of 40 to 60 s. **null** is the 95 % point of r when the decoded motion is shifted
in time by 20 s and more. **rank** is the mean rank of the true stretch of 10 s among all of the story; chance is the
middle. A difference is paired: both tracks are resampled by the same blocks and shifted alike."""


def scores_of(run, asked: dict[str, DecodeRequest]) -> dict[str, StoryScores]:
    """The scores that are at hand; the others are asked for, and a line says how far they are.

    Parameters
    ----------
    asked : letter of each choice of ROIs (empty where there is one) -> its request
    """
    keys = {letter: backend.scores_key(run, request) for letter, request in asked.items()}
    try:
        backend.ask_scores(run, list(keys.values()))
    except UserError as error:
        show_error(error)
    found = {}
    for letter, key in keys.items():
        scores = follow(key, f"Scores {letter} over the whole story".replace("  ", " "), every=2.0)
        if scores is not None:
            found[letter] = scores
    return found


def under_names(run, tracks: list[Track], results: dict[str, Decoded], has_reference: bool, of: str) -> None:
    """Put score lines under the names of the player's tracks, and marks behind those of drafts, which have no scores.

    Parameters
    ----------
    results : letter of each choice of ROIs (empty where there is one) -> what is shown of it
    has_reference : whether a gesture was recorded with the story
    of : which player, see `track_lines`
    """
    full = {letter: result.request for letter, result in results.items() if not result.is_draft}
    found = {letter: queue().result(backend.scores_key(run, request)) for letter, request in full.items()}
    scores: dict[str, StoryScores] = {letter: mine for letter, mine in found.items() if mine is not None}
    lines: dict[str, list[ScoreLine]] = {}
    marks: dict[str, str] = {}
    for track in tracks:
        shown = results.get(track.letter) if track.is_decoded else None
        mine = scores.get(track.letter) or next(iter(scores.values()), None)
        if shown is not None and shown.is_draft:
            lines[track.name], marks[track.name] = [draft_line(shown.request.samples)], "draft"
        elif mine is None or (track.is_decoded and track.letter not in scores):
            lines[track.name] = [PENDING] if track.is_decoded else []
        else:
            rows = [s.row for s in (*mine.reference, *mine.heard)]
            lines[track.name] = lines_of(track, rows, [s.row for s in mine.transcript], has_reference)
    track_lines(lines, of, key="compare_lines")
    track_marks(marks, of)


def show(tracks: list[Track], scores: dict[str, StoryScores], dark: bool, simulated: bool) -> None:
    """Chart, differences and table of the scores that are at hand."""
    if not scores:
        return
    first = next(iter(scores.values()))
    against = TO_REFERENCE if first.reference else TO_HEARD
    found = [
        charts.Agreement(Track(score.row.branch, letter), score.row)
        for letter, mine in scores.items()
        for score in (*mine.reference, *mine.heard, *mine.words)
    ]
    charted = [a for a in found if a.row.id in (charts.CHARTED if first.reference else (TO_HEARD.r,))]
    if charted:
        title = f"Agreement {against.title}, whole story"
        figure = charts.agreement_chart(charted, title, dark, simulated)
        st.plotly_chart(figure, key="agreement", config=PLAIN, alt="Correlation of each branch, with interval and null")
    measures = {letter: [s.measure for s in _all(mine)] for letter, mine in scores.items()}
    for kind in (TO_REFERENCE, TO_HEARD):
        lines = difference_lines(tracks, measures, kind, first.story)
        if lines:
            told = [f":gray[{plain(line.text)}]" if line.weak else plain(line.text) for line in lines]
            st.markdown("\n".join([f"**Difference of r {kind.title}**", *(f"- {line}" for line in told)]))
    whole = f"Scores are over the whole story, {first.seconds:g} s, whatever is played."
    st.caption(f"{whole} {charts.agreement_note(found, first.seconds)}", help=HELP)
    with st.expander("All scores of the story as a table"):
        st.dataframe(charts.agreement_table(found), hide_index=True)


def _all(mine: StoryScores) -> tuple[Score, ...]:
    return (*mine.reference, *mine.heard)
