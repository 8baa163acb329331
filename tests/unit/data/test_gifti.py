"""GIFTI files of any program: the same arrays as nibabel, by intent and shape, and never more than they may hold."""

from __future__ import annotations

import base64
import zlib

import nibabel
import numpy as np
import pytest

from fmri2ges.data.bold.read import read_bold, standardize
from fmri2ges.data.gifti import read_gifti
from fmri2ges.data.rois.files import read_rois
from fmri2ges.errors import UserError
from tests.gifti_text import TYPES, Array, stored_bytes, write_gifti_text

N = 10242
SIGNAL = np.sin(np.arange(12.0))[:, None] + 0.1 * np.random.default_rng(0).normal(size=(12, 2 * N))
LEFT, RIGHT = SIGNAL[:, :N].astype(np.float32), SIGNAL[:, N:].astype(np.float32)
EXPECTED = standardize(SIGNAL.astype(np.float32))[0]
NAME = "sub-01_hemi-{}_bold.func.gii"


def pair(folder, arrays_of, ending: str = "", **options):
    """Both hemispheres with the arrays that `arrays_of` makes of a signal; returns the left file."""
    for side, values in (("L", LEFT), ("R", RIGHT)):
        write_gifti_text(folder / (NAME.format(side) + ending), arrays_of(values), side, **options)
    return folder / (NAME.format("L") + ending)


@pytest.mark.parametrize("encoding", ["ASCII", "Base64Binary", "GZipBase64Binary"])
@pytest.mark.parametrize("endian", ["LittleEndian", "BigEndian"])
@pytest.mark.parametrize("order", ["RowMajorOrder", "ColumnMajorOrder"])
def test_every_way_to_write_an_array_is_what_nibabel_reads(tmp_path, encoding, endian, order):
    rng = np.random.default_rng(1)
    arrays = []
    for code in TYPES:
        whole = rng.integers(0, 100, (5, 3)).astype(code)
        values = rng.normal(size=(5, 3)).astype(code) if code.startswith("f") else whole
        arrays.append(Array(values, "NONE", encoding, endian, order, {"Name": f"map {code}"}))
    path = write_gifti_text(tmp_path / "x.func.gii", arrays, "L", labels={0: "???", 7: "V1 & V2".replace("&", "&amp;")})
    ours, theirs = read_gifti(path), nibabel.load(path)
    assert ours.meta == dict(theirs.meta) and ours.labels == theirs.labeltable.get_labels_as_dict()
    for mine, other in zip(ours.arrays, theirs.darrays, strict=True):
        np.testing.assert_array_equal(mine.data, other.data)
        assert mine.data.dtype == other.data.dtype and mine.meta == dict(other.meta)


def test_a_list_of_vertices_is_no_volume(tmp_path):
    """NODE_INDEX may come first or last, and its order is that of the rows."""
    order = np.random.default_rng(2).permutation(N).astype(np.int32)
    plain = np.arange(N, dtype=np.int32)
    for index in (plain, order):
        for first in (True, False):

            def arrays_of(values, index=index, first=first):
                rows = [Array(v[index]) for v in values]
                nodes = [Array(index, "NODE_INDEX")]
                return nodes + rows if first else rows + nodes

            np.testing.assert_allclose(read_bold(pair(tmp_path, arrays_of)).data, EXPECTED, atol=1e-5)


