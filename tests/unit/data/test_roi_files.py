"""ROIs from the files of other programs, each built in its own layout."""

import re

import nibabel
import numpy as np
import pytest
from nibabel.gifti.parse_gifti_fast import GiftiImageParser

from fmri2ges.brain.roi import N_ALL, cover
from fmri2ges.brain.surface import MESH_SIZES, load_surface
from fmri2ges.data.atomic import write_json
from fmri2ges.data.rois.files import read_rois, select_rois
from fmri2ges.errors import UserError
from tests.roi_files import (
    ATLAS,
    BROCA,
    LEFT,
    RIGHT,
    V1,
    annot,
    ball_nifti,
    dense_labels,
    dlabel,
    fs_label,
    label_gii,
    metric_gii,
    old_annot,
    on_drawing,
    on_mesh,
    roi_json,
    store,
)

KEYS = V1[LEFT] + 2 * BROCA[LEFT]  # 1 in V1, 2 in Broca
MID = (load_surface("white").vertices + load_surface("pial").vertices) / 2
ON_MAP = np.isin(np.arange(N_ALL), load_surface("flat").faces)


def masks(path, **options):
    return {roi.name: roi.mask for roi in read_rois(path, **options)}


def left(mask):
    out = mask.copy()
    out[RIGHT] = False
    return out


@pytest.mark.parametrize("n", MESH_SIZES)
def test_label_gifti_of_every_mesh(tmp_path, n):
    rng = np.random.default_rng(0)
    keys = np.where(on_mesh(V1[LEFT], n, rng), 1, 0)
    found = masks(label_gii(tmp_path / "x.label.gii", keys))
    assert found.keys() == {"V1"}
    np.testing.assert_array_equal(found["V1"], left(V1))


def test_label_gifti_on_fslr_lands_where_the_index_says(tmp_path):
    keys = dense_labels(V1)["CIFTI_STRUCTURE_CORTEX_RIGHT"]
    found = masks(label_gii(tmp_path / "x.label.gii", keys, "CortexRight"))
    assert (V1[RIGHT] <= found["V1"][RIGHT]).all() and found["V1"].sum() < 1.1 * V1[RIGHT].sum()


def test_every_label_is_an_roi_and_the_empty_ones_are_none(tmp_path):
    found = masks(
        label_gii(tmp_path / "x.label.gii", np.where(KEYS == 0, 3, KEYS), names=("???", "V1", "Broca", "???"))
    )
    assert found.keys() == {"V1", "Broca"}
    np.testing.assert_array_equal(found["Broca"], left(BROCA))


def test_metric_gifti_is_a_mask_above_a_half(tmp_path):
    values = np.where(BROCA[RIGHT], 0.6, 0.4)
    values[:50] = np.nan
    expected = np.zeros(N_ALL, bool)
    expected[RIGHT] = BROCA[RIGHT] & (np.arange(10242) >= 50)
    np.testing.assert_array_equal(masks(metric_gii(tmp_path / "m.func.gii", values, "CortexRight"))["mine"], expected)


@pytest.mark.parametrize("write", [annot, old_annot])
def test_annot(tmp_path, write):
    found = masks(write(tmp_path / "lh.mine.annot", KEYS))
    assert found.keys() == {"V1", "Broca"}
    np.testing.assert_array_equal(found["V1"], left(V1))
    np.testing.assert_array_equal(found["Broca"], left(BROCA))


def test_annot_whose_first_label_is_an_roi(tmp_path):
    keys = np.where(V1[LEFT], 0, -1)
    found = masks(annot(tmp_path / "lh.mine.annot", keys, names=("V1", "Broca")))
    assert found.keys() == {"V1"}
    np.testing.assert_array_equal(found["V1"], left(V1))


def test_freesurfer_label_keeps_the_vertices_that_all_meshes_share(tmp_path):
    inside = np.flatnonzero(V1[RIGHT])
    path = fs_label(tmp_path / "rh.V1_exvivo.label", [*inside, 10242, 50000, 163841])
    expected = np.zeros(N_ALL, bool)
    expected[10242 + inside] = True
    np.testing.assert_array_equal(masks(path)["V1_exvivo"], expected)
    np.testing.assert_array_equal(nibabel.freesurfer.read_label(path)[: len(inside)], inside)
    one = masks(fs_label(tmp_path / "lh.one.label", inside[:1]))["one"]
    assert np.flatnonzero(one).tolist() == [inside[0]]


def test_cifti_dlabel(tmp_path):
    found = masks(dlabel(tmp_path / "x.dlabel.nii", dense_labels(BROCA), share=0.5))
    assert found.keys() == {"mine"}
    mask = found["mine"]
    assert (BROCA <= mask).all()  # every vertex is at the place of one that was set
    assert 2 * (mask & BROCA).sum() / (mask.sum() + BROCA.sum()) > 0.97
    assert set(cover(mask).areas) == set(ATLAS.expand(["Broca"]))


