"""Readers of BOLD, of what lies beside it, and of ROIs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from nibabel.freesurfer import write_geometry

from fmri2ges.brain.atlas import N_VERTICES
from fmri2ges.data.bold.confounds import Confounds
from fmri2ges.data.bold.formats import noise_ceiling_of
from fmri2ges.data.bold.pycortex import _points
from fmri2ges.data.bold.read import Bold, open_halves, read_bold
from fmri2ges.data.bold.timing import find_tr
from fmri2ges.data.bold.xfm import read_xfm
from fmri2ges.data.rois.files import RoiSelection, select_rois
from fmri2ges.data.rois.own_maps import read_own_maps
from tests import bold_files as bold
from tests import pycortex_files
from tests import roi_files as rois
from tests.readers.case import Case

SIGNAL = np.sin(np.arange(8.0))
SMALL = (4, 5, 3)
THICKNESS = 2 + np.sin(np.arange(N_VERTICES))
KEYS = rois.V1[rois.LEFT] + 2 * rois.BROCA[rois.LEFT]
SHAPES = {"V1": "M 300,300 L 560,420 350,700 z", "MT": "M1100,500 a 100,100 0 1 0 200,0 c 5,5 -70,-80 -200,0 z"}


def cleaned(found: Bold) -> None:
    """BOLD that came out is finite, varies, and is on no other scale."""
    assert found.data.dtype == np.float32 and found.data.ndim == 2 and found.data.any()
    assert np.isfinite(found.data).all() and np.abs(found.data).max() < 1e4
    assert not found.columns or len(found.columns) == found.data.shape[1]


def chosen(found: RoiSelection) -> None:
    """Files that choose nothing are refused."""
    assert found.names and len(set(found.names)) == len(found.names)


def a_tr(found) -> None:
    """A repetition time is one that a scanner can have."""
    assert 0 < found.seconds <= 100


def a_ceiling(found) -> None:
    """No correlation is above 1, and none is a secret NaN but that of a column that does not vary."""
    assert found is None or (np.nan_to_num(found) <= 1).all()


def surface_pair(side_path: str, partner: str, write, read) -> Case:
    """A pair of hemispheres of which the left one is damaged."""

    def make(folder: Path) -> Path:
        write(folder / partner, np.round(bold.noisy(SIGNAL, N_VERTICES)), "R")
        return write(folder / side_path, np.round(bold.noisy(SIGNAL, N_VERTICES)), "L")

    return Case(make, lambda path: read_bold(path, partner=path.parent / partner), read, cleaned, quick=8)


def _mgh_side(path, values, side):
    return bold.write_mgh(path, values)


def _packed_gifti(path, values, side):
    return bold.pack(bold.write_gifti(path.with_name(path.name.removesuffix(".gz")), values, side))


def _volume(name: str) -> Case:
    def make(folder: Path) -> Path:
        mask = bold.make_mask(SMALL)
        bold.write_mask(folder / "whole-mask.nii", mask)
        return bold.write_nifti(folder / name, SIGNAL, mask)

    def read(path: Path) -> Bold:
        return read_bold(path, masks=(path.parent / "whole-mask.nii",))

    return Case(make, read, (f"bold {name.removeprefix('a')}",), cleaned, "damaged" + name.removeprefix("a"))


def _mgz_volume(folder: Path) -> Path:
    import nibabel

    mask = bold.make_mask(SMALL)
    bold.write_mask(folder / "whole-mask.nii", mask)
    image = nibabel.load(bold.write_nifti(folder / "a.nii", SIGNAL, mask))
    nibabel.save(nibabel.MGHImage(image.get_fdata(dtype=np.float32), image.affine), folder / "a.mgz")
    return folder / "a.mgz"


def _mask(folder: Path) -> Path:
    whole = bold.make_mask(SMALL)
    bold.write_nifti(folder / "whole.nii", SIGNAL, whole)
    return bold.write_mask(folder / "m.nii", whole)


def _table(suffix: str) -> Case:
    separator = {".tsv": "\t", ".csv": ",", ".txt": " "}[suffix]

    def make(folder: Path) -> Path:
        rows = [separator.join(f"{x:.3f}" for x in row) for row in bold.noisy(SIGNAL, 3)]
        path = folder / f"whole{suffix}"
        path.write_text("\n".join([separator.join(("LATL", "RATL", "LIFG")), *rows]) + "\n")
        return path

    return Case(make, read_bold, (f"bold {suffix}",), cleaned, f"damaged{suffix}", quick=20)


def _npy(folder: Path) -> Path:
    np.save(folder / "whole.npy", bold.noisy(SIGNAL, 3).astype(np.float32))
    return folder / "whole.npy"


def _npz(folder: Path) -> Path:
    np.savez(folder / "whole.npz", bold=bold.noisy(SIGNAL, 3).astype(np.float32), columns=np.array(["a", "b", "c"]))
    return folder / "whole.npz"


def _confounds(folder: Path) -> Path:
    np.save(folder / "bold.npy", bold.noisy(np.sin(np.arange(40.0)), 3).astype(np.float32))
    path = folder / "c.tsv"
    path.write_text("trans_x\tcsf\n" + "".join(f"{k * k % 7}\t{k % 3}\n" for k in range(40)))
    return path


def _read_confounds(path: Path) -> Bold:
    return read_bold(path.parent / "bold.npy", ("a", "b", "c"), confounds=Confounds(path))


def _hf5(folder: Path) -> Path:
    return bold.write_hf5(folder / "a.hf5", SIGNAL, 60)


def _repeats(folder: Path) -> Path:
    repeats = np.random.default_rng(0).normal(size=(3, 8, 20)) + SIGNAL[:, None]
    return bold.write_hf5(folder / "a.hf5", SIGNAL, 20, repeats)


def two_halves(found) -> None:
    """Both halves have the same volumes and columns."""
    assert found is None or (found.first.shape == found.second.shape and found.repeats >= 2)


def _sidecar(folder: Path) -> Path:
    (folder / "sub-01_task-x_bold.nii.gz").write_bytes(b"x")
    path = folder / "sub-01_task-x_bold.json"
    path.write_text(json.dumps({"RepetitionTime": 2.0, "SliceTiming": [0.0, 1.0], "TaskName": "x"}))
    return path


def _points_file(name: str) -> Case:
    points = np.random.default_rng(0).normal(size=(200, 3)) * 50

    def make(folder: Path) -> Path:
        if name.startswith("lh."):
            write_geometry(folder / name, points, np.arange(300).reshape(100, 3) % 200)
        else:
            pycortex_files.write_surface(folder / name, points)
        return folder / name

    def finite(found) -> None:
        assert found.ndim == 2 and found.shape[1] == 3 and np.isfinite(found).all()

    return Case(make, _points, check=finite, name=name)


def _xfm(folder: Path) -> Path:
    path = folder / "matrices.xfm"
    path.write_text(json.dumps({"coord": pycortex_files.AFFINE.tolist(), "magnet": pycortex_files.AFFINE.tolist()}))
    return path


CASES = {
    "hf5": Case(_hf5, read_bold, ("bold .hf5",), cleaned, "damaged.hf5"),
    "hf5 ceiling": Case(_repeats, noise_ceiling_of, check=a_ceiling, name="damaged.hf5"),
    "hf5 halves": Case(_repeats, open_halves, check=two_halves, name="damaged.hf5"),
    "nifti": _volume("a.nii"),
    "nifti.gz": _volume("a.nii.gz"),
    "mgz volume": Case(_mgz_volume, lambda p: read_bold(p, masks=(p.parent / "whole-mask.nii",)), (), cleaned, "d.mgz"),
    "voxel mask": Case(_mask, lambda p: read_bold(p.parent / "whole.nii", masks=(p,)), (), cleaned, "d.mask.nii"),
    "gifti": surface_pair("d_hemi-L.func.gii", "w_hemi-R.func.gii", bold.write_gifti, ("bold .gii",)),
    "gifti.gz": surface_pair("d_hemi-L.func.gii.gz", "w_hemi-R.func.gii.gz", _packed_gifti, ("bold .gii.gz",)),
    "mgz": surface_pair("lh.d.mgz", "rh.w.mgz", _mgh_side, ("bold .mgz",)),
    "mgh": surface_pair("lh.d.mgh", "rh.w.mgh", _mgh_side, ("bold .mgh",)),
    "cifti": Case(
        lambda f: bold.write_dtseries(f / "a.dtseries.nii", SIGNAL),
        read_bold,
        ("bold .dtseries.nii",),
        cleaned,
        "d.dtseries.nii",
    ),
    "cifti.gz": Case(
        lambda f: bold.pack(bold.write_dtseries(f / "a.dtseries.nii", SIGNAL)),
        read_bold,
        ("bold .dtseries.nii.gz",),
        cleaned,
        "d.dtseries.nii.gz",
    ),
    "table.tsv": _table(".tsv"),
    "table.csv": _table(".csv"),
    "table.txt": _table(".txt"),
    "npy": Case(_npy, lambda p: read_bold(p, ("a", "b", "c")), ("bold .npy",), cleaned, "d.npy", 20),
    "bold npz": Case(_npz, read_bold, ("bold .npz",), cleaned, "d.npz", 20),
    "confounds": Case(_confounds, _read_confounds, (), cleaned, "d.tsv", 20),
    "sidecar": Case(_sidecar, lambda p: find_tr(p.with_name("sub-01_task-x_bold.nii.gz")), (), a_tr),
    "pycortex surface.gii": _points_file("fiducial_lh.gii"),
    "pycortex surface.npz": _points_file("fiducial_lh.npz"),
    "sphere": _points_file("lh.sphere.reg"),
    "xfm": Case(_xfm, read_xfm, check=lambda found: np.testing.assert_array_equal(np.isfinite(found), True)),
}


def _json_rois(path: Path) -> Path:
    corners = [[-40.2, -30.1], [35.3, -22.4], [20.7, 41.8], [-10.1, 5.5]]
    vertices = np.flatnonzero(rois.V1[rois.RIGHT]).tolist()
    entries = [
        {"name": "a", "hemisphere": "L", "polygon": corners},
        {"name": "b", "hemisphere": "R", "vertices": vertices},
    ]
    return rois.roi_json(path, entries)


def _csv_rois(path: Path) -> Path:
    rows = "".join(f"V1,L,{v},L_V1\n" for v in np.flatnonzero(rois.V1[rois.LEFT]))
    path.write_text(f"roi,hemisphere,vertex,area\n{rows}")
    return path


def _names(path: Path) -> Path:
    path.write_text("Broca\nL_44 # one\n")
    return path


def _roi(name: str, write, formats: tuple[str, ...] = (), quick: int = 12, suffix: str = "") -> Case:
    """A file of ROIs; `suffix` is the threshold of a statistic map."""
    return Case(lambda f: write(f / name), lambda p: select_rois([f"{p}{suffix}"]), formats, chosen, quick=quick)


def _dscalar(path: Path) -> Path:
    return rois.dscalar(path, {"a": 255.0 * rois.BROCA, "b": 1.0 * rois.V1})


def _dlabel(path: Path) -> Path:
    return rois.dlabel(path, rois.dense_labels(rois.BROCA), share=0.02)


def _ball(path: Path) -> Path:
    return rois.ball_nifti(path, (-48, 18, 14), 20, mm=4.0)


def _statistic(path: Path) -> Path:
    return rois.statistic_nifti(path, (-48, 18, 14), mm=4.0)


def _packed(write, name: str):
    return lambda path: bold.pack(write(path.with_name(name)))


def _flatmap(folder: Path) -> Path:
    rois.store(folder, SHAPES)
    return folder / "surfaces" / "flat_lh.gii"


def a_map(found) -> None:
    """A map that came out has numbers on known areas."""
    assert found and all(own.values and np.isfinite(list(own.values.values())).all() for own in found)


def _own(name: str, write, quick: int = 8) -> Case:
    """A map of the user's own."""
    return Case(lambda f: write(f / name), lambda p: read_own_maps([p]), (), a_map, quick=quick)


