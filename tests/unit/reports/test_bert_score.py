"""BERTScore is taken of hidden states that depend on the words around, and says whose they are."""

from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.evaluation.metrics import BERT_SCORE, GREEDY_MATCH
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.reports.text_table import Runs, check_bert_model
from fmri2ges.text.ngram import Bigram
from fmri2ges.types import Words
from tests.lm_files import SENTENCES, write_lm

WEIGHTS = ({}, 1.0)
WHOLE = np.array([[0.0, 100.0]])


@pytest.fixture(scope="module")
def score(tmp_path_factory):
    folder = write_lm(tmp_path_factory.mktemp("lm") / "tiny", "gpt2")
    language = Bigram.fit([s.lower().split() for s in SENTENCES])
    run = SimpleNamespace(statistics=lambda fold: SimpleNamespace(language=language))
    runs = Runs()
    made = runs.bert_score(str(folder), run, WEIGHTS)
    assert runs.bert_score(str(folder), run, WEIGHTS).embed.__self__ is made.embed.__self__  # opened once
    return made


def text(words: str) -> Words:
    n = len(words.split())
    return Words(tuple(words.split()), np.arange(n, dtype=float), np.full(n, 0.3))


def test_the_order_of_words_counts_unlike_in_a_match_of_word_vectors(score):
    heard, turned = text("the old dog walked slowly to the river"), text("river the to slowly walked dog old the")
    same, other = (score(heard, guess, WHOLE)[0] for guess in (heard, turned))
    assert same == pytest.approx(1.0, abs=1e-5) and other < same - 0.01


def test_the_model_and_its_block_are_named_without_its_place(score):
    assert score.metric.id == BERT_SCORE.id != GREEDY_MATCH.id
    assert score.metric.label.startswith("BERTScore F1 (tiny block ") and "/" not in score.metric.label


def test_a_model_that_cannot_serve_is_refused_before_anything_is_scored(scored_run, tmp_path):
    for model, message in (("bigram", "no hidden states"), (str(tmp_path), "config.json")):
        with pytest.raises(UserError, match=message):
            check_bert_model(model)
        with pytest.raises(UserError, match=message):
            evaluate_path(scored_run / "decoded" / "one", bert_score=model)
    check_bert_model("")
