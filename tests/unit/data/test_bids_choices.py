"""[[bids]] among several files of a run: echoes, acquisitions, resolutions, and what goes with them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fmri2ges.data.atomic import write_json
from fmri2ges.data.bids_names import same_value, split_name
from fmri2ges.data.study.check import check_study
from fmri2ges.data.study.load import load_study
from tests.bold_files import make_mask, write_gifti_pair, write_mask, write_nifti

SIGNAL = np.sin(np.arange(40.0))
TABLE = """name = "n"
[[bids]]
root = "fp"
task = "story"
space = "{space}"
first_volume_at = 1.0
words = "w.tsv"
{more}
[split]
within_story_folds = 2
gap = 4.0
"""
SPACE = "MNI152NLin2009cAsym"
MASK = make_mask()


def study(folder, more: str = "", space: str = SPACE):
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(150)]
    rows = [f"{w}\t{0.5 * k}\t0.4" for k, w in enumerate(words)]
    (folder / "w.tsv").write_text("\n".join(["word\tstart\tduration", *rows, ""]))
    (folder / "study.toml").write_text(TABLE.format(space=space, more=more))
    return folder / "study.toml"


def volume(folder, entities: str = "", seed: int = 0, mask_name: str | None = None, tr: float = 2.0):
    """fMRIPrep's BOLD, mask and sidecar of a run with more entities than usual."""
    func = folder / "fp" / "sub-01" / "func"
    stem = f"sub-01_task-story{entities}_space-{SPACE}"
    rng = np.random.default_rng(seed)
    write_nifti(func / f"{stem}_desc-preproc_bold.nii.gz", rng.normal(size=(75, int(MASK.sum()))), MASK, tr=tr)
    write_json(func / f"{stem}_desc-preproc_bold.json", {"RepetitionTime": tr})
    write_mask(func / f"{mask_name or stem}_desc-brain_mask.nii.gz", MASK)
    return func / f"{stem}_desc-preproc_bold.nii.gz"


CHOICES = {
    "acq": ("_acq-a", "_acq-b", '"b"'),
    "dir": ("_dir-AP", "_dir-PA", '"PA"'),
    "rec": ("_rec-norm", "_rec-raw", '"raw"'),
    "echo": ("_echo-1", "_echo-2", "2"),
    "part": ("_part-mag", "_part-phase", '"phase"'),
    "res": ("_res-1", "_res-2", '"2"'),
    "session": ("_ses-1", "_ses-2", "2"),
}


@pytest.mark.parametrize("key", CHOICES)
def test_the_message_names_the_key_and_the_key_chooses(tmp_path, key):
    first, second, value = CHOICES[key]
    volume(tmp_path, first, 1)
    wanted = volume(tmp_path, second, 2)
    (problem,) = check_study(study(tmp_path)).problems
    named = re.search(r"narrow it down with (.*)$", problem)[1]
    assert named == f'{key} = "{first.split("-")[1]}" or "{second.split("-")[1]}"'
    path = study(tmp_path, f"{key} = {value}\ntr = 2.0")
    assert [r.bold for r in load_study(path).recordings] == [wanted]
    assert not check_study(path).problems


def test_echoes_and_their_combination(tmp_path):
    combined = volume(tmp_path, "")
    stem = f"sub-01_task-story_space-{SPACE}"
    echoes = [volume(tmp_path, f"_echo-{k}", k, stem) for k in (1, 2)]  # fMRIPrep has one mask for all echoes
    (problem,) = check_study(study(tmp_path)).problems
    assert problem.endswith('narrow it down with echo = "1" or "2" or "none"')
    assert load_study(study(tmp_path, 'echo = "none"')).recordings[0].bold == combined
    source = load_study(study(tmp_path, "echo = 1")).recordings[0]
    assert source.bold == echoes[0] and source.mask[0].name == f"{stem}_desc-brain_mask.nii.gz"


def test_two_keys_are_named_together_and_runs_are_asked_for(tmp_path):
    volume(tmp_path, "_acq-a_dir-AP")
    volume(tmp_path, "_acq-b_dir-PA")
    (problem,) = check_study(study(tmp_path)).problems
    assert 'narrow it down with acq = "a" or "b" and dir = "AP" or "PA"' in problem
    (problem,) = check_study(study(tmp_path, 'acq = "c"')).problems
    assert "no BOLD files of sub-01" in problem and "correct subjects, task, runs, acq or space" in problem


def test_a_task_with_runs_asks_for_them(tmp_path):
    volume(tmp_path, "_run-1")
    volume(tmp_path, "_run-02")
    (problem,) = check_study(study(tmp_path)).problems
    assert problem.endswith("the task has runs: add runs = [1, 2]")