def _value_table(path: Path) -> Path:
    path.write_text("area,z\n" + "".join(f"{area},{k / 7:.3f}\n" for k, area in enumerate(rois.ATLAS.areas)))
    return path


CASES |= {
    "own map.gii": _own("z.L.func.gii", lambda p: rois.metric_gii(p, THICKNESS)),
    "own map.dscalar": _own("z.dscalar.nii", lambda p: rois.dscalar(p, {"z": np.tile(THICKNESS, 2)}), 5),
    "own map.mgz": _own("lh.z.mgz", lambda p: rois.mgh(p, THICKNESS)),
    "own map.nii.gz": _own("z.nii.gz", _statistic, 4),
    "own map.csv": _own("z.csv", _value_table, 20),
    "label.gii": _roi("x.label.gii", lambda p: rois.label_gii(p, KEYS), ("roi .gii",)),
    "label.gii.gz": _roi("y.label.gii.gz", _packed(lambda p: rois.label_gii(p, KEYS), "y.label.gii"), ("roi .gii.gz",)),
    "mask.gii": _roi("x.func.gii", lambda p: rois.metric_gii(p, KEYS > 0)),
    "annot": _roi("lh.x.annot", lambda p: rois.annot(p, KEYS), ("roi .annot",)),
    "old annot": _roi("lh.old.annot", lambda p: rois.old_annot(p, KEYS)),
    "label": _roi("lh.x.label", lambda p: rois.fs_label(p, np.flatnonzero(KEYS)), ("roi .label",)),
    "dlabel": _roi("x.dlabel.nii", _dlabel, ("roi .dlabel.nii",), 6),
    "dlabel.gz": _roi("x.dlabel.nii.gz", _packed(_dlabel, "x.dlabel.nii"), ("roi .dlabel.nii.gz",), 6),
    "dscalar": _roi("x.dscalar.nii", _dscalar, ("roi .dscalar.nii",), 6),
    "dscalar.gz": _roi("x.dscalar.nii.gz", _packed(_dscalar, "x.dscalar.nii"), ("roi .dscalar.nii.gz",), 6),
    "mask.nii": _roi("x.nii", _ball, ("roi .nii",), 5),
    "mask.nii.gz": _roi("x.nii.gz", _ball, ("roi .nii.gz",), 5),
    "statistic.nii.gz": _roi("z.nii.gz", _statistic, (), 5, ">3.1"),
    "overlay.mgz": _roi("lh.x.mgz", lambda p: rois.mgh(p, KEYS > 0), ("roi .mgz",)),
    "overlay.mgh": _roi("lh.x.mgh", lambda p: rois.mgh(p, KEYS > 0), ("roi .mgh",)),
    "overlays.svg": _roi("overlays.svg", lambda p: rois.store(p.parent, SHAPES), ("roi .svg",)),
    "flatmap": Case(_flatmap, lambda p: select_rois([p.parent.parent / "overlays.svg"]), (), chosen),
    "rois.json": _roi("x.json", _json_rois, ("roi .json",)),
    "rois.csv": _roi("x.csv", _csv_rois, ("roi .csv",)),
    "roidraw.json": _roi("drawn.json", rois.roidraw),
    "names.txt": _roi("names.txt", _names),
    "names.json": _roi("names.json", lambda p: p.write_text('["Broca", "L_44"]') and p),
}
