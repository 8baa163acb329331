"""The Bayesian decoder as a whole: planted words come back from simulated voxels, and nothing comes from noise."""

import numpy as np
import pytest

from fmri2ges.brain.hrf import delayed
from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.brain.space import Voxels
from fmri2ges.errors import UserError
from fmri2ges.models.bayes import BayesDecoder, choose_voxels, fit_bayes
from fmri2ges.text.lm import BigramLM
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.open_lm import BIGRAM, LmChoice
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Recording, Words
from fmri2ges.work import Work

TR, N_VOLUMES, N_VOXELS = 2.0, 60, 40
NAMES = tuple(f"word{k}" for k in range(30))
CHOICE = LmChoice(BIGRAM)


class RandomVectors:
    dim = 12

    def matrix(self, words):
        return np.stack([np.random.default_rng(int(w[4:])).standard_normal(self.dim) for w in words])


@pytest.fixture(scope="module")
def world():
    """Stories of random words; voxels 0 to 19 respond to them, the others are noise."""
    rng = np.random.default_rng(0)
    lm = BigramLM(Bigram.fit([NAMES]), RandomVectors(), context=1)
    times = TR * np.arange(N_VOLUMES) + TR / 2
    weights = np.zeros((4 * lm.n_features, N_VOXELS))
    weights[:, :20] = rng.standard_normal((len(weights), 20))
    stories = []
    for _ in range(16):
        start = np.sort(rng.uniform(0, N_VOLUMES * TR - 1, 100))
        words = Words(tuple(map(str, rng.choice(NAMES, 100))), start, np.full(100, 0.3))
        x = delayed(lanczos_matrix(start + 0.15, times) @ lm.story_features(words.text), [-1, -2, -3, -4])
        bold = x @ weights + rng.standard_normal((N_VOLUMES, N_VOXELS))
        z = ((bold - bold.mean(0)) / bold.std(0)).astype(np.float32)
        stories.append(Recording("s", "story", z, TR, TR / 2, words, Voxels(N_VOXELS)))
    parcel = np.repeat([0, 1, 2, -1], 10)
    decoder = fit_bayes(stories[:8], parcel, lm, CHOICE, n_best=15, per_parcel=3, device="cpu")
    return lm, stories[8:], decoder


def decode(world, parcels, bold=None, story=None):
    lm, held_out, decoder = world
    story = held_out[0] if story is None else story
    rate = word_counts(story.words, story.volume_times, TR)
    bold = story.bold if bold is None else bold
    return decoder.search(bold, np.array(parcels), rate, story.volume_times, TR, lm).best(k=2, width=20)


def right(words: Words, heard: Words) -> float:
    """Share of decoded words that are heard within two seconds."""
    near = [w in heard.slice(t - 2, t + 2).text for w, t in zip(words.text, words.start, strict=True)]
    return float(np.mean(near))


def test_planted_words_come_back_and_noise_gives_none(world):
    _, stories, _ = world
    rng = np.random.default_rng(1)

    def mixed(story):
        return Words(tuple(rng.permutation(story.words.text)), story.words.start, story.words.duration)

    chance = np.mean([right(mixed(s), s.words) for s in stories for _ in range(50)])
    found = [decode(world, [0, 1], story=s) for s in stories]
    assert (
        np.mean([right(best, s.words) for ((best, _), _), s in zip(found, stories, strict=True)]) > chance + 0.14
    )  # ten standard errors
    assert all(best.text != second.text and log_p <= 0 for (best, log_p), (second, _) in found)

    def wrong(parcels, make):
        return np.mean([right(decode(world, parcels, make(s), s)[0][0], s.words) for s in stories])

    assert abs(wrong([0, 1], lambda s: rng.standard_normal(s.bold.shape).astype(np.float32)) - chance) < 0.06
    assert abs(wrong([2], lambda s: s.bold) - chance) < 0.06  # a parcel without signal


def test_drawn_texts_differ_where_the_noise_could_have_changed_a_word(world):
    lm, stories, decoder = world
    story = stories[0]
    rate = word_counts(story.words, story.volume_times, TR)

    def draw(bold, parcels, n=6, seed=0):
        return decoder.search(bold, np.array(parcels), rate, story.volume_times, TR, lm).draw(
            n, np.random.default_rng(seed)
        )

    def agreement(texts):
        return np.mean([[a == b for a, b in zip(texts[0].text, t.text, strict=True)] for t in texts[1:]])

    texts = draw(story.bold, [0, 1])
    assert texts[0].text == decode(world, [0, 1])[0][0].text  # the best text comes first
    assert [t.text for t in texts] == [t.text for t in draw(story.bold, [0, 1])]
    assert texts[1].text != draw(story.bold, [0, 1], seed=1)[1].text
    assert draw(story.bold, [0, 1], n=1)[0].text == texts[0].text
    # Twenty voxels with signal leave less room for other words than a few without.
    assert agreement(texts) > agreement(draw(story.bold, [2])) + 0.1
    said = []
    search = decoder.search(story.bold, np.array([0, 1]), rate, story.volume_times, TR, lm)
    search.draw(2, np.random.default_rng(0), work=Work(lambda *a: said.append(a)))
    fractions = [f for f, _ in said]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and said[-1][1].startswith("text 2 of 2, ")


def test_as_many_texts_come_as_are_asked_for(world):
    lm, stories, decoder = world
    story = stories[-1]
    rate = np.full(len(story.volume_times), 2.0)
    search = decoder.search(story.bold, np.array([0, 1]), rate, story.volume_times, TR, lm)
    five = search.best(k=5, width=2)  # the beam is as wide as it must be
    assert len({text.text for text, _ in five}) == 5
    assert [text.text for text, _ in search.best(k=2, width=5)] == [text.text for text, _ in five[:2]]
    with pytest.raises(UserError, match="number of texts: must be a whole number of 1 or more"):
        search.best(k=0)


def test_voxels_are_the_best_overall_and_some_of_every_parcel():
    score = np.array([0.1, 0.9, 0.8, 0.0, -0.5, 0.95])
    kept = choose_voxels(score, np.array([0, 0, 0, 1, 1, -1]), n_best=2, per_parcel=1)
    assert kept.tolist() == [1, 2, 3]  # the best of no parcel is left out
    assert choose_voxels(score, np.array([0, 0, 0, 1, 1, -1]), 1, 0).tolist() == [1]


def test_stored_decoder_decodes_the_same_and_refuses_another_language_model(world):
    lm, stories, decoder = world
    again = BayesDecoder.from_arrays(*decoder.to_arrays())
    assert again.lm == CHOICE
    assert decode((lm, stories, again), [0, 1])[0][0].text == decode(world, [0, 1])[0][0].text
    other = BigramLM(Bigram.fit([NAMES]), RandomVectors(), context=1)
    other.name = "another"
    with pytest.raises(UserError, match="trained with .* not 'another'"):
        decode((other, stories, decoder), [0, 1])
    with pytest.raises(UserError, match="no voxel"):
        decode(world, [3])
