"""Alignment of two listeners: against scikit-learn and the best possible map; nothing from a brain without signal."""

from dataclasses import dataclass

import numpy as np
import pytest
from alignment import Alignment, Reference, fit_alignment, predict_aligned
from sklearn.linear_model import Ridge

from fmri2ges.errors import UserError
from fmri2ges.models.readout import Readout, best_penalty, penalty_scores

N_VOLUMES, N_TRAIN, N_SHARED, N_HELD = 80, 16, 2, 8
WIDTH, N_LATENT, NOISE = 24, 8, 0.5
GRID = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)


def z(x):
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def r(a, b):
    """Correlation pooled over columns; 0 for a constant."""
    a, b = a - a.mean(0), b - b.mean(0)
    power = (a**2).sum() * (b**2).sum()
    return float((a * b).sum() / np.sqrt(power)) if power > 0 else 0.0


@dataclass
class World:
    """Two references and the new listener, whose signal is a rotation of the first one's."""

    features: list  # [listener][story]
    signal: list  # of the first listener, before noise, on the scale of its features
    targets: list  # [story]; half of them are nothing that a brain shows

    def of(self, listener, first, stop):
        return self.features[listener][first:stop]


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    loadings = rng.standard_normal((N_LATENT, WIDTH)) / np.sqrt(N_LATENT)
    rotations = [np.eye(WIDTH), *(np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0] for _ in range(2))]
    features, signals, targets = [[], [], []], [], []
    for _ in range(N_TRAIN + N_HELD):
        heard = rng.standard_normal((N_VOLUMES, N_LATENT))
        answer = np.zeros_like(heard)
        answer[2:] = (heard[2:] + heard[1:-1] + 0.5 * heard[:-2]) / 1.5  # one and two volumes later most of all
        for k, rotation in enumerate(rotations):
            clean = answer @ loadings @ rotation
            noisy = clean + NOISE * rng.standard_normal(clean.shape)
            features[k].append(z(noisy))
            if k == 0:
                signals.append(clean)
        targets.append(
            np.concatenate([heard + 2 * rng.standard_normal(heard.shape), rng.standard_normal((N_VOLUMES, 8))], 1)
        )
    return World(features, signals, targets)


def decoder(features, targets):
    targets = np.concatenate(targets)
    penalty = best_penalty([penalty_scores(features, targets, [slice(None)], GRID, (0, 1, 2))])
    readout = Readout(features, targets, penalty, (0, 1, 2))
    return readout, readout.solve(np.arange(WIDTH))


@pytest.fixture(scope="module")
def references(world):
    """Both references, aligned on the first stories."""
    out = []
    for k in (0, 1):
        alignment = fit_alignment(world.of(2, 0, N_SHARED), world.of(k, 0, N_SHARED), GRID)
        out.append(Reference(alignment, *decoder(world.of(k, 0, N_TRAIN), world.targets[:N_TRAIN])))
    return out


def decoded_r(world, references, features=None):
    """Over the stories that nothing was fitted on; only the targets that a brain shows."""
    features = world.of(2, N_TRAIN, None) if features is None else features
    return target_r(world, [predict_aligned(references, f) for f in features])


def target_r(world, predicted):
    found = np.concatenate(predicted)
    return r(found[:, :N_LATENT], np.concatenate(world.targets[N_TRAIN:])[:, :N_LATENT])


def left_out(own, theirs, penalty):
    """Predictions of each story by scikit-learn's ridge on the others."""
    out = []
    for k, story in enumerate(own):
        others = [np.concatenate(part[:k] + part[k + 1 :]) for part in (own, theirs)]
        out.append(Ridge(alpha=penalty, fit_intercept=False).fit(*others).predict(story))
    return np.concatenate(out)


