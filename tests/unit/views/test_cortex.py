"""What the cortex on screen is given."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi import Course
from fmri2ges.brain.surface import load_surface
from fmri2ges.views.charts import bold_chart
from fmri2ges.views.cortex import STEP_MM, area_names, area_numbers, mesh_bytes


def unpack():
    raw = mesh_bytes()
    size = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + size])
    arrays = {}
    for a in header["arrays"]:
        start = 4 + size + a["offset"]
        assert start % 4 == 0
        dtype = np.dtype(a["dtype"]).newbyteorder("<")
        arrays[a["name"]] = np.frombuffer(raw, dtype, a["length"], start)
    return header, arrays


def test_the_packed_mesh_is_the_mesh():
    header, arrays = unpack()
    for kind in ("pial", "inflated", "white"):
        packed = arrays[kind].reshape(-1, 3) * header["step"]
        assert np.abs(packed - load_surface(kind).vertices).max() <= STEP_MM / 2 + 1e-4
    assert (arrays["faces"].reshape(-1, 3) == load_surface("pial").faces[:20480]).all()
    assert (arrays["labels"] == load_atlas().labels).all()
    assert header["areas"] == list(load_atlas().areas) and len(header["groups"]) == 16
    assert len(mesh_bytes()) < 700_000  # once for each browser tab


def test_the_packed_flatmap_has_the_triangles_of_the_flatmap():
    header, arrays = unpack()
    flat = load_surface("flat")
    kept = np.unpackbits(arrays["flat_faces"], bitorder="little").astype(bool)
    both = np.concatenate([arrays["faces"].reshape(-1, 3) + side for side in (0, 10242)])
    assert set(map(tuple, both[kept].tolist())) == set(map(tuple, flat.faces.tolist()))
    on_map = np.unique(flat.faces)
    assert np.abs(flat.vertices[on_map, 2]).max() == 0  # nothing is lost with the third coordinate
    packed = arrays["flat"].reshape(-1, 2) * header["step"]
    assert np.abs(packed - flat.vertices[:, :2])[on_map].max() <= STEP_MM / 2 + 1e-4


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 359), max_size=60), st.sets(st.sampled_from(list(load_atlas().groups))))
def test_names_and_numbers_of_a_selection_agree(numbers, groups):
    numbers = numbers | set(area_numbers(groups))
    assert set(area_numbers(area_names(numbers))) == numbers
    assert set(groups) - set(area_names(numbers)) == set() or len(numbers) == 360


def test_numbers_that_are_no_area_are_ignored():
    assert area_names([-1, 360, 5000]) == ()


def test_bold_chart_is_small_names_its_band_and_marks_simulated_data():
    n = 150
    mean = np.sin(np.arange(n) / 5)
    course = Course(1.0 + 2 * np.arange(n), mean, mean - 1, mean + 1, "95 % CI of the mean over 10 areas")
    figure = bold_chart(course, "AC", (10, 40), simulated=True)
    assert figure.layout.title.text == "Mean BOLD of AC (simulated)"
    assert "95 % CI of the mean over 10 areas" in [trace.name for trace in figure.data]
    assert "(s)" in figure.layout.xaxis.title.text and "(z)" in figure.layout.yaxis.title.text
    assert len(figure.to_json()) < 5000  # it travels with every click
