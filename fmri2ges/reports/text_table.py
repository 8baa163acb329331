"""The decoded text against texts of the language model alone and, on request, against null BOLD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..decoding.run import Run, open_run
from ..decoding.stories import DecodedStory
from ..errors import UserError
from ..evaluation.text import window_edges
from ..evaluation.text_rows import TextScore, pooled, score_texts, text_rows
from ..evaluation.text_scores import BertScore, Bleu1, Likeness, Meteor, WordErrorRate, window_frequency_weights
from ..evaluation.text_timeline import sliding_windows, timeline
from ..work import Work

N_LM = 200
DECODED = "decoded"
VECTORS = "GloVe 50-d, idf"


class Runs:
    """The runs that made decoded results, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, Run | None] = {}

    def of(self, story: DecodedStory) -> Run | None:
        """The run of a decoded story, or None when it is not there any more."""
        manifest = story.decoded.manifest
        name = str(manifest.get("run") or "")
        if name not in self._open:
            try:
                self._open[name] = open_run(name, device="cpu", study=manifest.get("study")) if name else None
            except UserError:
                self._open[name] = None
        return self._open[name]


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
    heard, words = story.heard, story.decoded.words
    if heard is None or words is None or not len(words):
        return None
    start, stop = story.span
    heard, edges = heard.slice(start, stop), window_edges(start, stop)
    if not len(heard) or len(edges) < 2:
        return None
    run = runs.of(story)
    if run is None:
        notes.append(
            f"{story.story}: the run that decoded it is not there, so its text has no null of the language model alone"
        )
        return None
    from ..decoding.text_nulls import LM_ONLY, NEAREST, ORACLE, RATE_ONLY, TextNulls
    from ..text.embeddings import load_vectors

    maker = TextNulls(run, story.decoded)
    prior = maker.language_model(N_LM + 1, rng)
    texts = {DECODED: words, ORACLE: maker.oracle(story.heard, rng), NEAREST: maker.nearest(), RATE_ONLY: prior.pop()}
    if texts[NEAREST] is None:
        del texts[NEAREST]
        notes.append(f"{story.story}: the study does not hold the run's training stories, so there is no {NEAREST}")
    nulls = {LM_ONLY: prior}
    if n_bold:
        nulls |= maker.from_bold(n_bold, rng, Work(progress, should_stop))
    language, embed = run.statistics(0).language, load_vectors().matrix
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
    request = story.decoded.request
    return request.subject, request.rois, request.f2t, request.beam if request.f2t == "bayes" else None


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