def test_map_is_ridge_times_the_slope_on_left_out_stories(world):
    own, theirs = world.of(2, 0, 3), world.of(0, 0, 3)
    found = fit_alignment(own, theirs, penalties=(50.0,))
    x, y = np.concatenate(own), np.concatenate(theirs)
    guess = left_out(own, theirs, 50.0)
    gain = np.linalg.lstsq(guess.reshape(-1, 1), y.ravel(), rcond=None)[0][0]
    assert found.gain == pytest.approx(gain, rel=1e-3)
    assert found.r == pytest.approx(r(guess, y), rel=1e-3)
    expected = gain * Ridge(alpha=50.0, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(found.weights, expected, atol=2e-4)
    np.testing.assert_allclose(found.apply(own[0]), own[0] @ expected, atol=2e-3)


def test_mapped_features_come_near_the_best_possible_map(world, references):
    """The ceiling is the map that the true covariances give; above it is A's own signal, which B does not show."""
    mapped = np.concatenate([references[0].alignment.apply(f) for f in world.of(2, N_TRAIN, None)])
    own, theirs = (np.concatenate(world.of(k, 0, None)) for k in (2, 0))  # every story: as good as the true covariances
    best = np.concatenate(world.of(2, N_TRAIN, None)) @ Ridge(alpha=1e-3, fit_intercept=False).fit(own, theirs).coef_.T
    truth = np.concatenate(world.of(0, N_TRAIN, None))
    noise_free = r(np.concatenate([z(s) for s in world.signal[N_TRAIN:]]), truth)
    found = r(mapped, truth)
    assert found > 0.93 * r(best, truth) and found > 0.85 * noise_free
    assert references[0].alignment.r == pytest.approx(found, abs=0.05)  # what the shared stories promised


def test_few_shared_stories_serve_better_through_references_than_alone(world, references):
    def by_oneself(n_stories):
        readout, solution = decoder(world.of(2, 0, n_stories), world.targets[:n_stories])
        return target_r(world, [readout.predict(solution, f) for f in world.of(2, N_TRAIN, None)])

    alone, ceiling = by_oneself(N_SHARED), by_oneself(N_TRAIN)
    single, both = [decoded_r(world, [one]) for one in references], decoded_r(world, references)
    assert min(single) > alone + 0.05 and both > max(single)
    assert both > 0.9 * ceiling


@pytest.mark.parametrize("broken", ["null BOLD", "wrong pairs"])
def test_without_a_common_signal_decoding_is_at_chance_and_features_vanish(world, references, broken):
    rng = np.random.default_rng(5)
    shared, held = world.of(2, 0, 4), world.of(2, N_TRAIN, None)
    if broken == "null BOLD":
        shared, held = ([z(rng.standard_normal(f.shape)) for f in part] for part in (shared, held))
    else:
        shared = shared[1:] + shared[:1]
    maps = [fit_alignment(shared, world.of(k, 0, 4), GRID) for k in range(2)]
    null = [Reference(m, one.readout, one.solution) for m, one in zip(maps, references, strict=True)]
    assert abs(decoded_r(world, null, held)) < 0.06
    assert max(m.apply(f).var() for m in maps for f in held) < 0.02
    with_signal = [one.alignment.apply(f).var() for one in references for f in world.of(2, N_TRAIN, None)]
    assert min(with_signal) > 0.2


@pytest.mark.parametrize("penalties", [GRID, (1_000.0,)], ids=["chosen penalty", "far too strong"])
def test_gain_gives_the_expectation_of_the_references_features(world, penalties):
    """The slope of true features on mapped ones is 1 in new stories, however much the ridge shrank them."""
    alignment = fit_alignment(world.of(2, 0, 6), world.of(0, 0, 6), penalties)
    mapped = np.concatenate([alignment.apply(f) for f in world.of(2, N_TRAIN, None)])
    truth = np.concatenate(world.of(0, N_TRAIN, None))
    assert (mapped * truth).sum() / (mapped**2).sum() == pytest.approx(1.0, abs=0.1)
    assert mapped.var() == pytest.approx(alignment.r**2, rel=0.2)  # the share that can be predicted
    assert alignment.gain > 1.5 or penalties == GRID


def test_penalty_is_the_best_on_left_out_stories(world):
    own, theirs = world.of(2, 0, 3), world.of(0, 0, 3)
    scores = [r(left_out(own, theirs, p), np.concatenate(theirs)) for p in GRID]
    assert np.argmax(scores) not in (0, len(GRID) - 1)  # neither the weakest nor the strongest
    assert fit_alignment(own, theirs, GRID).penalty == GRID[np.argmax(scores)]


def test_nothing_is_predicted_from_silence():
    theirs = [z(np.random.default_rng(k).standard_normal((40, 30))) for k in range(2)]
    silent = fit_alignment([np.zeros((40, 3), np.float32)] * 2, theirs, GRID)
    assert silent.gain == 0 and silent.r == 0 and not silent.weights.any()


def test_bad_input_is_one_clear_line(world):
    x = world.of(0, 0, 2)

    def refused(message, *args):
        with pytest.raises(UserError, match=message) as caught:
            fit_alignment(*args)
        assert "\n" not in str(caught.value)

    refused("1 shared story; .* at least 2", x[:1], x[:1])
    refused("2 stories of the new listener, 1 of the reference", x, x[:1])
    refused("shared story 2 has 80 volumes in the new listener and 50", x, [x[0], x[1][:50]])
    refused("NaN or infinite in shared story 2 of the reference", x, [x[0], np.full_like(x[1], np.nan)])
    refused("at most 12000", x * 100, x * 100)
    with pytest.raises(UserError, match="fitted on 24; give the same ones"):
        Alignment(np.zeros((24, 24), np.float32), 1.0, 1.0, 0.5).apply(x[0][:, :3])
    with pytest.raises(UserError, match="no reference listener"):
        predict_aligned([], x[0])
