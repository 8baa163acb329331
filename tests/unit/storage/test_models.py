"""Models go to a run folder and come back as they were trained."""

import numpy as np
import pytest

from fmri2ges.brain.parcels import ParcelBasis
from fmri2ges.models.f2t import F2T, Blocks
from fmri2ges.models.readout import Readout
from fmri2ges.storage.models import (
    FEATURE_STEP,
    dequantise,
    quantise,
    read_basis,
    read_codes,
    read_f2t,
    write_basis,
    write_codes,
    write_f2t,
)
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.statistics import TextStatistics


def test_features_keep_half_a_step_and_are_cut_at_four_and_a_half_standard_deviations():
    features = np.linspace(-6, 6, 1001, dtype=np.float32)
    again = dequantise(quantise(features))
    inside = np.abs(features) < 4.5
    assert np.abs(again - features)[inside].max() <= FEATURE_STEP / 2 + 1e-6
    assert again.max() == -again.min() == pytest.approx(127 / 28)
    np.testing.assert_array_equal(quantise(again), quantise(features))  # a stored run reads what training saw


def test_a_text_decoder_predicts_after_reloading_what_it_did_before(tmp_path):
    rng = np.random.default_rng(0)
    stories = [dequantise(quantise(rng.standard_normal((n, 6)))) for n in (40, 30)]
    blocks = Blocks(dim=2, n_gesture=1)
    weights = rng.standard_normal((6, blocks.width))
    targets = np.concatenate(stories) @ weights + 5 + rng.standard_normal((70, blocks.width))  # means far from zero
    language = Bigram.fit([("a", "b", "a", "c")])
    statistics = TextStatistics(language, np.zeros(2), rng.standard_normal((3, 2)), np.eye(2))
    readout = Readout(stories, targets.astype(np.float32), 30.0, (1, 2))
    write_f2t(
        tmp_path / "f2t-0-0.safetensors", F2T(readout, blocks, language, statistics.vocabulary_vectors, np.eye(2))
    )
    found = read_f2t(tmp_path / "f2t-0-0.safetensors", statistics)
    assert found.blocks == blocks and (found.readout.penalty, found.readout.delays) == (30.0, (1, 2))
    assert found.readout.lengths.tolist() == [40, 30] and found.heard is None and found.word_rate is None
    np.testing.assert_array_equal(found.readout.features, readout.features)
    np.testing.assert_allclose(found.readout.mean, readout.mean, atol=5e-3)
    new, columns = rng.standard_normal((25, 6)).astype(np.float32), np.array([0, 2, 5])
    before, after = (r.predict(r.solve(columns), new) for r in (readout, found.readout))
    np.testing.assert_allclose(after, before, atol=0.02)


def test_parcels_and_pseudo_gestures_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((3, 2)).astype(np.float32)
    basis = ParcelBasis(("a", "b"), np.array([4, 0, 2], np.int32), np.array([0, 1, 1], np.int32), weights)
    write_basis(tmp_path / "basis-0.safetensors", basis)
    found = read_basis(tmp_path / "basis-0.safetensors")
    assert found.names == basis.names
    for name in ("members", "owner", "weights"):
        np.testing.assert_array_equal(getattr(found, name), getattr(basis, name))
    codes = [rng.standard_normal((2, n, 4)).astype(np.float32) for n in (3, 12, 5, 2, 2, 2, 2, 2, 2, 2, 7)]
    write_codes(tmp_path / "codes.safetensors", codes)
    for one, two in zip(
        read_codes(tmp_path / "codes.safetensors"), codes, strict=True
    ):  # 10 comes after 9, not after 1
        np.testing.assert_array_equal(one, two)
