"""The language model of transformers against plain forward passes, and what it refuses."""

import shutil
from copy import deepcopy

import numpy as np
import pytest

from fmri2ges.errors import Cancelled, UserError
from fmri2ges.text.causal_lm import CausalLM
from fmri2ges.text.engine import Engine
from fmri2ges.text.lm_cache import find_lm
from fmri2ges.text.tokens import WordTokens
from fmri2ges.work import Work
from tests.lm_files import SENTENCES, VOCABULARY, make_model, make_tokenizer, write_lm

CONTEXT = 3
STORY = (" ".join(SENTENCES) + " unheardof words").lower().split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_lm(tmp_path_factory.mktemp("lm") / "tiny")


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def lm(request):
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), request.param)
    lm = CausalLM(Engine(deepcopy(model), 2, "tiny"), tokenizer, VOCABULARY, "tiny", CONTEXT)
    lm.whole = model  # what the tests compare with
    return lm


def plain_features(lm, words, k):
    """Hidden state of word k from one forward pass over its context; the rule of the module written out."""
    import torch

    first = max(0, (k // CONTEXT - 1) * CONTEXT)
    ids = [lm.start_token] + [t for w in words[first : k + 1] for t in lm.tokens.of(w)]
    with torch.inference_mode():
        out = lm.whole(torch.tensor([ids]), output_hidden_states=True)
    return out.hidden_states[lm.layer][0, -1].numpy(), out.logits[0, -1].softmax(-1).numpy()


def indices(lm, words):
    return [lm.vocabulary.index(w) for w in words]


def grow(lm, words):
    """Contexts of one hypothesis with the given words."""
    contexts = lm.start()
    for w in indices(lm, words):
        contexts = lm.extend(contexts, np.zeros(1, int), np.array([w]))
    return contexts


def test_story_features_are_hidden_states_of_last_tokens(lm):
    got = lm.story_features(STORY)
    expected = np.array([plain_features(lm, STORY, k)[0] for k in range(len(STORY))])
    np.testing.assert_allclose(got, expected, atol=2e-5 * np.abs(expected).max())


def test_features_and_next_words_grown_word_by_word_equal_plain_passes(lm):
    words = [w for w in STORY if w in lm.vocabulary][:11]
    others = np.arange(len(lm.vocabulary))
    contexts = lm.start()
    for k, w in enumerate(indices(lm, words)):
        rows = np.zeros(len(others), int)
        got = lm.features(contexts, rows, others)
        expected, _ = plain_features(lm, words, k)
        np.testing.assert_allclose(got[w], expected, atol=2e-5 * np.abs(expected).max())
        contexts = lm.extend(contexts, np.zeros(1, int), np.array([w]))
        if (k + 1) % CONTEXT:  # at a new block the context is cut before the next word
            p = plain_features(lm, words, k)[1]
            tokens = [lm.tokens.of(v)[0] for v in lm.vocabulary]
            got = lm.next_words(contexts)[0]
            assert got.sum() == pytest.approx(1, abs=1e-5)
            # Words with one spelling keep the model's ratios.
            alone = [i for i, v in enumerate(lm.vocabulary) if v in ("the", "old", "dog", "house")]
            np.testing.assert_allclose(
                got[alone] / got[alone[0]], p[[tokens[i] for i in alone]] / p[tokens[alone[0]]], rtol=1e-3
            )


def test_hypotheses_do_not_mix(lm):
    words = [w for w in STORY if w in lm.vocabulary]
    texts = [words[:7], words[3:10], words[:6] + words[8:9], words[3:10]]
    contexts = lm.start()
    for k in range(7):
        step = np.array([lm.vocabulary.index(t[k]) for t in texts])
        contexts = lm.extend(contexts, np.zeros(4, int) if k == 0 else np.arange(4), step)
    assert len(contexts.words) < 4  # equal contexts are computed once
    features = lm.features(contexts, np.arange(4), np.full(4, 5))
    p = lm.next_words(contexts)
    for row, text in enumerate(texts):
        alone = grow(lm, text)
        np.testing.assert_allclose(
            features[row], lm.features(alone, np.zeros(1, int), np.array([5]))[0], rtol=1e-3, atol=1e-4
        )
        np.testing.assert_allclose(p[row], lm.next_words(alone)[0], rtol=1e-3, atol=1e-7)


def test_what_hypotheses_have_in_common_runs_once_and_gives_the_same(lm, monkeypatch):
    words = [w for w in STORY if w in lm.vocabulary]
    texts = [words[: 2 * CONTEXT - 1] + [last] for last in ("the", "old", "dog")]
    contexts = grow(lm, texts[0][:-1])
    passes, inner = [], lm.engine.run
    monkeypatch.setattr(lm.engine, "run", lambda ids, *past: passes.append(ids.shape) or inner(ids, *past))
    contexts = lm.extend(contexts, np.zeros(3, int), np.array(indices(lm, [t[-1] for t in texts])))
    assert passes == [(1, CONTEXT), (3, 1)]  # start token and the words in common, then one word each
    p = lm.next_words(contexts)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(p[row], lm.next_words(grow(lm, text))[0], rtol=1e-3, atol=1e-7)
        features = lm.features(contexts, np.array([row]), np.array([5]))
        np.testing.assert_allclose(
            features, lm.features(grow(lm, text), np.zeros(1, int), np.array([5])), rtol=1e-3, atol=1e-4
        )


def test_a_feature_is_computed_once(lm, monkeypatch):
    contexts = grow(lm, ["the", "dog"])
    rows, words = np.zeros(6, int), np.array([1, 2, 3, 3, 1, 2])
    first = lm.features(contexts, rows, words)
    monkeypatch.setattr(lm.engine, "candidates", lambda *a: pytest.fail("computed again"))
    np.testing.assert_array_equal(lm.features(contexts, rows, words), first)


def test_capital_and_lower_case_share_a_word():
    tokens = WordTokens(make_tokenizer())
    assert list(tokens.of("alice")) == tokens.tokenizer(" Alice", add_special_tokens=False).input_ids
    assert list(tokens.of("i")) == tokens.tokenizer(" I", add_special_tokens=False).input_ids
    kept, left_out = tokens.single(["i", "alice", "the", "don't", "zeppelin", "the"])
    assert kept == ("i", "alice", "the") and left_out == ("don't", "zeppelin")
    ids, words = tokens.spellings(("i", "the"))
    assert sorted(set(words)) == [0, 1] and len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
def test_words_one_by_one_are_the_tokens_of_the_text(kind):
    tokens = WordTokens(make_tokenizer(kind))
    text = SENTENCES[0]
    together = tokens.tokenizer((" " if kind == "bytes" else "") + text, add_special_tokens=False).input_ids
    assert [t for w in text.split() for t in tokens.of(w)] == list(together)


def test_a_folder_is_read_and_named(folder):
    lm = CausalLM.load(find_lm(str(folder)), VOCABULARY)
    assert lm.name == "tiny" and lm.layer == 2 and lm.n_features == 32


@pytest.mark.parametrize(
    "remove, says",
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "no .safetensors weights"),
        ("tokenizer*", "no tokenizer"),
    ],
)
def test_an_incomplete_folder_is_refused_in_one_line(folder, tmp_path, remove, says):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    for file in broken.glob(remove):
        file.unlink()
    for read in (lambda: find_lm(str(broken)), lambda: CausalLM.load(broken, VOCABULARY)):
        with pytest.raises(UserError, match=says) as caught:
            read()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_truncated_file_is_refused_in_one_line(folder, tmp_path, file):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    data = (broken / file).read_bytes()
    (broken / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="cannot be read") as caught:
        CausalLM.load(broken, VOCABULARY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"layer": 5}, "layer must be a whole number from 1 to 4; got 5"),
        ({"layer": 0}, "layer must be"),
        ({"context": 0}, "context must be 1 to 63 words"),
        ({"context": 64}, "context must be 1 to 63 words"),
        ({"vocabulary": ("zeppelin", "qwertyuiop")}, "none of the 2 words"),
    ],
)
def test_wrong_settings_are_refused(folder, options, says):
    with pytest.raises(UserError, match=says):
        CausalLM.load(folder, **{"vocabulary": VOCABULARY, **options})


def test_a_story_can_be_cancelled(lm):
    with pytest.raises(Cancelled):
        lm.story_features(STORY, Work(should_stop=lambda: True))