def test_nifti_ball_takes_the_cortex_inside_it(tmp_path):
    centre = MID[np.flatnonzero(BROCA)[0]]
    mask = masks(ball_nifti(tmp_path / "ball.nii.gz", centre, 20))["ball"]
    distance = np.linalg.norm(MID - centre, axis=1)
    cortex = ATLAS.labels > 0
    assert mask[cortex & (distance < 16)].all() and not mask[distance > 23].any() and mask.sum() > 50


@pytest.mark.slow
def test_nifti_is_what_nilearn_samples(tmp_path):
    from nilearn.datasets import load_fsaverage
    from nilearn.surface import vol_to_surf

    path = ball_nifti(tmp_path / "ball.nii", (50, -20, 5), 17, mm=3.0)
    meshes = load_fsaverage("fsaverage5")
    expected = [
        vol_to_surf(
            str(path), meshes["pial"].parts[s], inner_mesh=meshes["white_matter"].parts[s], interpolation="linear"
        )
        > 0.5
        for s in ("left", "right")
    ]
    np.testing.assert_array_equal(masks(path)["ball"], np.concatenate(expected) & (ATLAS.labels > 0))


def even_odd(points, polygon):
    """Points inside a polygon by counting crossings to the right, written out."""
    inside = np.zeros(len(points), bool)
    x, y = points.T
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


SQUARE = np.array([[-40.2, -30.1], [35.3, -22.4], [20.7, 41.8], [-10.1, 5.5]])


@pytest.mark.parametrize("turned", [False, True])
def test_polygon_on_the_flatmap(tmp_path, turned):
    polygon = SQUARE[::-1] if turned else SQUARE
    path = roi_json(tmp_path / "p.json", [{"name": "mine", "hemisphere": "R", "polygon": polygon.tolist()}])
    expected = np.zeros(N_ALL, bool)
    expected[RIGHT] = even_odd(load_surface("flat").vertices[RIGHT, :2], SQUARE)
    expected &= ON_MAP & (ATLAS.labels > 0)
    assert expected.sum() > 200
    np.testing.assert_array_equal(masks(path)["mine"], expected)


def test_json_entries_of_one_name_are_one_roi(tmp_path):
    entries = [
        {"name": "a", "hemisphere": side, "vertices": np.flatnonzero(V1[part]).tolist()}
        for side, part in (("L", LEFT), ("R", RIGHT))
    ]
    found = masks(roi_json(tmp_path / "p.json", entries))
    assert found.keys() == {"a"}
    np.testing.assert_array_equal(found["a"], V1)


def test_csv_of_members(tmp_path):
    rows = [f"{'L' if v < 10242 else 'R'},{v % 10242},mine,whatever" for v in np.flatnonzero(BROCA)]
    (tmp_path / "m.csv").write_text(
        "hemisphere,vertex,roi,area\r\n" + "\r\n".join(rows), encoding="utf-8-sig", newline=""
    )
    np.testing.assert_array_equal(masks(tmp_path / "m.csv")["mine"], BROCA)


@pytest.mark.parametrize("n", MESH_SIZES[:2])
def test_pycortex_overlays(tmp_path, n):
    triangle = np.array([[300.0, 300.0], [560.0, 420.0], [350.0, 700.0]])
    lines = "M 300,300 L 560,420 350,700 z"
    relative = "m 1000,300 l 260,120 l -210,280 z"
    # Two half circles of radius 100 as SVG arcs: curves must be curves.
    circle = "M 1100,500 a 100,100 0 1 0 200,0 a 100,100 0 1 0 -200,0 z"
    found = masks(
        store(
            tmp_path,
            {
                "tri": lines,
                "rel": relative,
                "both": f"{lines} M{relative[1:]}",
                "circle": circle,
                "bent": "M300,300 C300,100 600,100 600,300 Z",
            },
            n=n,
        )
    )
    at, cortex = on_drawing(), ON_MAP & (ATLAS.labels > 0)
    np.testing.assert_array_equal(found["tri"], even_odd(at, triangle) & cortex)
    np.testing.assert_array_equal(found["rel"], even_odd(at, triangle + [700, 0]) & cortex)
    np.testing.assert_array_equal(found["both"], found["tri"] | found["rel"])
    distance = np.linalg.norm(at - [1200, 500], axis=1)
    np.testing.assert_array_equal(
        found["circle"][np.abs(distance - 100) > 1], ((distance < 100) & cortex)[np.abs(distance - 100) > 1]
    )
    t = np.linspace(0, 1, 400)[:, None]
    bezier = (
        (1 - t) ** 3 * [300, 300]
        + 3 * t * (1 - t) ** 2 * [300, 100]
        + 3 * t**2 * (1 - t) * [600, 100]
        + t**3 * [600, 300]
    )
    assert (found["bent"] ^ (even_odd(at, bezier) & cortex)).sum() <= 2
    assert not found["tri"][RIGHT].any() and not found["rel"][LEFT].any()
    assert all(mask.sum() > 30 for mask in found.values())


