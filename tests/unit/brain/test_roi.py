"""Laws of the ROI algebra, and the time course of an ROI against plain numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.brain import roi
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.space import Cortex, Table
from fmri2ges.brain.surface import cortex_graph, load_surface
from fmri2ges.errors import UserError
from fmri2ges.types import Recording, Words

ATLAS = load_atlas()
CORTEX = ATLAS.labels > 0
FEW = settings(max_examples=25, deadline=None)


@st.composite
def rois(draw):
    """Some areas, plus scattered vertices."""
    mask = np.isin(ATLAS.labels, draw(st.lists(st.integers(1, 360), max_size=4)))
    mask[draw(st.lists(st.integers(0, 20483), max_size=20))] = True
    return mask & CORTEX


mm = st.floats(0, 12)


@FEW
@given(rois(), rois(), rois())
def test_sets_obey_de_morgan_and_distribute(a, b, c):
    outside_both = roi.intersection(roi.difference(CORTEX, a), roi.difference(CORTEX, b))
    assert (roi.difference(CORTEX, roi.union(a, b)) == outside_both).all()
    assert (roi.intersection(a, roi.union(b, c)) == roi.union(roi.intersection(a, b), roi.intersection(a, c))).all()
    assert (roi.union(roi.difference(a, b), roi.intersection(a, b)) == a).all()


@FEW
@given(rois(), mm, mm)
def test_dilation_grows_with_mm_and_erosion_shrinks(a, x, y):
    small, large = sorted((x, y))
    grown, shrunk = roi.dilate(a, small), roi.erode(a, small)
    assert (a <= grown).all() and (grown <= roi.dilate(a, large)).all() and not (grown & ~CORTEX).any()
    assert (shrunk <= a).all() and (roi.erode(a, large) <= shrunk).all()


@FEW
@given(rois(), mm)
def test_erosion_is_dilation_of_what_is_outside(a, x):
    assert (roi.erode(a, x) == (CORTEX & ~roi.dilate(CORTEX & ~a, x))).all()


@FEW
@given(rois(), mm)
def test_opening_stays_inside_and_closing_covers(a, x):
    assert (roi.dilate(roi.erode(a, x), x) <= a).all()
    assert (roi.erode(roi.dilate(a, x), x) >= a).all()


@FEW
@given(rois(), rois(), mm)
def test_dilation_of_a_union_is_the_union_of_dilations(a, b, x):
    assert (roi.dilate(roi.union(a, b), x) == roi.union(roi.dilate(a, x), roi.dilate(b, x))).all()


def test_zero_mm_changes_nothing():
    broca = ATLAS.vertices(["Broca"])
    assert (roi.dilate(broca, 0) == broca).all() and (roi.erode(broca, 0) == broca).all()


def test_distance_is_the_shortest_path_over_edges():
    from scipy.sparse.csgraph import dijkstra

    start = int(np.flatnonzero(ATLAS.labels == 1)[0])
    mask = np.zeros(roi.N_ALL, bool)
    mask[start] = True
    assert np.allclose(roi.distance_from(mask), dijkstra(cortex_graph(), indices=start))


def test_distance_is_never_shorter_than_the_straight_line_and_stays_in_its_hemisphere():
    start = int(np.flatnonzero(ATLAS.labels == ATLAS.area_index["L_44"] + 1)[0])
    mask = np.zeros(roi.N_ALL, bool)
    mask[start] = True
    along = roi.distance_from(mask)
    mid = (load_surface("white").vertices + load_surface("pial").vertices) / 2
    straight = np.linalg.norm(mid - mid[start], axis=1)
    reached = np.isfinite(along)
    assert (along[reached] >= straight[reached] - 1e-3).all()
    assert not reached[10242:].any() and not reached[~CORTEX].any() and reached[:10242].sum() > 9000


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_a_bad_distance_is_one_clear_line(bad):
    with pytest.raises(UserError, match="must be 0 or more"):
        roi.dilate(CORTEX, bad)


def test_a_mask_of_numbers_or_of_another_mesh_is_refused():
    with pytest.raises(UserError, match="boolean"):
        roi.union(np.zeros(roi.N_ALL))
    with pytest.raises(UserError, match="shape"):
        roi.union(np.zeros(40962, bool))


def recording(bold, columns=()):
    space = Table(columns) if columns else Cortex()
    return Recording("s", "k", bold, 2.0, 1.0, Words.from_lists([], [], []), space)


@pytest.fixture(scope="module")
def cortex_recording():
    rng = np.random.default_rng(0)
    areas = rng.normal(size=(30, 361))
    return recording((areas[:, ATLAS.labels] + rng.normal(size=(30, 20484))).astype(np.float32))


def test_mean_course_is_the_mean_over_the_vertices(cortex_recording):
    for chosen in (("Broca",), ("L_44",), ("all",)):
        course = roi.mean_course(cortex_recording, chosen)
        expected = cortex_recording.bold[:, ATLAS.vertices(chosen)].mean(1)
        assert np.allclose(course.mean, expected, atol=1e-5)
        assert (course.low <= course.mean).all() and (course.mean <= course.high).all()
        assert np.allclose(course.times, 1 + 2 * np.arange(30))


def test_band_of_a_table_is_the_t_interval_of_scipy():
    from scipy import stats

    bold = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)
    course = roi.mean_course(recording(bold, tuple("abcde")), ("all",))
    low, high = stats.t.interval(0.95, 4, loc=bold.mean(1), scale=stats.sem(bold, axis=1))
    assert np.allclose(course.low, low, atol=1e-5) and np.allclose(course.high, high, atol=1e-5)
    assert course.band == "95 % CI of the mean over 5 ROIs"


def test_the_interval_covers_the_mean_that_areas_share():
    """95 % intervals over areas cover the common course in 93-97 % of the volumes."""
    rng = np.random.default_rng(2)
    bold = rng.normal(size=(3000, 8)).astype(np.float32)
    course = roi.mean_course(recording(bold, tuple("abcdefgh")), ("all",))
    assert 0.93 <= ((course.low <= 0) & (course.high >= 0)).mean() <= 0.97


def test_few_areas_show_a_spread_and_no_interval(cortex_recording):
    course = roi.mean_course(cortex_recording, ("L_44",))
    n = int((ATLAS.labels == ATLAS.area_index["L_44"] + 1).sum())
    assert course.band == f"middle 80 % of {n} vertices"


def test_unknown_and_empty_choices_are_one_clear_line(cortex_recording):
    with pytest.raises(UserError, match="did you mean"):
        roi.mean_course(cortex_recording, ("Brocca",))
    with pytest.raises(UserError, match="at least one"):
        roi.mean_course(cortex_recording, ())
    with pytest.raises(UserError, match="allowed: all, a, b"):
        roi.mean_course(recording(np.zeros((3, 2), np.float32), ("a", "b")), ("c",))


def test_parcel_means_are_the_means_of_the_areas(cortex_recording):
    means = roi.parcel_means(cortex_recording.bold)
    for area in (0, 44, 359):
        assert np.allclose(means[:, area], cortex_recording.bold[:, ATLAS.labels == area + 1].mean(1), atol=1e-5)
