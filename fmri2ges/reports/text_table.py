"""The decoded text against texts of the language model alone and, on request, against null BOLD."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..evaluation.text import window_edges
from ..evaluation.text_rows import TextScore, pooled, score_texts, text_rows
from ..evaluation.text_scores import BertScore, Bleu1, Likeness, Meteor, WordErrorRate, window_frequency_weights
from ..evaluation.text_timeline import sliding_windows, timeline
from .stories import DecodedStory

N_LM = 200
DECODED = "decoded"
VECTORS = "GloVe 50-d, idf"


class Runs:
    """Sessions of the runs that made decode folders, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, Any] = {}

    def session(self, story: DecodedStory):
        """The run of a decoded story, or None when it is not there any more."""
        from ..decoding.session import Session, open_demo
        from ..demo import WEIGHTS

        run = str(story.manifest.get("run") or "")
        if run not in self._open:
            try:
                demo = bool(run) and Path(run).resolve() == WEIGHTS.resolve()
                self._open[run] = (
                    open_demo("cpu") if demo else Session.open(run, device="cpu", study=story.manifest["study"])
                )
            except (UserError, KeyError):
                self._open[run] = None
        return self._open[run]


def text_table(
    story: DecodedStory,
    runs: Runs,
    n_bold: int,
    rng: np.random.Generator,
    notes: list[str],
    progress: Callable | None,
    should_stop,
) -> tuple[dict[str, Any], list[TextScore]] | None:
    """Scores of the decoded text with the nulls of a language model, and the best stretch of the story.

    Parameters
    ----------
    n_bold : decodings of each kind of null BOLD; 0 = none
    notes : what is missing is added here

    Returns
    -------
    dict with `rows` (see `evaluation.text_rows`) and `timeline`, and the scores for `pooled_table`; None without words or run
    """
    heard, words = story.heard, story.decoded_words
    if heard is None or words is None or not len(words):
        return None
    start, stop = story.span
    heard, edges = heard.slice(start, stop), window_edges(start, stop)
    if not len(heard) or len(edges) < 2:
        return None
    session = runs.session(story)
    if session is None:
        notes.append(
            f"{story.story}: the run that decoded it is not there, so its text has no null of the language model alone"
        )
        return None
    from ..decoding.text_nulls import LM_ONLY, NEAREST, ORACLE, RATE_ONLY, TextNulls
    from ..text.embeddings import load_vectors

    maker = TextNulls(session, story.manifest, words)
    prior = maker.language_model(N_LM + 1, rng)
    texts = {DECODED: words, ORACLE: maker.oracle(story.heard, rng), NEAREST: maker.nearest(), RATE_ONLY: prior.pop()}
    if texts[NEAREST] is None:
        del texts[NEAREST]
        notes.append(f"{story.story}: the study does not hold the run's training stories, so there is no {NEAREST}")
    nulls = {LM_ONLY: prior}
    if n_bold:
        nulls |= maker.from_bold(n_bold, rng, progress, should_stop)
    language, embed = session.statistics(0).language, load_vectors().matrix
    weights = window_frequency_weights(dict(zip(language.vocabulary, map(float, language.unigram))))
    meaning = Likeness(embed)
    scores = (WordErrorRate(), Bleu1(), Meteor(), BertScore(VECTORS, embed, *weights), meaning)
    windows = np.stack([edges[:-1], edges[1:]], 1)
    line = timeline(meaning, heard, words, prior, sliding_windows(start, stop))
    found = score_texts(scores, heard, texts, nulls, windows)
    table = {
        **_about(story),
        "rows": text_rows(found),
        "timeline": {
            "metric": line.metric,
            "null": LM_ONLY,
            "windows": line.windows.round(3).tolist(),
            "value": _plain(line.value),
            "p": _plain(line.p),
            "q": _plain(line.q),
            "story_p": line.story_p,
        },
    }
    return table, found


def text_form(story: DecodedStory) -> tuple:
    """Texts of one form may be averaged over stories: subject, ROIs, F2T and beam."""
    subject, rois, _ = story.setting
    return subject, rois, story.manifest.get("f2t", "fast"), story.manifest.get("beam")


def pooled_table(stories: list[DecodedStory], found: list[list[TextScore]]) -> dict[str, Any]:
    """The table of the mean over stories of one form; arguments in the same order."""
    return {
        **_about(stories[0]),
        "story": f"mean of {len(stories)} stories",
        "rows": text_rows(pooled(found)),
        "timeline": None,
    }


def _about(story: DecodedStory) -> dict[str, Any]:
    subject, rois, f2t, _ = text_form(story)
    return {"story": story.story, "subject": subject, "rois": list(rois), "f2t": f2t}


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 6) for v in values]
