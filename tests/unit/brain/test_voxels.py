"""Voxels: compact blocks that never change, and principal components of them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fmri2ges.brain.parcels import fit_voxel_basis, parcels_inside
from fmri2ges.brain.space import Voxels
from fmri2ges.brain.voxels import VoxelGrid, block_names, block_regions, voxel_blocks
from tests.bold_files import AFFINE, make_mask


def make_grid(mask) -> VoxelGrid:
    return VoxelGrid(mask.shape, AFFINE, np.argwhere(mask))


@pytest.mark.parametrize("n, expected", [(1, 1), (3, 1), (150, 75), (400, 200), (81126, 200), (230_000, 460)])
def test_number_and_size_of_blocks(n, expected):
    block = voxel_blocks(n)
    sizes = np.bincount(block)
    assert len(sizes) == expected and sizes.max() - sizes.min() <= 1 and sizes.max() <= 500
    assert (np.diff(block) >= 0).all()


def test_blocks_in_space_are_compact_and_do_not_depend_on_the_order():
    mask = make_mask((20, 24, 18), 0.8)
    grid = make_grid(mask)
    block = voxel_blocks(len(grid.ijk), grid)
    sizes = np.bincount(block)
    assert len(sizes) == 200 and sizes.max() - sizes.min() <= 8

    def spread(label):
        return np.mean([grid.mm[label == b].std(0).sum() for b in range(200)])

    assert spread(block) < 0.5 * spread(voxel_blocks(len(grid.ijk)))
    order = np.random.default_rng(0).permutation(len(grid.ijk))
    shuffled = VoxelGrid(grid.shape, grid.affine, grid.ijk[order])
    np.testing.assert_array_equal(voxel_blocks(len(order), shuffled), block[order])
    # Blocks that follow each other lie nearer than others, so regions of them are pieces of the brain.
    centre = np.stack([grid.mm[block == b].mean(0) for b in range(200)])
    step = np.linalg.norm(np.diff(centre, axis=0), axis=1).mean()
    assert step < 0.6 * np.linalg.norm(centre - centre[::-1], axis=1).mean()
    assert np.concatenate(block_regions(200)).tolist() == list(range(200)) and len(block_regions(200)) == 16


def test_basis_is_the_pca_of_each_block():
    rng = np.random.default_rng(1)
    stories = [rng.standard_normal((60, 5)) @ rng.standard_normal((5, 40)) for _ in range(3)]
    stories = [((x - x.mean(0)) / x.std(0)).astype(np.float32) for x in stories]
    block = np.repeat([0, 1], 20)
    basis = fit_voxel_basis(iter(stories), block, 3)
    assert basis.names == block_names(2) == ("block-001", "block-002")
    reference = PCA(3).fit(np.concatenate(stories)[:, 20:]).components_
    ours = basis.weights[basis.owner == 1].T
    np.testing.assert_allclose(np.abs((ours * reference).sum(1)), 1, atol=1e-3)
    assert basis.transform(stories[0]).shape == (60, 6)


def test_a_selection_takes_blocks_by_majority():
    basis = fit_voxel_basis([np.eye(12, dtype=np.float32)], np.repeat([0, 1, 2], 4), 1)
    inside = np.zeros(12, bool)
    inside[[0, 1, 2, 4, 5]] = True  # three of four, and half
    assert parcels_inside(basis, inside) == ("block-001",)


def test_means_of_blocks_and_back_into_the_volume():
    mask = make_mask()
    grid = make_grid(mask)
    bold = np.random.default_rng(0).standard_normal((9, len(grid.ijk))).astype(np.float32)
    space = Voxels(len(grid.ijk), grid)
    block = voxel_blocks(len(grid.ijk), grid)
    means = space.means(bold)
    assert means.shape == (9, block.max() + 1)
    np.testing.assert_allclose(means[:, 5], bold[:, block == 5].mean(1), rtol=1e-5)
    volume = grid.volume(bold[2])
    assert np.isnan(volume[~mask]).all() and (volume[mask] == bold[2]).all()
    assert (grid.columns_at(grid.ijk) == np.arange(len(grid.ijk))).all()
