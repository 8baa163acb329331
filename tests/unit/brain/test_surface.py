"""fsaverage5 as the package finds it."""

import subprocess
import sys

import numpy as np
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.surface import (
    KINDS,
    MESH_SIZES,
    N_FSLR,
    cortex_graph,
    load_fslr_index,
    load_sulc,
    load_surface,
    to_fsaverage5,
)
from fmri2ges.errors import UserError


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "flat"])
def test_surfaces_are_closed_and_face_outwards(kind):
    surface = load_surface(kind)
    assert surface.vertices.shape == (20484, 3) and surface.faces.shape == (40960, 3)
    for side in (slice(0, 20480), slice(20480, None)):
        corners = surface.vertices[surface.faces[side]].astype(float)
        volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert volume > 1e5  # mm3; negative when triangles are turned
        edges = np.sort(surface.faces[side][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_left_is_left_and_the_occipital_pole_is_behind():
    vertices, atlas = load_surface("pial").vertices, load_atlas()
    assert vertices[:10242, 0].mean() < -20 and vertices[10242:, 0].mean() > 20
    assert vertices[atlas.vertices(["V1"]), 1].mean() < vertices[atlas.vertices(["Broca"]), 1].mean() - 60


def test_sulcal_depth_is_deep_in_the_insula_and_shallow_on_the_crowns():
    sulc = load_sulc()
    assert sulc.shape == (20484,)
    assert sulc[load_atlas().vertices(["PoI1"])].mean() > 0.5 > sulc.mean()


def test_graph_is_symmetric_has_mm_lengths_and_spares_the_medial_wall():
    graph = cortex_graph()
    assert abs(graph - graph.T).max() == 0
    assert 0.1 < graph.data.min() and 2 < np.median(graph.data) < 5 and graph.data.max() < 20
    assert graph[np.flatnonzero(load_atlas().labels == 0)].nnz == 0


def test_an_unknown_surface_is_one_clear_line():
    with pytest.raises(UserError, match="allowed: pial"):
        load_surface("midthickness")


def test_the_mesh_is_read_without_importing_nilearn():
    code = "import sys, fmri2ges.brain.surface as s; s.load_surface('pial'); print('nilearn' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def test_a_hemisphere_of_fslr_takes_the_vertices_of_its_own_side_and_finer_meshes_their_first_ones():
    left, right = load_fslr_index()
    assert (left != right).mean() > 0.9
    numbers = np.arange(N_FSLR)
    np.testing.assert_array_equal(to_fsaverage5(numbers, "L"), left)
    np.testing.assert_array_equal(to_fsaverage5(numbers, "R"), right)
    for n in MESH_SIZES:
        np.testing.assert_array_equal(to_fsaverage5(np.arange(n), "R"), np.arange(10242))
    with pytest.raises(UserError, match="f: has 100 vertices in a hemisphere; allowed: 10242, 40962, 163842"):
        to_fsaverage5(np.arange(100), "L", "f")
