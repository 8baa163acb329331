"""Where columns lie: the laws that every space obeys, and curves, descriptions and refusals of each kind."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi import mean_course
from fmri2ges.brain.space import Cortex, Space, Table, Voxels, has_cortex, space_of
from fmri2ges.brain.voxels import VoxelGrid
from fmri2ges.errors import UserError
from fmri2ges.types import Recording, Words

SPACES = [Cortex(), Table(("LATL", "RATL", "LIFG", "LPTL")), Voxels(500), Voxels(30_000)]
NO_WORDS = Words((), np.zeros(0), np.zeros(0))


def recording(space: Space, n_volumes: int = 12) -> Recording:
    bold = np.random.default_rng(0).standard_normal((n_volumes, space.n_columns)).astype(np.float32)
    return Recording("s", "k", bold, 2.0, 1.0, NO_WORDS, space)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_rois_and_columns_belong_to_each_other(space):
    assert len(space.owner) == space.n_columns and space.owner.max() == len(space.names) - 1
    assert space.sizes.sum() == (space.owner >= 0).sum() and space.sizes.min() > 0
    assert space.expand(("all",)) == space.names
    assert space.columns(("all",)).sum() == (space.owner >= 0).sum()
    together = np.concatenate(space.together)
    assert sorted(together) == list(range(len(space.names)))  # every ROI is drawn with some others, or alone


@given(st.data())
def test_means_and_columns_agree(data):
    space = data.draw(st.sampled_from(SPACES[:3]))
    name = data.draw(st.sampled_from(space.names))
    heard = recording(space, 5)
    (k,) = space.numbers((name,))
    np.testing.assert_allclose(space.means(heard.bold)[:, k], heard.bold[:, space.columns((name,))].mean(1), atol=1e-5)


def test_the_curve_of_a_voxel_study_is_that_of_its_voxels():
    """It was read with the areas of the cortex: 500 voxels failed, 30,000 gave a wrong curve "over 360 areas"."""
    for n in (500, 30_000):
        heard = recording(Voxels(n))
        course = mean_course(heard, ("all",))
        np.testing.assert_allclose(course.mean, heard.bold.mean(1), atol=1e-5)
        assert course.band == f"95 % CI of the mean over {len(heard.space.names)} blocks of voxels"
        few = mean_course(heard, ("block-002",))
        inside = heard.space.columns(("block-002",))
        np.testing.assert_allclose(few.mean, heard.bold[:, inside].mean(1), atol=1e-5)
        assert few.band == f"middle 80 % of {inside.sum()} voxels"


def test_everything_is_called_by_what_it_is():
    assert [space.describe(("all",)) for space in SPACES[:3]] == [
        "the whole cortex",
        "all 4 ROIs",
        "all 200 blocks of voxels",
    ]
    assert Cortex().describe(("AC", "Broca")) == "AC, Broca"
    assert Table(tuple("abcdefg")).describe(tuple("abcdefg")) == "a, b, c, d + 3 more"
    assert [space.place for space in SPACES[:3]] == ["fsaverage5", "table of 4 ROIs", "voxels"]


@pytest.mark.parametrize(
    "space, rois, message",
    [
        (Cortex(), ("Brocca",), "did you mean Broca"),
        (Cortex(), (), "choose at least one ROI"),
        (SPACES[1], ("Broca",), "'Broca' is not an ROI of this study .table of 4 ROIs.; allowed: all, LATL, RATL"),
        (SPACES[2], ("Broca",), "is an area of the cortex; .* NIfTI mask in the subject's own grid, or add `pycortex`"),
        (SPACES[2], ("block-999",), "allowed: all, block-001, ..., block-200"),
    ],
)
def test_an_unknown_roi_is_one_line_with_a_way_out(space, rois, message):
    with pytest.raises(UserError, match=message) as error:
        space.numbers(rois)
    assert "\n" not in str(error.value)


def voxels(ijk, affine=None) -> Voxels:
    """Voxels at these places of a grid of 3 mm."""
    return Voxels(len(ijk), VoxelGrid((4, 4, 4), np.diag([3.0, 3.0, 3.0, 1.0]) if affine is None else affine, ijk))


def test_which_recordings_may_stand_together():
    assert Voxels(500).fits_with(Voxels(600)) and not Table(("a", "b")).fits_with(Table(("b", "a")))
    assert not Cortex().fits_with(Voxels(20484))


def test_how_columns_differ_is_said_and_the_same_ones_do_not():
    ijk = np.argwhere(np.ones((4, 4, 4), bool))
    here, moved = voxels(ijk[:50]), voxels(ijk[:50], np.diag([3.0, 3.0, 3.5, 1.0]))
    for space in (Cortex(), Table(("a", "b")), Voxels(50), here):
        assert space.difference(space) == ""
    assert here.difference(voxels(ijk[:50].copy())) == here.difference(Voxels(50)) == Voxels(50).difference(here) == ""
    assert here.difference(voxels(ijk[:49])) == "50 and 49 voxels"
    for other in (voxels(ijk[1:51]), voxels(ijk[:50][::-1]), moved):  # another mask, another order, another grid
        assert here.difference(other) == "as many voxels, but at other places"
    assert Table(("a", "b")).difference(Table(("a", "b", "c"))) == "2 and 3 ROIs"
    assert Table(("a", "b")).difference(Table(("a", "c"))) == "'b' and 'c' in one place"
    assert Cortex().difference(Table(("a", "b"))) == "fsaverage5 and table of 2 ROIs"


def test_a_manifest_names_the_space():
    for space in SPACES:
        names = () if space.has_cortex else space.names
        assert space_of(space.kind, names, space.n_columns) == space
        assert has_cortex(space.kind) == space.has_cortex
    with pytest.raises(UserError, match="space: 'mars' is not known; allowed: fsaverage5, table, voxels"):
        space_of("mars")


def test_a_part_of_a_recording_keeps_its_clock():
    words = Words.from_lists(list("abcdef"), [1.0, 3.0, 5.0, 7.0, 9.0, 11.0], [0.5] * 6)
    heard = replace(recording(SPACES[1]), words=words)
    part = heard.part(2, 5)
    np.testing.assert_allclose(part.volume_times, heard.volume_times[2:5])
    assert (part.start, part.seconds) == (4.0, 6.0) and part.words.text == ("c", "d", "e")
    np.testing.assert_array_equal(part.bold, heard.bold[2:5])


def test_regions_of_the_cortex_are_the_groups_of_the_atlas():
    atlas = load_atlas()
    assert list(Cortex().regions) == list(atlas.groups)
    assert [atlas.areas[k] for k in Cortex().regions["Broca"]] == list(atlas.groups["Broca"][1])
