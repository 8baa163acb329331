"""A word heard at a known second raises the BOLD at the right volume, whatever the file."""

import numpy as np
import pytest

from fmri2ges.brain.hrf import double_gamma
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.types import Words
from tests.bold_files import make_mask, write_dtseries, write_gifti_pair, write_hf5, write_mask, write_nifti

PEAK = 5.0  # seconds from a word to the top of the canonical response
WORD_AT = 32.3
N_VOLUMES = 40


def table(root, signal, tr):
    np.savetxt(root / "bold.txt", 100 + signal[:, None] + np.zeros((1, 2)))
    return 'bold = "bold.txt"\ncolumns = ["A", "B"]'


def array(root, signal, tr):
    np.save(root / "bold.npy", 100 + signal[:, None] + np.zeros((1, 20484)))
    return 'bold = "bold.npy"'


def hf5(root, signal, tr):
    write_hf5(root / "bold.hf5", signal)
    return 'bold = "bold.hf5"'


def gifti(root, signal, tr):
    write_gifti_pair(root, "sub-1_hemi-{}_bold.func.gii", signal)
    return 'bold = "sub-1_hemi-L_bold.func.gii"'


def cifti(root, signal, tr):
    write_dtseries(root / "bold.dtseries.nii", signal, tr)
    return 'bold = "bold.dtseries.nii"'


def nifti(root, signal, tr):
    mask = make_mask()
    write_nifti(root / "bold.nii.gz", signal, mask, tr)
    write_mask(root / "mask.nii.gz", mask)
    return 'bold = "bold.nii.gz"\nmask = "mask.nii.gz"'


FORMATS = [table, array, gifti, cifti, nifti]


def recorded(root, write, tr, first):
    """The recording of a study in which one word is heard; times as the study file states them."""
    word = Words.from_lists(["word"], [WORD_AT], [0.3])
    write_words_tsv(root / "words.tsv", word)
    times = first + tr * np.arange(N_VOLUMES)
    signal = 3 * sum(double_gamma(times - onset) for onset in word.start)
    keys = write(root, signal, tr)
    timing = "" if write is hf5 else f"tr = {tr}\nfirst_volume_at = {first}\n"
    (root / "study.toml").write_text(
        f'name = "t"\n[[recording]]\nsubject = "s"\nstory = "a"\nwords = "words.tsv"\n{timing}{keys}\n'
        "[split]\nwithin_story_folds = 2\n"
    )
    study = load_study(root / "study.toml")
    return study.read_recording(study.recordings[0])


def peak_time(recording) -> float:
    return float(recording.volume_times[recording.bold.mean(1).argmax()])


@pytest.mark.parametrize("write", FORMATS, ids=lambda f: f.__name__)
def test_the_response_peaks_where_an_hrf_puts_it(tmp_path, write):
    recording = recorded(tmp_path, write, 2.0, 7.0)
    assert len(recording.bold) == N_VOLUMES
    assert abs(peak_time(recording) - (WORD_AT + PEAK)) <= 1.0  # half a volume


def test_hf5_rows_are_centred_at_11_plus_2i(tmp_path):
    recording = recorded(tmp_path, hf5, 2.0, 11.0)
    assert recording.volume_times[:3].tolist() == [11.0, 13.0, 15.0]
    assert abs(peak_time(recording) - (WORD_AT + PEAK)) <= 1.0


def test_other_trs(tmp_path):
    for k, (write, tr) in enumerate([(cifti, 0.8), (nifti, 1.5)]):
        (tmp_path / str(k)).mkdir()
        recording = recorded(tmp_path / str(k), write, tr, 15.0)
        assert abs(peak_time(recording) - (WORD_AT + PEAK)) <= tr / 2