def test_a_mask_selects_areas_and_says_how_well_they_fit(tmp_path):
    half = BROCA.copy()
    half[np.flatnonzero(ATLAS.labels == ATLAS.area_index["L_44"] + 1)[:3]] = False
    paths = [
        metric_gii(tmp_path / f"m.{s}.func.gii", half[part], c)
        for s, part, c in (("L", LEFT, "CortexLeft"), ("R", RIGHT, "CortexRight"))
    ]
    selection = select_rois(paths)
    assert selection.names == ATLAS.expand(["Broca"])
    n = int(half.sum())
    assert (
        f"{n} vertices -> Broca (Dice {2 * n / (2 * n + 3):.2f}; 0 vertices of the ROI left out, 3 others added)"
        in selection.note
    )
    assert select_rois(paths[:1]).names == tuple(a for a in ATLAS.expand(["Broca"]) if a[0] == "L")


def test_exactly_half_an_area_is_not_enough():
    size = np.bincount(ATLAS.labels)[1:]
    even = int(np.flatnonzero(size % 2 == 0)[0])
    vertices = np.flatnonzero(ATLAS.labels == even + 1)
    mask = np.zeros(N_ALL, bool)
    mask[vertices[: len(vertices) // 2]] = True
    assert cover(mask).areas == () and cover(mask).n_missed == len(vertices) // 2 and cover(mask).dice == 0
    mask[vertices[-1]] = True
    assert cover(mask).areas == (ATLAS.areas[even],)
    assert cover(mask).dice == pytest.approx(2 * mask.sum() / (mask.sum() + len(vertices)))


def test_one_roi_of_a_file_is_chosen_by_its_name(tmp_path):
    path = annot(tmp_path / "lh.aparc.annot", KEYS)
    assert select_rois([f"{path}#V1"]).names == ("L_V1",)
    assert set(select_rois([path]).names) == {"L_V1", *(a for a in ATLAS.expand(["Broca"]) if a[0] == "L")}
    with pytest.raises(UserError, match="holds no ROI 'V9'; it has: V1, Broca"):
        select_rois([f"{path}#V9"])


def test_names_and_masks_may_be_mixed(tmp_path):
    (tmp_path / "a.txt").write_text("AG\n")
    path = label_gii(tmp_path / "x.label.gii", V1[LEFT])
    assert select_rois([tmp_path / "a.txt", path]).names == ("AG", "L_V1")
    assert select_rois([tmp_path / "a.txt"]).note == ""


def make_short_label(p):
    p.write_text("#!ascii label, from subject fsaverage\n3\n1 0 0 0 0\n")


WRONG = {
    "x.label.gii": (lambda p: label_gii(p, KEYS, structure=""), "which hemisphere"),
    "lh.x.label.gii": (
        lambda p: label_gii(p, KEYS, structure="CortexRight"),
        "the name says L but the metadata say CortexRight",
    ),
    "y.label.gii": (lambda p: label_gii(p, KEYS, structure="Cerebellum"), "allowed: CortexLeft, CortexRight"),
    "z.label.gii": (
        lambda p: label_gii(p, KEYS[:5000]),
        "has 5000 vertices in a hemisphere; allowed: 10242, 40962, 163842",
    ),
    "fine.label.gii": (
        lambda p: label_gii(p, np.eye(1, 40962, 30000, int)[0]),
        "none of its ROIs holds a vertex of the coarser mesh",
    ),
    "x.annot": (lambda p: annot(p, KEYS), "which hemisphere"),
    "lh.short.annot": (lambda p: annot(p, KEYS[:99]), "has 99 vertices"),
    "lh.own.label": (lambda p: fs_label(p, [1, 2], "sub-01"), "on the surface of 'sub-01'"),
    "lh.short.label": (make_short_label, "says 3 vertices but lists 1"),
    "lh.far.label": (lambda p: fs_label(p, [163842]), "not on fsaverage"),
    "lh.fine.label": (lambda p: fs_label(p, [50000]), "none of its 1 vertices is on the coarser mesh"),
    "x.dlabel.nii": (lambda p: ball_nifti(p, (0, 0, 0), 5), "is not a CIFTI file"),
    "far.nii": (lambda p: ball_nifti(p, (-80, 85, 100), 4), "no vertex of the cortex lies in the mask"),
    "labels.nii": (
        lambda p: nibabel.save(nibabel.Nifti1Image(np.full((4, 4, 4), 3, np.uint8), np.eye(4)), p),
        "is no mask",
    ),
    "series.nii": (
        lambda p: nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4, 9), np.uint8), np.eye(4)), p),
        "must be one 3D mask",
    ),
    "v2.json": (lambda p: roi_json(p, [], version=2), "has version 2; this program reads version 1"),
    "side.json": (
        lambda p: roi_json(p, [{"name": "a", "hemisphere": "left", "vertices": []}]),
        r"rois\[0\]: \"hemisphere\" is 'left'",
    ),
    "two.json": (
        lambda p: roi_json(p, [{"name": "a", "hemisphere": "L", "polygon": [[0, 0], [1, 1]]}]),
        "at least three",
    ),
    "many.json": (
        lambda p: roi_json(p, [{"name": "a", "hemisphere": "L", "vertices": [10242]}]),
        "whole numbers from 0 to 10241",
    ),
    "other.json": (lambda p: write_json(p, {"rois": []}), "must be a list of ROI names"),
    "m.csv": (lambda p: p.write_text("roi,hemisphere\na,L\n"), "has no column 'vertex'"),
    "n.csv": (lambda p: p.write_text("roi,hemisphere,vertex\na,L,3\na,L,10242\n"), "line 3: needs a name"),
    "x.svg": (lambda p: p.write_text("<svg/>"), "its width is ''"),
    "x.mat": (lambda p: p.write_bytes(b"\x93\xff"), "is not a list of names"),
    "tiny.func.gii": (
        lambda p: metric_gii(p, np.eye(1, 10242, int(np.flatnonzero(V1)[0]))[0]),
        "fill no area of HCP-MMP1.0 by more than half",
    ),
    "none.func.gii": (lambda p: metric_gii(p, np.zeros(10242)), "no ROI chosen"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_line(tmp_path, name):
    make, message = WRONG[name]
    make(tmp_path / name)
    with pytest.raises(UserError, match=message) as caught:
        select_rois([tmp_path / name])
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)


