"""Parcel features: components of each parcel, in the order of the parcels, z-scored within the story."""

import numpy as np
import pytest

from fmri2ges.brain.parcels import ParcelBasis, fit_voxel_basis, parcels_inside, table_basis
from fmri2ges.errors import UserError


def planted(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """BOLD of 3 blocks of 10, 6 and 4 voxels that each carry a signal, the signals, and the block of each voxel."""
    rng = np.random.default_rng(seed)
    block = np.repeat([0, 1, 2], [10, 6, 4])[rng.permutation(20)]
    signal = rng.standard_normal((n, 3))
    bold = signal[:, block] + 0.3 * rng.standard_normal((n, 20))
    return (bold - bold.mean(0)) / bold.std(0), signal, block


def test_the_first_component_of_a_block_is_the_signal_that_its_voxels_share():
    bold, signal, block = planted(0)
    basis = fit_voxel_basis([bold[:40], bold[40:]], block, 2)
    assert basis.names == ("block-001", "block-002", "block-003") and basis.n_components == 2
    assert basis.parcel.tolist() == [0, 0, 1, 1, 2, 2] and basis.parcels_of(np.array([5, 0, 4])).tolist() == [0, 2]
    features = basis.transform(bold)
    assert features.shape == (80, 6) and features.dtype == np.float32
    for k in range(3):
        assert abs(np.corrcoef(features[:, 2 * k], signal[:, k])[0, 1]) > 0.95


def test_features_are_z_scored_within_the_story_and_a_flat_parcel_is_zero():
    bold, _, block = planted(1)
    basis = fit_voxel_basis([bold], block, 2)
    story = 3 * bold[:50] + 7  # another level and gain
    story[:, block == 2] = 0  # as columns are that were dropped
    features = basis.transform(story)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(features[:, :4].std(0), 1, atol=1e-4)
    assert not features[:, 4:].any()


def test_components_are_those_of_a_singular_value_decomposition_with_the_largest_weight_positive():
    bold, _, block = planted(2)
    basis = fit_voxel_basis([bold[:30], bold[30:]], block, 3)
    for k in range(3):
        own = basis.owner == k
        members, weights = basis.members[own], basis.weights[own]
        expected = np.linalg.svd(bold[:, members], full_matrices=False)[2][:3].T
        np.testing.assert_allclose(np.abs(weights), np.abs(expected), atol=1e-4)
        assert (weights[np.abs(weights).argmax(0), np.arange(3)] > 0).all()


def test_a_block_of_fewer_voxels_than_components_has_zeros_for_the_rest():
    bold, _, block = planted(3)
    basis = fit_voxel_basis([bold], block, 5)
    smallest = basis.weights[basis.owner == 2]
    assert np.abs(smallest[:, :4]).max(0).all() and not smallest[:, 4].any()
    assert not basis.transform(bold)[:, 14].any()


def test_a_column_of_a_table_is_its_own_feature_and_another_recording_is_refused():
    bold, _, _ = planted(4)
    basis = table_basis(("a", "b", "c"))
    np.testing.assert_allclose(basis.transform(bold[:, :3]), bold[:, :3], atol=1e-5)
    with pytest.raises(UserError, match="bold: 2 columns, but the model was trained on 3"):
        basis.transform(bold[:, :2])


def test_a_parcel_is_inside_where_more_than_half_of_its_members_are():
    basis = ParcelBasis(("a", "b"), np.array([3, 0, 1, 2]), np.array([0, 1, 0, 1]), np.ones((4, 1), np.float32))
    inside = np.zeros(4, bool)
    inside[3] = True
    assert parcels_inside(basis, inside) == ()  # one of two is not more than half
    inside[1] = True
    assert parcels_inside(basis, inside) == ("a",)
