"""Damaged surfaces, spheres and transforms of a pycortex subject are read or refused in one line."""

import json

import numpy as np
import pytest
from nibabel.freesurfer import write_geometry

from fmri2ges.data.bold.pycortex import _points
from fmri2ges.data.bold.xfm import read_xfm
from tests.fuzz import mutations, survives
from tests.pycortex_files import AFFINE, write_surface

POINTS = np.random.default_rng(0).normal(size=(200, 3)) * 50


def sphere(path):
    write_geometry(path, POINTS, np.arange(300).reshape(100, 3) % 200)


def xfm(path):
    path.write_text(json.dumps({"coord": AFFINE.tolist(), "magnet": AFFINE.tolist()}))


MAKE = {
    ".gii": (lambda path: write_surface(path, POINTS), _points),
    ".npz": (lambda path: write_surface(path, POINTS), _points),
    "lh.sphere.reg": (sphere, _points),
    ".xfm": (xfm, read_xfm),
}


@pytest.mark.parametrize("n", [25, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", MAKE)
def test_damage_is_read_or_refused(tmp_path, suffix, n):
    write, reader = MAKE[suffix]
    whole = tmp_path / f"whole{suffix}"
    write(whole)
    assert survives(reader, whole.read_bytes(), suffix, tmp_path)
    for data in mutations(whole.read_bytes(), n, seed=3):
        survives(reader, data, suffix, tmp_path)