def test_a_cifti_header_with_a_huge_size_takes_no_memory(tmp_path):
    path = dlabel(tmp_path / "x.dlabel.nii", dense_labels(BROCA), share=0.35)
    # The XML keeps its length: four digits more, and four letters less in a name.
    data = re.sub(rb'IndexCount="\d{5}"', b'IndexCount="999999999"', path.read_bytes(), count=1)
    path.write_bytes(data.replace(b"<MapName>ROIs<", b"<MapName><"))
    with pytest.raises(UserError, match=r"its header says 10000\d{5} grayordinates"):
        read_rois(path)


def test_overlays_need_their_flatmap_and_refuse_what_pycortex_ignores(tmp_path):
    path = store(tmp_path / "a", {"V1": "M0,0 L5,5 L0,5 Z"}, extra='transform="translate(1 2)"')
    with pytest.raises(UserError, match="'V1' is moved by an SVG transform"):
        read_rois(path)
    path = store(tmp_path / "b", {"V1": "M0,0 L5,5 L0,5 Z"}, n=12000)
    with pytest.raises(UserError, match="has 12000 vertices, a subject's own surface"):
        read_rois(path)
    pair = [path.parent / "surfaces" / f"flat_{side}.gii" for side in ("lh", "rh")]
    for p in pair:
        p.rename(tmp_path / p.name)
    with pytest.raises(UserError, match="need the flatmap .* put flat_lh.gii and flat_rh.gii"):
        read_rois(path)
    store(tmp_path / "c", {})
    given = tuple(tmp_path / "c" / "surfaces" / p.name for p in pair)
    path.write_text(path.read_text().replace("M0,0 L5,5 L0,5 Z", "M300,300 L560,420 350,700 z"))
    assert masks(path, flatmaps=given)["V1"].sum() > 100


def test_a_label_map_with_a_huge_number_of_axes_never_reaches_nibabel(tmp_path, monkeypatch):
    """Its parser would count up to it."""
    path = label_gii(tmp_path / "x.label.gii", KEYS)
    content = path.read_bytes()
    assert b'Dimensionality="1"' in content
    path.write_bytes(content.replace(b'Dimensionality="1"', b'Dimensionality="1000000000"'))
    monkeypatch.setattr(GiftiImageParser, "parse", lambda *_, **__: pytest.fail("nibabel read it"))
    with pytest.raises(UserError, match="cannot be read as GIFTI .*100 axes or more"):
        read_rois(path)