def test_vertices_that_are_not_listed_are_missing(tmp_path):
    kept = np.flatnonzero(np.arange(N) % 10)

    def arrays_of(values):
        return [Array(kept.astype(np.int32), "NODE_INDEX"), *(Array(v[kept]) for v in values)]

    bold = read_bold(pair(tmp_path, arrays_of))
    both = np.concatenate([kept, N + kept])
    np.testing.assert_allclose(bold.data[:, both], EXPECTED[:, both], atol=1e-5)
    assert bold.n_nan == 2 * (N - len(kept)) and not bold.data[:, ::10][:, : N // 10].any()


@pytest.mark.parametrize(
    "index, message",
    [
        (np.arange(100), "holds 100 vertices up to number 99 of a mesh that it does not name"),
        (np.zeros(N), "names a vertex twice"),
        (np.arange(N) - 1, "must hold whole numbers from 0 on"),
        (np.arange(N - 1), r"names 10241 vertices \(NODE_INDEX\), but an array has the shape \(10242,\)"),
    ],
)
def test_a_list_of_vertices_that_fits_nothing_is_refused(tmp_path, index, message):
    path = pair(tmp_path, lambda v: [Array(index.astype(np.int32), "NODE_INDEX"), *map(Array, v)])
    with pytest.raises(UserError, match=message):
        read_bold(path)


@pytest.mark.parametrize(
    "arrays_of",
    [
        lambda values: [Array(v[:, None]) for v in values],
        lambda values: [Array(v[None]) for v in values],
        lambda values: [Array(values.T[:, None, :])],
        lambda values: [Array(values)],
        lambda values: [Array(values[0], "SHAPE"), *map(Array, values)],
        lambda values: [Array(v, "NONE") for v in values],
        lambda values: [Array(np.zeros((N, 3), np.float32), "POINTSET"), *(Array(v, "NONE") for v in values)],
    ],
    ids=["(n, 1)", "(1, n)", "(n, 1, volumes)", "(volumes, n)", "a map beside", "no intent", "geometry beside"],
)
def test_volumes_are_told_by_intent_and_shape(tmp_path, arrays_of):
    np.testing.assert_allclose(read_bold(pair(tmp_path, arrays_of)).data, EXPECTED, atol=1e-5)


def test_packed_files_open(tmp_path):
    np.testing.assert_allclose(
        read_bold(pair(tmp_path, lambda v: [Array(x) for x in v], ".gz")).data, EXPECTED, atol=1e-5
    )


@pytest.mark.parametrize("step, tr", [("2000.000000", 2.0), ("1500", 1.5), ("0.72", 0.72)])
@pytest.mark.parametrize("in_array", [True, False])
def test_the_time_step_is_a_repetition_time(tmp_path, step, tr, in_array):
    """FreeSurfer writes milliseconds into the metadata of each array."""
    meta = {"TimeStep": step}
    path = pair(tmp_path, lambda v: [Array(x, meta=meta if in_array else {}) for x in v], meta={} if in_array else meta)
    assert read_bold(path, tr=tr).notes == ()
    with pytest.raises(UserError, match=f"its header says TR {tr:g} s, but the study says tr = 3; correct tr"):
        read_bold(path, tr=3.0)


def test_a_time_step_of_zero_says_nothing(tmp_path):
    path = pair(tmp_path, lambda v: [Array(x, meta={"TimeStep": "0.000000"}) for x in v])
    (note,) = read_bold(path, tr=2.0).notes
    assert note == "TR 2 s counts, as the study says; the header says 0 s, as programs write that do not know it"


def test_a_name_that_contradicts_the_metadata_is_refused(tmp_path):
    for side, other in (("L", "R"), ("R", "L")):
        write_gifti_text(tmp_path / NAME.format(side), [Array(v) for v in LEFT], other)
    with pytest.raises(UserError, match="its name says hemisphere L, but its metadata say R; correct one of them"):
        read_bold(tmp_path / NAME.format("L"))


def test_labels_are_no_bold(tmp_path):
    path = pair(tmp_path, lambda v: [Array(np.zeros(N, np.int32), "LABEL")])
    with pytest.raises(UserError, match="holds labels, not BOLD"):
        read_bold(path)


# External files.


def external(tmp_path, name: str, data=None, offset: int = 16):
    """A mask of the first ten vertices whose bytes lie in another file."""
    mask = (np.arange(N) < 10).astype(np.float32)
    array = Array(mask, "NONE", "ExternalFileBinary", external=(name, offset))
    data = b"\0" * offset + stored_bytes(array) if data is None else data
    return write_gifti_text(tmp_path / "in" / "lh.x.func.gii", [array], "L"), data


def test_a_file_beside_holds_the_data(tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    path, data = external(tmp_path, "sub/x.dat")
    (tmp_path / "in" / "sub" / "x.dat").write_bytes(data)
    np.testing.assert_array_equal(read_gifti(path).arrays[0].data, nibabel.load(path).darrays[0].data)


@pytest.mark.parametrize("name", ["../x.dat", "/etc/passwd", "link.dat", ""])
def test_a_file_elsewhere_is_not_read(tmp_path, name):
    (tmp_path / "in").mkdir()
    path, data = external(tmp_path, name)
    (tmp_path / "x.dat").write_bytes(data)
    (tmp_path / "in" / "link.dat").symlink_to(tmp_path / "x.dat")
    with pytest.raises(UserError, match="outside its own folder, which is not read"):
        read_gifti(path)


def test_a_file_that_is_too_short_or_missing(tmp_path):
    (tmp_path / "in").mkdir()
    path, data = external(tmp_path, "x.dat")
    with pytest.raises(UserError, match="x.dat: no such file"):
        read_gifti(path)
    (tmp_path / "in" / "x.dat").write_bytes(data[:-1])
    with pytest.raises(UserError, match="x.dat is shorter than the 40984 bytes that are stated"):
        read_gifti(path)


# What a small file may claim.


def packed_zeros(n_bytes: int) -> str:
    return base64.b64encode(zlib.compress(bytes(n_bytes), 9)).decode()


def test_many_maps_in_a_small_file_are_refused(tmp_path):
    """The maps are 655 kB each, and take less than a kilobyte in the file."""
    path = write_gifti_text(tmp_path / "x.label.gii", [Array(np.zeros(163842, np.int32), "LABEL")], "L")
    one = path.read_text().split("<DataArray")[1].split("</DataArray>")[0]
    body = f"<DataArray{one}</DataArray>"
    path.write_text(path.read_text().replace(body, body * 1000))
    assert path.stat().st_size < 2e6
    with pytest.raises(UserError, match="to more than 256 MB, which no such file does"):
        read_rois(path)


def test_data_longer_than_stated_are_not_unpacked(tmp_path):
    path = write_gifti_text(tmp_path / "x.func.gii", [Array(np.zeros(N, np.float32))], "L")
    text = path.read_text()
    start, end = text.index("<Data>") + 6, text.index("</Data>")
    path.write_text(text[:start] + packed_zeros(500_000_000) + text[end:])
    with pytest.raises(UserError, match="an array holds more than the 40968 bytes that it states"):
        read_gifti(path)
    path.write_text(text[:start] + packed_zeros(40_000) + text[end:])
    with pytest.raises(UserError, match="an array holds 40000 bytes where it states 40968"):
        read_gifti(path)


def test_a_stated_size_is_refused_before_memory_is_taken(tmp_path):
    path = write_gifti_text(tmp_path / "x.func.gii", [Array(np.zeros(9, np.float32), dims=(10**6, 10**6))], "L")
    with pytest.raises(UserError, match="to more than 256 MB"):
        read_gifti(path)


@pytest.mark.parametrize(
    "declaration", ['<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a "b">']
)
def test_declared_entities_are_refused(tmp_path, declaration):
    path = write_gifti_text(tmp_path / "x.func.gii", [Array(np.zeros(N, np.float32))], "L", meta={"a": "b"})
    text = path.read_text()
    start = text.index("<!DOCTYPE")
    path.write_text(f"{text[:start]}<!DOCTYPE GIFTI [{declaration}]>{text[text.index('<GIFTI ') :]}")
    with pytest.raises(UserError, match="cannot be read as GIFTI .*EntitiesForbidden"):
        read_gifti(path)


def test_too_many_elements_are_refused(tmp_path):
    (tmp_path / "x.gii").write_text("<GIFTI>" + "<MD/>" * 1_000_001 + "</GIFTI>")
    with pytest.raises(UserError, match="it has too many elements"):
        read_gifti(tmp_path / "x.gii")


@pytest.mark.parametrize("text", ["", "<html/>", "no XML", "<GIFTI><DataArray Dim0='x'/></GIFTI>"])
def test_what_is_no_gifti_is_refused_in_a_line(tmp_path, text):
    (tmp_path / "x.gii").write_text(text)
    with pytest.raises(UserError, match="cannot be read as GIFTI") as error:
        read_gifti(tmp_path / "x.gii")
    assert "\n" not in str(error.value)