def test_densities_and_time_gii(tmp_path):
    func = tmp_path / "fp" / "sub-01" / "func"
    values = np.random.default_rng(0).normal(size=(75, 10242)).astype(np.float32)
    name = "sub-01_task-story_hemi-{}_space-fsaverage_den-10k_bold.time.gii"
    left = write_gifti_pair(func, name, values)
    write_gifti_pair(func, name.replace("den-10k", "den-41k"), values)
    (problem,) = check_study(study(tmp_path, "tr = 2.0", "fsaverage")).problems
    assert 'narrow it down with den = "10k" or "41k"' in problem
    loaded = load_study(study(tmp_path, 'tr = 2.0\nden = "10k"', "fsaverage"))
    assert loaded.recordings[0].bold == left
    assert loaded.read_recording(loaded.recordings[0]).bold.shape == (75, 20484)


def confounds(path, n: int = 75):
    values = np.random.default_rng(5).normal(size=(n, 3))
    rows = ["trans_x\tframewise_displacement\tcosine00", *("\t".join(f"{v:.6f}" for v in row) for row in values)]
    rows[1] = "0.1\tn/a\t0.2"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_confounds_that_do_not_name_the_run_are_not_those_of_the_run(tmp_path):
    bold = volume(tmp_path, "_run-2")
    confounds(bold.parent / "sub-01_task-story_desc-confounds_timeseries.tsv")
    confounds(bold.parent / "sub-01_task-story_run-1_desc-confounds_timeseries.tsv")
    path = study(tmp_path, 'runs = [2]\nconfound_columns = ["trans_x"]')
    (problem,) = check_study(path).problems
    assert "no desc-confounds_timeseries.tsv of this run beside it" in problem
    own = confounds(bold.parent / "sub-01_task-story_run-2_desc-confounds_timeseries.tsv")
    assert load_study(path).recordings[0].confounds.file == own


def test_confounds_of_fmriprep_are_found_by_name(tmp_path):
    bold = volume(tmp_path, "_echo-1")
    confounds(bold.parent / "sub-01_task-other_desc-confounds_timeseries.tsv", 10)
    own = confounds(bold.parent / "sub-01_task-story_desc-confounds_timeseries.tsv")
    path = study(tmp_path, 'confound_columns = ["trans_x", "framewise_displacement", "cosine*"]')
    source = load_study(path).recordings[0]
    assert source.confounds.file == own
    checked = check_study(path)
    assert not checked.problems
    line = "3 confounds regressed out together with the trend: trans_x, framewise_displacement, cosine00"
    assert f"recording sub-01/story: {line}" in checked.notes
    own.unlink()
    (problem,) = check_study(path).problems
    assert "no desc-confounds_timeseries.tsv of this run beside it; add `confounds = ...`" in problem
    confounds(tmp_path / "c-01-story.tsv")
    path = study(tmp_path, 'confounds = "c-{subject}-{task}.tsv"')
    assert len(load_study(path).recordings[0].read_bold().confounds) == 3


def test_the_header_is_asked_where_no_sidecar_is(tmp_path):
    bold = volume(tmp_path, tr=1.5)
    bold.with_name(bold.name.replace(".nii.gz", ".json")).unlink()
    assert load_study(study(tmp_path)).recordings[0].tr == 1.5
    write_json(tmp_path / "fp" / "task-story_bold.json", {"RepetitionTime": 2.0})
    (problem,) = check_study(study(tmp_path)).problems
    assert "its header says TR 1.5 s, but the study says tr = 2; correct tr, or add ignore_header_tr" in problem
    assert not check_study(study(tmp_path, "ignore_header_tr = true")).problems


def test_links_of_a_data_set_that_was_not_fetched(tmp_path):
    bold = volume(tmp_path)
    stored = bold.rename(tmp_path / "stored.nii.gz")
    bold.symlink_to("../../../.git/annex/objects/aa/bb/KEY/KEY")
    (problem,) = check_study(study(tmp_path)).problems
    assert f"{bold}: the content is missing; run: datalad get {bold}" in problem
    bold.unlink()
    stored.rename(bold)
    mask = bold.with_name(bold.name.replace("preproc_bold", "brain_mask"))
    mask.unlink()
    mask.symlink_to("../../../.git/annex/objects/aa/bb/KEY/KEY")
    (problem,) = check_study(study(tmp_path)).problems
    assert f"{mask}: the content is missing; run: datalad get {mask}" in problem


@pytest.mark.parametrize(
    "name, entities, suffix, ending",
    [
        ("sub-01_task-x_bold.nii.gz", {"sub": "01", "task": "x"}, "bold", ".nii.gz"),
        ("sub-01_hemi-L_desc-clean.func.gii", {"sub": "01", "hemi": "L", "desc": "clean"}, "", ".func.gii"),
        ("task-x_bold.json", {"task": "x"}, "bold", ".json"),
        ("readme", {}, "readme", ""),
    ],
)
def test_names_are_taken_apart(name, entities, suffix, ending):
    found = split_name(name)
    assert (found.entities, found.suffix, found.ending) == (entities, suffix, ending)


def test_values_of_entities():
    assert same_value("1", "01") and same_value("a", "a") and same_value(None, None)
    assert not same_value("a", "A") and not same_value("1", None) and not same_value("1", "10")
