"""Damaged BOLD files are read or refused in one line, quickly and in little memory."""

import numpy as np
import pytest

from fmri2ges.data.bold import read_bold
from tests.bold_files import make_mask, noisy, write_dtseries, write_gifti, write_hf5, write_mask, write_nifti
from tests.fuzz import mutations, survives

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:nibabel.*")  # of damaged headers
SIGNAL = np.sin(np.arange(8.0))


def hf5(folder):
    return write_hf5(folder / "a.hf5", SIGNAL, 60), ".hf5", read_bold


def nifti(folder, suffix=".nii"):
    mask = make_mask((4, 5, 3))
    masks = (write_mask(folder / "whole-mask.nii", mask),)
    return write_nifti(folder / f"a{suffix}", SIGNAL, mask), suffix, lambda path: read_bold(path, masks=masks)


def nifti_gz(folder):
    return nifti(folder, ".nii.gz")


def mask(folder):
    whole = make_mask((4, 5, 3))
    bold = write_nifti(folder / "whole.nii", SIGNAL, whole)
    return write_mask(folder / "m.nii", whole), ".mask.nii", lambda path: read_bold(bold, masks=(path,))


def gifti(folder):
    partner = write_gifti(folder / "whole_hemi-R_bold.func.gii", np.round(noisy(SIGNAL, 10242)), "R")
    left = write_gifti(folder / "a_hemi-L_bold.func.gii", np.round(noisy(SIGNAL, 10242)), "L")
    return left, "_hemi-L_bold.func.gii", lambda path: read_bold(path, partner=partner)


def cifti(folder):
    return write_dtseries(folder / "a.dtseries.nii", SIGNAL), ".dtseries.nii", read_bold


FORMATS = [hf5, nifti, nifti_gz, mask, gifti, cifti]


def damage(make, folder, n: int, seed: int):
    whole, suffix, reader = make(folder)
    assert survives(reader, whole.read_bytes(), suffix, folder)
    for data in mutations(whole.read_bytes(), n, seed):
        survives(reader, data, suffix, folder)


@pytest.mark.parametrize("make", FORMATS, ids=lambda f: f.__name__)
def test_a_few_damaged_files(make, tmp_path):
    damage(make, tmp_path, 10, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("make", FORMATS, ids=lambda f: f.__name__)
def test_five_hundred_damaged_files(make, tmp_path):
    damage(make, tmp_path, 500, seed=1)
