"""What a small brain or ROI file may cost: it is read or refused quickly, in bounded memory."""

from __future__ import annotations

import gzip
import json
import struct

import h5py
import nibabel
import numpy as np
import pytest

from fmri2ges.data.bold.pycortex import _points as surface_points
from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.gifti import read_gifti
from fmri2ges.data.limits import FREE, unpacked_limit
from fmri2ges.data.rois.files import read_rois, select_rois
from fmri2ges.errors import UserError
from tests import roi_files as make
from tests.bold_files import make_mask, pack, write_dtseries, write_hf5, write_mask, write_nifti
from tests.fuzz import survives
from tests.gifti_text import Array, write_gifti_text


def refused(tmp_path, message: str, reader, data: bytes, name: str):
    """The file is refused with a message, in little time and memory."""

    def read(path):
        with pytest.raises(UserError, match=message) as error:
            reader(path)
        raise error.value

    assert not survives(read, data, name, tmp_path)


def rois(path):
    return select_rois([path])


def test_the_limit_grows_with_the_file(tmp_path):
    (tmp_path / "a").write_bytes(bytes(1000))
    (tmp_path / "b").write_bytes(bytes(10**7))
    assert (unpacked_limit(tmp_path / "a"), unpacked_limit(tmp_path / "b")) == (FREE, 5 * 10**8)


def test_spaces_that_unpack_without_end(tmp_path):
    data = gzip.compress(b"<GIFTI>" + b" " * (FREE + 10**6), 1)
    refused(tmp_path, "to more than 256 MB", read_gifti, data, "x.label.gii.gz")


def test_thousands_of_labels_in_hundreds_of_maps(tmp_path):
    keys = (np.arange(10242) % 1999).astype(np.int32)
    path = write_gifti_text(
        tmp_path / "y.label.gii", [Array(keys, "LABEL")], "L", labels={k: f"r{k}" for k in range(1, 1999)}
    )
    text = path.read_text()
    body = text[text.index("<DataArray") : text.index("</GIFTI>")]
    data = text.replace(body, body * 200).encode()
    refused(tmp_path, "more than 200000 pieces", rois, data, "x.label.gii")


def test_a_label_for_every_vertex(tmp_path):
    path = write_gifti_text(tmp_path / "y.label.gii", [Array(np.arange(10242, dtype=np.int32), "LABEL")], "L")
    refused(
        tmp_path, "has 10241 different labels; a label map has at most 2000", rois, path.read_bytes(), "x.label.gii"
    )


