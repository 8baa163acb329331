"""Laws of the ROI algebra that its unit tests do not hold already, and of ROI files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from fmri2ges.brain import roi
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi_algebra import OPERATIONS, combine
from fmri2ges.brain.surface import cortex_graph
from fmri2ges.data.rois.files import read_rois, write_rois
from fmri2ges.errors import UserError

ATLAS = load_atlas()
CORTEX = ATLAS.labels > 0
FEW = settings(max_examples=20)


@st.composite
def masks(draw):
    """Some areas, plus scattered vertices."""
    mask = np.isin(ATLAS.labels, draw(st.lists(st.integers(1, 360), max_size=4)))
    mask[draw(st.lists(st.integers(0, 20483), max_size=20))] = True
    return mask & CORTEX


same = np.testing.assert_array_equal


def test_the_short_names_of_areas_and_groups_mean_these_areas_and_no_others():
    pairs = [(left, f"R_{left[2:]}") for left in ATLAS.areas[:180]]
    for areas in [*pairs, *((area,) for area in ATLAS.areas), *(members for _, members in ATLAS.groups.values())]:
        assert ATLAS.expand(ATLAS.compact(areas)) == ATLAS.expand(areas)
    assert ATLAS.compact(("L_MT", "R_MT")) == ("L_MT", "R_MT")  # "MT" is the group, of fourteen areas
    assert ATLAS.compact(("L_44", "R_44")) == ("44",)


@FEW
@given(masks(), masks(), masks())
def test_sets_commute_associate_and_are_idempotent(a, b, c):
    for both in (roi.union, roi.intersection):
        same(both(a, b), both(b, a))
        same(both(a, both(b, c)), both(both(a, b), c))
        same(both(a, a), a)
    same(roi.union(a, roi.intersection(a, b)), a)
    same(roi.difference(a, b, c), roi.difference(a, roi.union(b, c)))
    same(roi.difference(a, a), roi.union())
    same(roi.intersection(a, roi.intersection()), a)


@FEW
@given(masks(), st.floats(0, 12))
def test_erosion_lies_inside_and_dilation_outside(a, mm):
    assert (roi.erode(a, mm) <= a).all() and (a <= roi.dilate(a, mm)).all()


@FEW
@given(st.integers(0, 20483), st.floats(0, 25))
def test_dilation_of_a_vertex_is_the_ball_around_it(vertex, mm):
    mask = np.zeros(roi.N_ALL, bool)
    mask[vertex] = CORTEX[vertex]
    ball = (dijkstra(cortex_graph(), indices=vertex, limit=mm) <= mm) & CORTEX
    same(roi.dilate(mask, mm), ball)


@FEW
@given(masks(), st.floats(0, 8), st.floats(0, 8))
def test_two_dilations_reach_no_farther_than_one_by_the_sum(a, x, y):
    assert (roi.dilate(roi.dilate(a, x), y) <= roi.dilate(a, x + y + 1e-9)).all()


@FEW
@given(masks(), masks(), st.floats(0, 8))
def test_operations_by_name_obey_the_algebra(a, b, mm):
    for name in ("union", "intersect"):
        same(combine(a, name, b), combine(b, name, a))
    same(combine(combine(a, "subtract", b), "union", combine(a, "intersect", b)), a)
    same(combine(combine(a, "union", b), "subtract", b), combine(a, "subtract", b))
    closed = combine(combine(a, "dilate", mm=mm), "erode", mm=mm)
    opened = combine(combine(a, "erode", mm=mm), "dilate", mm=mm)
    assert (a <= closed).all() and (opened <= a).all()
    for name in ("dilate", "erode"):
        same(combine(a, name, mm=0), a)


@pytest.mark.parametrize(
    "operation, operands, line",
    [
        ("xor", {"other": CORTEX}, "operation"),
        ("union", {}, "union needs a second ROI"),
        ("dilate", {"mm": -1}, "from 0 to 50 mm"),
        ("erode", {"mm": float("nan")}, "from 0 to 50 mm"),
    ],
)
def test_an_operation_that_cannot_be_is_one_line(operation, operands, line):
    with pytest.raises(UserError, match=line):
        combine(CORTEX, operation, **operands)
    assert set(OPERATIONS) == {"union", "intersect", "subtract", "dilate", "erode"}


@FEW
@given(st.sets(st.sampled_from(ATLAS.areas), max_size=20), st.randoms(use_true_random=False))
def test_whole_areas_stand_for_themselves_and_little_damage_changes_nothing(areas, random):
    mask = ATLAS.vertices(sorted(areas))
    fit = roi.cover(mask)
    assert set(fit.areas) == areas and fit.n_missed == fit.n_added == 0 and fit.dice == bool(areas)
    for area in areas:  # less than half of each area is taken away
        vertices = np.flatnonzero(ATLAS.vertices([area]))
        mask[random.sample(vertices.tolist(), (len(vertices) - 1) // 2)] = False
    assert set(roi.cover(mask).areas) == areas


@FEW
@given(masks(), masks())
def test_cover_counts_every_vertex_once(a, b):
    mask = roi.union(a, b)
    fit = roi.cover(mask)
    taken = ATLAS.vertices(fit.areas)
    assert (fit.n_mask, fit.n_missed, fit.n_added) == (mask.sum(), (mask & ~taken).sum(), (taken & ~mask).sum())
    assert fit.dice == pytest.approx(2 * (mask & taken).sum() / max(mask.sum() + taken.sum(), 1))


@settings(max_examples=8)
@given(
    parts=st.lists(masks(), min_size=1, max_size=3),
    name=st.sampled_from(["r.label.gii", "r.func.gii", "r.annot", "r.dlabel.nii", "r.csv", "r.json"]),
)
def test_files_keep_any_rois(parts, name, tmp_path_factory):
    folder, rest, rois = tmp_path_factory.mktemp("r"), CORTEX, []
    for k, part in enumerate(parts):  # made disjoint, because a label map holds one label per vertex
        rois.append(roi.Roi(f"roi {k}", part & rest))
        rest = rest & ~part
    wanted = {r.name: r.mask for r in rois if r.mask.any()}
    if not wanted:
        return
    found: dict = {}
    for path in write_rois(rois, folder / name):
        for r in read_rois(path):
            found[r.name] = found.get(r.name, False) | r.mask
    assert found.keys() == wanted.keys()
    for key, mask in wanted.items():
        same(found[key], mask)
