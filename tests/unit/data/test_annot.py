"""FreeSurfer annotations: each vertex gets the label of its own colour, or none, whatever the table holds."""

import struct

import numpy as np
import pytest

from fmri2ges.brain.atlas import N_VERTICES, load_atlas
from fmri2ges.data.rois.files import read_rois
from fmri2ges.data.rois.names import is_empty
from fmri2ges.errors import UserError

N = N_VERTICES


def colour(red, green, blue):
    return red + (green << 8) + (blue << 16)


def annot(path, colours, rows, numbers=None, top=None):
    """The new form: `rows` are (number of the structure, name, red, green, blue)."""
    numbers = np.arange(N) if numbers is None else numbers

    def text(s):
        return struct.pack(">i", len(s) + 1) + s.encode() + b"\0"

    table = b"".join(struct.pack(">i", k) + text(name) + struct.pack(">4i", r, g, b, 0) for k, name, r, g, b in rows)
    head = struct.pack(">i", N) + np.stack([numbers, colours], 1).astype(">i4").tobytes()
    top = max((k for k, *_ in rows), default=-1) + 1 if top is None else top
    path.write_bytes(head + struct.pack(">3i", 1, -2, top) + text("x.ctab") + struct.pack(">i", len(rows)) + table)
    return path


V1, MT = colour(10, 20, 30), colour(200, 0, 7)
ROWS = [(0, "unknown", 25, 5, 25), (1, "V1", 10, 20, 30), (2, "MT", 200, 0, 7)]


def cortex(*vertices):
    """Vertices without those of the medial wall, which no ROI holds."""
    return [v for v in range(*vertices) if load_atlas().labels[v]]


def masks(path):
    return {roi.name: np.flatnonzero(roi.mask).tolist() for roi in read_rois(path)}


@pytest.fixture
def colours():
    out = np.zeros(N, int)
    out[100:200], out[300:350] = V1, MT
    return out


def test_a_colour_that_no_row_has_is_no_label(tmp_path, colours):
    colours[400:500] = colour(11, 20, 30)  # nibabel takes the next row for it
    assert masks(annot(tmp_path / "lh.x.annot", colours, ROWS)) == {
        "V1": cortex(100, 200),
        "MT": cortex(300, 350),
    }


def test_rows_may_have_gaps_and_any_order(tmp_path, colours):
    rows = [(7, "MT", 200, 0, 7), (2, "V1", 10, 20, 30)]
    found = masks(annot(tmp_path / "rh.x.annot", colours, rows))
    assert found == {"MT": cortex(N + 300, N + 350), "V1": cortex(N + 100, N + 200)}


def test_vertices_may_stand_in_any_order(tmp_path, colours):
    order = np.random.default_rng(0).permutation(N)
    assert masks(annot(tmp_path / "lh.x.annot", colours[order], ROWS, order))["V1"] == cortex(100, 200)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([*ROWS, (3, "A1", 10, 20, 30)], "'V1' and 'A1' have one colour"),
        ([*ROWS, (3, "A1", 0, 0, 0)], "'A1' is black, which means no label"),
        ([*ROWS, (3, "A1", 300, 0, 0)], "gives 'A1' the colour 300 0 0"),
    ],
)
def test_colours_that_tell_no_label_are_refused(tmp_path, colours, rows, message):
    with pytest.raises(UserError, match=message):
        read_rois(annot(tmp_path / "lh.x.annot", colours, rows))


def test_labels_that_no_vertex_has_may_share_a_colour(tmp_path, colours):
    rows = [*ROWS, (3, "A1", 9, 9, 9), (4, "A2", 9, 9, 9), (5, "Unknown", 25, 5, 25), (6, "none", 0, 0, 0)]
    assert set(masks(annot(tmp_path / "lh.x.annot", colours, rows))) == {"V1", "MT"}


def test_sizes_that_the_file_cannot_have_are_refused_without_taking_memory(tmp_path, colours):
    path = annot(tmp_path / "lh.x.annot", colours, ROWS)
    data = bytearray(path.read_bytes())
    struct.pack_into(">i", data, 4 + 8 * N + 12, 2**30)
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"states a name of 1073741824 letters"):
        read_rois(path)
    path.write_bytes(data[: 4 + 8 * N - 3])
    with pytest.raises(UserError, match="cut off inside its vertices"):
        read_rois(path)
    repeated = annot(tmp_path / "lh.y.annot", colours, ROWS, np.zeros(N, int))
    with pytest.raises(UserError, match="does not name each vertex once"):
        read_rois(repeated)


@pytest.mark.parametrize(
    "name",
    "??? unknown Unknown Medial_wall MEDIAL.WALL medialwall FreeSurfer_Defined_Medial_Wall L_Medial_Wall lh.unknown "
    "ctx-lh-unknown L_??? NONE corpuscallosum Background+FreeSurfer_Defined_Medial_Wall NONAME".split(),
)
def test_names_that_mean_nothing(name):
    assert is_empty(name)


@pytest.mark.parametrize("name", ["V1", "L_V1", "left hand", "medial frontal", "wall", "L", "lh", "unknown area 5"])
def test_names_that_mean_something(name):
    assert not is_empty(name)