SHAPES = {
    "corners": "M0,0 " + "L1,2 " * 150_000,
    "long curves": "M0,0 " + "c 900,0 0,900 900,900 " * 20_000,
    "far curves": "M0,0 " + "c 9e5,0 0,9e5 9e5,9e5 " * 2_000,
    "arcs": "M0,0 " + "a 900,900 0 1 0 200,0 " * 30_000,
    "digits": "M0,0 " + "1" * 900_000,
    "far away": "M0,0 L1e300,0 L0,1e300 z",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_drawn_paths(tmp_path, shape):
    path = make.store(tmp_path, {"V1": SHAPES[shape]})
    refused(tmp_path, "'V1': its path", rois, path.read_bytes(), "overlays.svg")


def test_many_shapes_over_the_whole_drawing(tmp_path):
    path = make.store(tmp_path, {f"r{i}": "M0,0 L1600,0 1600,1024 0,1024 z" for i in range(5000)})
    refused(tmp_path, "its shapes have too many corners", rois, path.read_bytes(), "overlays.svg")


def test_a_drawing_of_more_text_or_elements_than_one_has(tmp_path):
    path = make.store(tmp_path, {"V1": "M0,0 L5,5 L0,5 z"})
    text = path.read_text()
    more = text.replace("M0,0 L5,5 L0,5 z", " " * 1_000_001).encode()
    refused(tmp_path, "its paths have 1000001 characters", rois, more, "overlays.svg")
    refused(
        tmp_path,
        "it has too many elements",
        rois,
        text.replace("</svg>", "<g/>" * 100_000 + "</svg>").encode(),
        "overlays.svg",
    )


@pytest.mark.parametrize("declaration", ['<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">'])
def test_entities_of_a_drawing_are_refused(tmp_path, declaration):
    path = make.store(tmp_path, {"V1": "M300,300 L560,420 350,700 z"})
    whole = path.read_text()
    text = whole.replace("<svg ", f"<!DOCTYPE svg [{declaration}]><svg ", 1)
    refused(tmp_path, "cannot be read as SVG .*EntitiesForbidden", rois, text.encode(), "overlays.svg")
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    path.write_text(whole.replace("<svg ", f"{doctype}<svg ", 1))
    assert read_rois(path)  # the usual declaration is no entity


def test_many_columns_and_names(tmp_path):
    n = 200_000
    names = "\t".join(f"r{k}" for k in range(n))
    row = "\t".join(["1.5"] * n)
    refused(tmp_path, "no column varies", read_bold, f"{names}\n{(row + chr(10)) * 5}".encode(), "a.tsv")
    refused(
        tmp_path,
        "the column name 'r' occurs more than once",
        read_bold,
        ("\t".join(["r"] * n) + "\n1\n").encode(),
        "b.tsv",
    )
    np.save(tmp_path / "c.npy", np.random.default_rng(0).random((6, n), np.float32))
    wanted = tuple(f"r{k}" for k in range(n))
    assert read_bold(tmp_path / "c.npy", wanted).columns == wanted
    with pytest.raises(UserError, match="occurs more than once") as error:
        read_bold(tmp_path / "c.npy", ("x" * 1000,) * n)
    assert len(str(error.value)) < 400


def test_tables_of_one_line_or_of_millions(tmp_path):
    refused(tmp_path, "at most 200000 lines of 8388608 characters", read_bold, b"1\n" * 1_000_000, "a.txt")
    refused(tmp_path, "at most 200000 lines of 8388608 characters", read_bold, b"1 " * 10_000_000, "b.txt")


def test_polygons_and_members(tmp_path):
    corners = np.random.default_rng(0).uniform(-100, 100, (50_001, 2)).round(2).tolist()
    entries = [{"name": "a", "hemisphere": "L", "polygon": corners}]
    data = json.dumps({"format": "fmri2ges-roi", "version": 1, "rois": entries}).encode()
    refused(tmp_path, "its polygons have 50001 corners", rois, data, "a.json")
    refused(tmp_path, "is larger than 16 MB", rois, b" " * (16 * 2**20 + 1), "b.json")
    rows = "".join(f"a{k},L,1\n" for k in range(50_000))
    refused(tmp_path, "holds more than 2000 ROIs", rois, f"roi,hemisphere,vertex\n{rows}".encode(), "c.csv")


def change_nifti(path, format: str, offset: int, *values) -> bytes:
    data = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into(format, data, offset, *values)
    return gzip.compress(bytes(data))


def test_headers_of_volumes(tmp_path):
    mask = make_mask()
    masks = (write_mask(tmp_path / "m.nii", mask),)
    path = write_nifti(tmp_path / "whole.nii.gz", np.arange(9.0), mask)

    def read(path):
        return read_bold(path, masks=masks)

    far = change_nifti(path, "<f", 108, 1e9)
    refused(tmp_path, "its header puts the data after 1e", read, far, "a.nii.gz")
    large = change_nifti(path, "<8h", 40, 4, 500, 500, 500, 5000, 1, 1, 1)
    refused(tmp_path, "its header says .* GiB of data", read, large, "b.nii.gz")
    refused(tmp_path, "its header says .* GiB of data", rois, large, "c.nii.gz")
    image = nibabel.MGHImage(np.zeros((4, 4, 4), np.float32), np.eye(4))
    nibabel.save(image, tmp_path / "m.mgz")
    data = bytearray(gzip.decompress((tmp_path / "m.mgz").read_bytes()))
    struct.pack_into(">4i", data, 4, 30000, 30000, 30000, 1)
    refused(tmp_path, "its header says .* GiB of data", rois, gzip.compress(bytes(data)), "lh.m.mgz")


def test_a_volume_of_zeros_with_a_large_mask(tmp_path):
    """Zeros outside of a small mask are usual; as many inside are no measurement."""
    shape = (100, 100, 100)
    nibabel.save(nibabel.Nifti1Image(np.zeros((*shape, 80), np.int8), np.eye(4)), tmp_path / "whole.nii.gz")
    masks = (write_mask(tmp_path / "m.nii", np.ones(shape), np.eye(4)),)
    few = np.zeros(shape)
    few[:5] = 1
    data = (tmp_path / "whole.nii.gz").read_bytes()
    refused(tmp_path, "to more than 256 MB", lambda path: read_bold(path, masks=masks), data, "a.nii.gz")
    with pytest.raises(UserError, match="no column varies"):
        read_bold(tmp_path / "whole.nii.gz", masks=(write_mask(tmp_path / "n.nii", few, np.eye(4)),))


def test_a_packed_cifti_whose_header_is_huge(tmp_path):
    whole = gzip.decompress(pack(write_dtseries(tmp_path / "a.dtseries.nii", np.arange(8.0))).read_bytes())
    data = bytearray(whole)
    struct.pack_into("<q", data, 168, 2**40)
    refused(tmp_path, "its header puts the data after", read_bold, gzip.compress(bytes(data)), "b.dtseries.nii.gz")


def test_packed_hdf5(tmp_path):
    with h5py.File(tmp_path / "a.hf5", "w") as f:
        f.create_dataset("data", data=np.zeros((500, 200_000), np.float32), chunks=(500, 2000), compression="gzip")
    with pytest.raises(UserError, match="to more than 256 MB"):
        read_bold(tmp_path / "a.hf5")
    with h5py.File(tmp_path / "b.hf5", "w") as f:
        f.create_dataset("data", (500, 20_000), "f4", chunks=(1, 1))[0, 0] = 1
    with pytest.raises(UserError, match="is packed in 10000000 pieces of 1 x 1 numbers"):
        read_bold(tmp_path / "b.hf5")


@pytest.mark.parametrize("chunks", [None, (1, 300), (60, 7), (40, 300), (7, 11), True])
def test_hdf5_in_pieces_of_any_shape_gives_the_same(tmp_path, chunks):
    values = np.random.default_rng(0).normal(size=(60, 300)).astype(np.float32)
    expected = read_bold(write_hf5(tmp_path / "plain.hf5", values)).data
    with h5py.File(tmp_path / "a.hf5", "w") as f:
        f.create_dataset("data", data=values, chunks=chunks, compression="gzip" if chunks else None)
    np.testing.assert_array_equal(read_bold(tmp_path / "a.hf5").data, expected)


def link_elsewhere(path, other):
    with h5py.File(path, "w") as f:
        f["data"] = h5py.ExternalLink(str(other), "data")


def bytes_elsewhere(path, other):
    with h5py.File(path, "w") as f:
        f.create_dataset("data", (10, 10), "f4", external=[(str(other), 0, 400)])


def view_elsewhere(path, other):
    layout = h5py.VirtualLayout((10, 10), "f4")
    layout[:] = h5py.VirtualSource(str(other), "data", (10, 10))
    with h5py.File(path, "w") as f:
        f.create_virtual_dataset("data", layout)


@pytest.mark.parametrize("make_file", [link_elsewhere, bytes_elsewhere, view_elsewhere], ids=lambda f: f.__name__)
def test_hdf5_data_in_another_file_are_not_read(tmp_path, make_file):
    write_hf5(tmp_path / "other.hf5", np.random.default_rng(0).normal(size=(10, 10)))
    make_file(tmp_path / "a.hf5", tmp_path / "other.hf5")
    with pytest.raises(UserError, match="the data of `data` lie in another file, which is not read"):
        read_bold(tmp_path / "a.hf5")


def test_a_packed_cifti_whose_extension_says_two_gigabytes(tmp_path):
    path = make.dscalar(tmp_path / "a.dscalar.nii", {"a": 1.0 * make.V1})
    data = bytearray(path.read_bytes())
    struct.pack_into("<q", data, 168, 2**31 - 4)  # where the numbers begin, behind the extension
    struct.pack_into("<i", data, 544, 2**31 - 600)
    assert not survives(rois, gzip.compress(bytes(data)), "x.dscalar.nii.gz", tmp_path)


def test_a_freesurfer_surface_that_announces_more_than_it_holds(tmp_path):
    points = np.random.default_rng(0).normal(size=(200, 3)) * 50
    path = tmp_path / "lh.sphere.reg"
    nibabel.freesurfer.write_geometry(path, points, np.arange(300).reshape(100, 3) % 200, create_stamp="x")
    np.testing.assert_allclose(surface_points(path), points, rtol=1e-6)
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack(">2i", 200, 100))
    struct.pack_into(">i", data, at, 2**29)
    refused(tmp_path, r"says 536870912 vertices and 100 faces, more than", surface_points, bytes(data), path.name)


