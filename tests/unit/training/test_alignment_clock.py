"""One clock: codes, words and volumes of a training window of F2G are of the same moment, whenever the scan began."""

from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.models.conditions import TokenTrack
from fmri2ges.models.denoiser import LATENT_FPS, Denoiser, DenoiserConfig
from fmri2ges.models.f2g import RoiTracks
from fmri2ges.models.generator import GestureGenerator
from fmri2ges.text.embeddings import WordVectors
from fmri2ges.training import phase2
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.phase1 import gesture_bins, gesture_targets
from fmri2ges.training.phase2 import AlignedStory, train_f2g
from fmri2ges.types import Recording, Words

ONSETS = 1.0 + np.arange(80.0)
VECTORS = WordVectors(("said", "then"), np.eye(2))


def story(first: float) -> AlignedStory:
    """Codes, tokens of volumes and durations of words that all tell their time on the story's clock."""
    words = Words(("said",) * 80, ONSETS, ONSETS / 1000)
    heard = Recording("one", "tale", np.zeros((40, 1), np.float32), 2.0, first, words, Table(("A",)))
    codes = heard.start + np.arange(int(heard.seconds * LATENT_FPS)) / LATENT_FPS
    track = TokenTrack(heard.volume_times[:, None].astype(np.float32), heard.volume_times, 2.0, 1.0)
    gestures = codes[None, :, None].astype(np.float32)
    return AlignedStory(heard, gestures, RoiTracks([track], np.random.default_rng(0)), ())


@pytest.mark.parametrize("first", [1.0, -9.0, 20.0])
def test_codes_words_and_volumes_of_a_window_belong_together(first, monkeypatch):
    batches = []

    def stop(student, draw, *_, **__):
        batches.append(draw())
        raise InterruptedError

    monkeypatch.setattr(phase2, "fit", stop)
    monkeypatch.setattr(phase2, "alignment_batch", lambda x0, brain, text, generator: (x0, brain, text))
    net = DenoiserConfig(n_codes=1, token_width=5, width=16, blocks=1, heads=2, hidden=16, refine=8, n_speakers=1)
    t2g = GestureGenerator(Denoiser(net), None, 1.0)  # type: ignore[arg-type]  # nothing is turned into poses here
    config = SimpleNamespace(loss="soft", teacher="observed", f2g_steps=1, f2g_rate=0.1, f2g_guidance=1.0)
    with pytest.raises(InterruptedError):
        train_f2g(t2g, [story(first)], [0], [], VECTORS, config, Keeper(np.random.default_rng(0)))
    ((codes, brain, text),) = batches
    begins = codes[:, 0, 0].numpy()
    assert len(begins) > 20 and np.ptp(begins) > 30
    for condition, told in ((brain, brain.tokens[..., 0]), (text, 500 * text.tokens[..., 2])):
        apart = (told - condition.times).numpy() - begins[:, None]
        assert condition.present.sum() > 5 * len(begins)
        np.testing.assert_allclose(apart[condition.present.numpy()], 0, atol=1e-3)


@pytest.mark.parametrize(("tr", "bins"), [(0.5, 1), (0.72, 1), (1.0, 1), (1.5, 2), (2.0, 2), (2.5, 3), (3.0, 3)])
def test_gesture_targets_of_a_volume_are_the_codes_of_its_time_about_a_second_each(tr, bins):
    n = 40
    assert gesture_bins(tr) == bins
    times = (np.arange(int(np.ceil(n * tr * LATENT_FPS))) + 0.5) / LATENT_FPS  # from the beginning of the first volume
    found = gesture_targets(times[:, None], n, tr, bins)
    centres = (np.arange(n * bins) + 0.5) * tr / bins
    np.testing.assert_allclose(found.ravel(), centres, atol=0.5 / LATENT_FPS + 1e-5)  # to half a code
