"""What F2G learns from knows nothing of the story that it belongs to: shown with noise, which a fit learns by heart."""

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.models.f2t import F2T, Blocks, text_targets
from fmri2ges.models.readout import Readout
from fmri2ges.models.signatures import words_heard
from fmri2ges.text.embeddings import WordVectors
from fmri2ges.text.ngram import Bigram
from fmri2ges.training.phase2 import decoded_tracks, roi_tracks
from fmri2ges.types import Recording, Words

N_STORIES, N, WIDTH = 8, 60, 40
LANGUAGE = Bigram.fit([["a", "b", "c", "a", "b"], ["c", "b", "a"]])
VECTORS = WordVectors("abc", np.array([[1.5, 0.0], [-1.0, 1.0], [0.0, -1.5]]))
ALL, HALF = np.arange(WIDTH), np.arange(WIDTH // 2)


@pytest.fixture(scope="module")
def noise():
    """A decoder of brains of noise, with so many columns that it explains half of what it was fitted on."""
    rng, space = np.random.default_rng(0), Table(tuple(f"column {k}" for k in range(WIDTH)))
    times, stories = 1.0 + 2.0 * np.arange(N), []
    for k in range(N_STORIES):
        words = Words(tuple(rng.choice(list("abc"), N)), times - 0.5, np.full(N, 0.4))
        stories.append(
            Recording("one", f"story {k}", rng.normal(size=(N, WIDTH)).astype(np.float32), 2.0, 1.0, words, space)
        )
    targets = [text_targets(s.words, VECTORS.matrix(s.words.text), times, 2.0) for s in stories]
    table, volumes = VECTORS.matrix(LANGUAGE.vocabulary), [np.arange(N)] * N_STORIES
    heard = words_heard(volumes, [s.words for s in stories], [N] * N_STORIES, LANGUAGE.vocabulary)
    readout = Readout([s.bold for s in stories], np.concatenate(targets), 1.0)
    return F2T(readout, Blocks(2, 0), LANGUAGE, table, table.T @ table, heard), stories


def test_tokens_of_a_training_story_are_predicted_by_the_others_for_every_choice_of_rois(noise):
    f2t, stories = noise
    truth = f2t.readout.targets[:, f2t.blocks.fast]
    tracks = roi_tracks(f2t, stories, [ALL, HALF], np.random.default_rng(0))
    for k, columns in enumerate((ALL, HALF)):
        fitted = f2t.readout.predict(f2t.decoder(columns).solution, stories[0].bold)[:, f2t.blocks.fast]
        assert np.corrcoef(fitted.ravel(), truth[:N].ravel())[0, 1] > 0.35  # what a leak would look like
        tokens = np.concatenate([track.by_choice[k].tokens for track in tracks])[:, f2t.blocks.fast]
        assert abs(np.corrcoef(tokens.ravel(), truth.ravel())[0, 1]) < 0.12


def test_texts_of_a_training_story_are_decoded_by_what_the_others_taught(noise, monkeypatch):
    f2t, stories = noise
    asked = []

    def decode(self, decoder, prediction, *_):
        asked.append((self.heard, prediction))
        return [stories[len(asked) - 1].words]

    monkeypatch.setattr(F2T, "decode_texts", decode)
    decoded_tracks(f2t, stories, VECTORS, 1, np.random.default_rng(1))
    truth = np.split(f2t.readout.targets, N_STORIES)
    for k, (heard, prediction) in enumerate(asked):
        assert not np.isin(heard.row, np.arange(k * N, (k + 1) * N)).any() and len(heard.row) == (N_STORIES - 1) * N
        assert abs(np.corrcoef(prediction[:, :2].ravel(), truth[k][:, :2].ravel())[0, 1]) < 0.3
    assert len(asked) == N_STORIES