@pytest.mark.parametrize("name", ["x.dscalar.nii", "x.dscalar.nii.gz"])
def test_an_extension_that_says_that_it_is_longer_than_its_room(tmp_path, name):
    data = bytearray(make.dscalar(tmp_path / "a.dscalar.nii", {"a": 1.0 * make.V1}).read_bytes())
    struct.pack_into("<i", data, 544, 2**31 - 600)
    packed = gzip.compress(bytes(data)) if name.endswith("gz") else bytes(data)
    refused(tmp_path, "an extension of 2147483048 bytes where there is room for", rois, packed, name)


def test_data_that_begin_before_the_extensions(tmp_path):
    """Then the library reads extensions until the end of the file, each as long as it says."""
    data = bytearray(make.dscalar(tmp_path / "a.dscalar.nii", {"a": 1.0 * make.V1}).read_bytes())
    struct.pack_into("<q", data, 168, 0)
    refused(tmp_path, "has extensions, but puts the data before them", rois, bytes(data), "x.dscalar.nii")


def test_a_cifti_that_names_an_axis_of_any_number(tmp_path):
    data = make.dscalar(tmp_path / "a.dscalar.nii", {"a": 1.0 * make.V1}).read_bytes()
    old, new = b'AppliesToMatrixDimension="1"', b'AppliesToMatrixDimension="999999999"'
    at = data.index(b"</CIFTI>") + 8
    spare = data[at : struct.unpack_from("<q", data, 168)[0]]
    assert len(spare) >= 8, "no padding to make room"
    changed = data[:at].replace(old, new) + data[at + 8 :]
    refused(tmp_path, "a map of the axes 999999999", rois, changed, "x.dscalar.nii")
