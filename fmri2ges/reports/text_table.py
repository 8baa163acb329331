"""The decoded text against texts of the language model alone and, on request, against null BOLD."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding.run import Run, open_run
from ..decoding.stories import DecodedStory
from ..errors import UserError
from ..evaluation.rows import NullKind
from ..evaluation.text import window_edges
from ..evaluation.text_rows import TextKind, TextScore, TextTable, TextTimeline, pooled, score_texts, text_rows
from ..evaluation.text_scores import (
    BertScore,
    Bleu1,
    GreedyMatch,
    Likeness,
    Meteor,
    WordErrorRate,
    window_frequency_weights,
)
from ..evaluation.text_timeline import Timeline, sliding_windows, timeline
from ..text.embeddings import load_vectors
from ..text.open_lm import BIGRAM, fastest_choice, open_lm
from ..types import Words
from ..work import QUIET, Work
from .null_texts import NullTexts

N_LM = 200
CONTEXT = 16  # words before each word that BERTScore's model sees at least
N_BERT = 20  # texts of each null that BERTScore is taken of: the model reads every one of them
VECTORS = "GloVe-50 idf"


class Runs:
    """The runs that made decoded results, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, Run | None] = {}
        self._models: dict[str, Any] = {}

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

    def bert_score(self, model: str, run: Run, weights: tuple[dict[str, float], float]) -> BertScore:
        """BERTScore by hidden states of a causal language model, opened once; its name and block become the variant.

        Parameters
        ----------
        model : 'smollm2', a folder or a hub name
        run : any run, whose words the model may know
        weights : of words, see `window_frequency_weights`
        """
        if model not in self._models:
            statistics = run.statistics(0)
            choice = fastest_choice(model, None, CONTEXT, "cpu")
            self._models[model] = open_lm(choice, statistics.language, load_vectors())
        lm = self._models[model]
        return BertScore(f"{Path(model).name} block {lm.layer}", lm.story_features, *weights)


def check_bert_model(model: str) -> None:
    """Refuse, before anything is computed, a language model that is not there or has no hidden states in context."""
    if model == BIGRAM:
        raise UserError("BERTScore: the bigram has no hidden states; give smollm2 or a folder of a causal model")
    if model:
        from ..text.lm_cache import find_lm

        find_lm(model)


def text_table(
    story: DecodedStory,
    runs: Runs,
    null_texts: NullTexts,
    rng: np.random.Generator,
    notes: list[str],
    work: Work = QUIET,
    bert_score: str = "",
) -> tuple[TextTable, list[TextScore]] | None:
    """Scores of a story's decoded text beside their nulls, and where in the story it stands out.

    Parameters
    ----------
    story : the decoded story
    runs : the runs that are open already
    null_texts : decodings of null BOLD to make
    rng : draws texts and null BOLD
    notes : what is missing is added here
    work : progress and cancel
    bert_score : language model of BERTScore, see `text.open_lm.LmChoice`; empty = without it

    Returns
    -------
    The table, and the scores for `pooled_table`; None without words or run
    """
    whole, words = story.heard, story.decoded.words
    if whole is None or words is None or not len(words):
        return None
    start, stop = story.span
    heard, edges = whole.slice(start, stop), window_edges(start, stop)
    if not len(heard) or len(edges) < 2:
        return None
    run = runs.of(story)
    if run is None:
        notes.append(
            f"{story.story}: the run that decoded it is not there, so its text has no null of the language model alone"
        )
        return None
    from ..decoding.text_nulls import TextNulls

    maker = TextNulls(run, story.decoded.request, words)
    prior = maker.language_model(N_LM + 1, rng)
    texts: dict[TextKind, Words] = {TextKind.DECODED: words, TextKind.ORACLE: maker.oracle(whole, rng)}
    nearest = maker.nearest()
    if nearest is not None:
        texts[TextKind.NEAREST] = nearest
    else:
        missing = f"so there is no {TextKind.NEAREST.label}"
        notes.append(f"{story.story}: the study does not hold the run's training stories, {missing}")
    texts[TextKind.RATE_ONLY] = prior.pop()
    nulls = {NullKind.LANGUAGE_MODEL: prior}
    if null_texts.n:
        nulls |= null_texts.of(run, story.decoded, maker.kinds, rng, work)
    language, embed = run.statistics(0).language, load_vectors().matrix
    weights = window_frequency_weights(dict(zip(language.vocabulary, map(float, language.unigram), strict=True)))
    meaning = Likeness(embed)
    scores = (WordErrorRate(), Bleu1(), Meteor(), GreedyMatch(VECTORS, embed, *weights), meaning)
    windows = np.stack([edges[:-1], edges[1:]], 1)
    line = timeline(meaning, heard, words, prior, sliding_windows(start, stop))
    found = score_texts(scores, heard, texts, nulls, windows)
    if bert_score:
        few = {kind: list(members)[:N_BERT] for kind, members in nulls.items()}
        found += score_texts((runs.bert_score(bert_score, run, weights),), heard, texts, few, windows)
    return _table(story, found, timeline=_timeline(line)), found


def text_form(story: DecodedStory) -> tuple:
    """Subject, ROIs, form of F2T and beam: texts that agree in these may be averaged over stories."""
    request = story.decoded.request
    return request.subject, request.rois, request.f2t, request.beam if request.f2t == "bayes" else None


def pooled_table(stories: list[DecodedStory], found: list[list[TextScore]]) -> TextTable:
    """The table of the mean over stories of one form.

    Parameters
    ----------
    stories : decoded stories
    found : scores of each story, in the same order
    """
    n = len(stories)
    return replace(_table(stories[0], pooled(found)), story=f"mean of {n} stories", stories=n)


def _table(story: DecodedStory, found: list[TextScore], timeline: TextTimeline | None = None) -> TextTable:
    subject, rois, f2t, _ = text_form(story)
    return TextTable(story.story, subject, rois, f2t, text_rows(found), timeline)


def _timeline(line: Timeline) -> TextTimeline:
    return TextTimeline(
        line.metric,
        NullKind.LANGUAGE_MODEL,
        tuple((start, stop) for start, stop in line.windows.round(3).tolist()),
        _plain(line.value),
        _plain(line.p),
        _plain(line.q),
        line.story_p,
    )


def _plain(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else round(float(v), 6) for v in values)
