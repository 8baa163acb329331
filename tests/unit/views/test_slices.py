"""Slices of a subject's own volume."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from fmri2ges.brain.space import Voxels
from fmri2ges.brain.voxels import VoxelGrid
from fmri2ges.errors import UserError
from fmri2ges.views.slices import CHOSEN, INSIDE, PALETTES, slice_numbers, slices_png, upright


def grid(axes=(0, 1, 2), signs=(1, 1, 1)) -> VoxelGrid:
    """A box of voxels whose axes run along any axes of the head."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for k, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, k] = sign * (2.0 + k)
    affine[:3, 3] = 5, -7, 11
    shape = (6, 7, 8)
    return VoxelGrid(shape, affine, np.argwhere(np.ones(shape))[::3])


@settings(max_examples=20)
@given(st.permutations(range(3)), st.tuples(*[st.sampled_from([-1, 1])] * 3), st.integers(0, 111))
def test_every_voxel_stays_at_its_place_in_the_head(axes, signs, voxel):
    found = grid(axes, signs)
    values = np.zeros(len(found.ijk))
    values[voxel] = 1
    volume, affine = upright(found, values)
    assert (np.diag(affine)[:3] > 0).all()  # right, front, top
    (place,) = np.argwhere(volume)
    np.testing.assert_allclose(affine[:3] @ [*place, 1], found.mm[voxel], atol=1e-4)


def test_a_slice_with_a_small_choice_is_among_those_shown():
    volume = np.full((4, 4, 60), INSIDE)
    volume[..., :5] = 0
    for k in range(5, 60):
        one = volume.copy()
        one[2, 2, k] = CHOSEN
        shown = slice_numbers(one)
        assert k in shown and len(shown) == 12 and shown.min() >= 5 and (np.diff(shown) > 0).all()


def test_the_picture_shows_more_colour_where_more_is_chosen():
    space = Voxels(len(grid().ijk), grid())
    hexes = {theme: tuple(int(p[2][k : k + 2], 16) for k in (1, 3, 5)) for theme, p in PALETTES.items()}

    def coloured(rois, theme="light"):
        pixels = (imread(io.BytesIO(slices_png(space, rois, theme)))[..., :3] * 255).round()
        return int((np.abs(pixels - hexes[theme]) <= 1).all(-1).sum())

    few, many = coloured(space.names[:3]), coloured(space.names[:20])
    assert 0 < few < many < coloured(("all",)) and coloured(("all",), "dark") > many


def test_voxels_without_a_place_are_one_clear_line():
    with pytest.raises(UserError, match="where the voxels lie is not known; give `mask`"):
        slices_png(Voxels(50), ("all",))
