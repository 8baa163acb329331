"""Damaged ROI files: read, or refused in one line, quickly and in little memory."""

import numpy as np
import pytest

from fmri2ges.data.rois.files import select_rois
from tests import roi_files as make
from tests.bold_files import pack
from tests.fuzz import mutations, survives

KEYS = make.V1[make.LEFT] + 2 * make.BROCA[make.LEFT]
SHAPES = {"V1": "M 300,300 L 560,420 350,700 z", "MT": "M1100,500 a 100,100 0 1 0 200,0 c 5,5 -70,-80 -200,0 z"}


def json_rois(path):
    corners = [[-40.2, -30.1], [35.3, -22.4], [20.7, 41.8], [-10.1, 5.5]]
    vertices = np.flatnonzero(make.V1[make.RIGHT]).tolist()
    return make.roi_json(
        path,
        [{"name": "a", "hemisphere": "L", "polygon": corners}, {"name": "b", "hemisphere": "R", "vertices": vertices}],
    )


def csv_rois(path):
    path.write_text(
        "roi,hemisphere,vertex,area\n" + "".join(f"V1,L,{v},L_V1\n" for v in np.flatnonzero(make.V1[make.LEFT]))
    )
    return path


# Name of the file -> what makes it. Names tell the format and the hemisphere.
FILES = {
    "x.label.gii": lambda p: make.label_gii(p, KEYS),
    "x.func.gii": lambda p: make.metric_gii(p, KEYS > 0),
    "lh.x.annot": lambda p: make.annot(p, KEYS),
    "lh.old.annot": lambda p: make.old_annot(p, KEYS),
    "lh.x.label": lambda p: make.fs_label(p, np.flatnonzero(KEYS)),
    "x.dlabel.nii": lambda p: make.dlabel(p, make.dense_labels(make.BROCA), share=0.02),
    "x.nii": lambda p: make.ball_nifti(p, (-48, 18, 14), 20, mm=4.0),
    "x.nii.gz": lambda p: make.ball_nifti(p, (-48, 18, 14), 20, mm=4.0),
    "overlays.svg": lambda p: make.store(p.parent, SHAPES),
    "x.json": json_rois,
    "x.csv": csv_rois,
    "y.label.gii.gz": lambda p: pack(make.label_gii(p.with_name("y.label.gii"), KEYS)),
    "lh.x.mgz": lambda p: make.mgh(p, KEYS > 0),
    "x.dscalar.nii": lambda p: make.dscalar(p, {"a": 255.0 * make.BROCA, "b": 1.0 * make.V1}),
    "drawn.json": lambda p: make.roidraw(p),
    "names.txt": lambda p: p.write_text("Broca\nL_44 # one\n") and p,
}


def fuzz_file(name, n, folder):
    whole = FILES[name](folder / name).read_bytes()

    def read(path):
        select_rois([path])

    assert survives(read, whole, name, folder), "the whole file is read"
    survived = [survives(read, data, name, folder) for data in mutations(whole, n, seed=7)]
    assert not all(survived)


def fuzz_flatmap(n, folder):
    path = make.store(folder, SHAPES)
    whole = (folder / "surfaces" / "flat_lh.gii").read_bytes()
    for data in mutations(whole, n, seed=8):
        survives(lambda _: select_rois([path]), data, "flat_lh.gii", folder / "surfaces")


QUICK = {"x.dlabel.nii": 20, "x.dscalar.nii": 20, "x.nii": 8, "x.nii.gz": 8}  # these take longer to read


@pytest.mark.parametrize("name", FILES)
def test_damaged_roi_files(name, tmp_path):
    fuzz_file(name, QUICK.get(name, 60), tmp_path)


def test_damaged_flatmaps(tmp_path):
    fuzz_flatmap(20, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_500_damaged_roi_files(name, tmp_path):
    fuzz_file(name, 500, tmp_path)


@pytest.mark.slow
def test_500_damaged_flatmaps(tmp_path):
    fuzz_flatmap(500, tmp_path)
