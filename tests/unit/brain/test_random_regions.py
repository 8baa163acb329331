"""Random regions have the size of the region that they are compared with, and hang together."""

import numpy as np
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.random_regions import random_regions
from fmri2ges.brain.space import Cortex, Table, Voxels
from fmri2ges.brain.surface import cortex_graph, load_surface


def pieces(areas) -> int:
    """Number of connected pieces of the vertices of some areas."""
    from scipy.sparse.csgraph import connected_components

    inside = np.flatnonzero(load_atlas().vertices(areas))
    return connected_components(cortex_graph()[inside][:, inside])[0]


@pytest.mark.parametrize("group", ["AC", "PCC"])
def test_on_the_cortex_they_have_as_many_areas_in_each_hemisphere(group):
    rois = load_atlas().groups[group][1]
    regions = random_regions(Cortex(), rois, 50, 0)
    assert len(set(regions)) == 50
    for region in regions:
        assert sum(name.startswith("L_") for name in region) == sum(name.startswith("L_") for name in rois)
        assert len(set(region)) == len(rois)


def test_on_the_cortex_they_hang_together():
    regions = random_regions(Cortex(), load_atlas().groups["PCC"][1], 50, 1)
    # One piece a hemisphere, up to areas beside the medial wall, which the sphere has and the sheet has not.
    assert np.mean([pieces(region) <= 3 for region in regions]) > 0.9


def test_one_hemisphere_stays_one_hemisphere():
    for region in random_regions(Cortex(), ("L_44", "L_45"), 50, 0):
        assert len(region) == 2 and all(name.startswith("L_") for name in region)


def test_regions_of_one_size_are_the_same_whatever_they_are_compared_with():
    one, other = (random_regions(Cortex(), rois, 50, 3) for rois in (("L_44", "R_44"), ("L_V1", "R_V1")))
    assert one == other != random_regions(Cortex(), ("L_44", "R_44"), 50, 4)


def test_blocks_of_voxels_are_a_run_and_columns_of_a_table_any_set():
    voxels = Voxels(5000)
    for region in random_regions(voxels, voxels.names[:4], 50, 0):
        numbers = [voxels.names.index(name) for name in region]
        assert np.diff(numbers).tolist() == [1, 1, 1]
    table = Table(tuple("ABCDEF"))
    assert len(random_regions(table, ("A", "B"), 50, 0)) == 15  # all pairs of six


def test_the_point_of_the_right_hemisphere_is_the_mirror_image_of_that_of_the_left():
    """The spheres are alike up to some degrees: each hemisphere has a registration of its own."""
    atlas, sphere = load_atlas(), load_surface("sphere").vertices

    def centre(area: str) -> np.ndarray:
        place = sphere[atlas.vertices([area])].mean(0)
        return place / np.linalg.norm(place)

    regions = random_regions(Cortex(), ("L_44", "R_44"), 60, 5)
    angles = [np.degrees(np.arccos(centre(left) * (-1, 1, 1) @ centre(right))) for left, right in regions]
    assert np.median(angles) < 15
