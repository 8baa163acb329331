"""[[bids]]: recordings found by the names that fMRIPrep and Narratives give, or a line that says what was found."""

from itertools import product

import numpy as np
import pytest

from fmri2ges.brain.space import Cortex
from fmri2ges.data.atomic import write_json
from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.types import Words
from tests.bold_files import make_mask, write_dtseries, write_gifti_pair, write_mask, write_nifti

SIGNAL = np.sin(np.arange(30.0))
NARRATIVES = "sub-{}_task-{}_space-fsaverage6_hemi-{{}}_desc-clean.func.gii"
TABLE = """
[[bids]]
root = "derivatives"
task = "{task}"
space = "{space}"
first_volume_at = 1.0
words = "words/{{task}}.tsv"
"""


def write_words(root, story: str, seed: int):
    rng = np.random.default_rng(seed)
    text = ["".join(rng.choice(list("abcdefghij"), 5)) for _ in range(100)]
    write_words_tsv(root / "words" / f"{story}.tsv", Words.from_lists(text, 0.5 * np.arange(100), np.full(100, 0.4)))


def study_file(root, *tables: str, test: str = "b"):
    path = root / "study.toml"
    path.write_text('name = "n"\n' + "".join(tables) + f'\n[split]\ntest_stories = ["{test}"]\n')
    return path


@pytest.fixture
def narratives(tmp_path):
    """Names of two subjects and two tasks as in ds002345, without TR anywhere; the files are empty."""
    for seed, task in enumerate("ab"):
        write_words(tmp_path, task, seed)
        for subject, side in product(("001", "002"), "LR"):
            func = tmp_path / "derivatives" / f"sub-{subject}" / "func"
            func.mkdir(parents=True, exist_ok=True)
            (func / NARRATIVES.format(subject, task).format(side)).touch()
    return tmp_path


def test_narratives_surfaces(narratives):
    tables = [TABLE.format(task=t, space="fsaverage6") + "tr = 1.5\n" for t in "ab"]
    study = load_study(study_file(narratives, *tables))
    assert study.subjects == ("sub-001", "sub-002") and study.stories == ("a", "b")
    source = study.recording("sub-002", "a")
    assert source.bold.name == "sub-002_task-a_space-fsaverage6_hemi-L_desc-clean.func.gii"
    assert (source.tr, source.first_volume_at, source.words.name) == (1.5, 1.0, "a.tsv")
    write_gifti_pair(source.bold.parent, NARRATIVES.format("002", "a"), SIGNAL[:6])
    assert study.read_recording(source).space == Cortex()


def test_the_tr_comes_from_the_json_file(narratives):
    tables = [TABLE.format(task=t, space="fsaverage6") + 'subjects = ["sub-001"]\n' for t in "ab"]
    first, second = check_study(study_file(narratives, *tables)).problems[:2]
    assert (
        "bids 1: " in first
        and "no .json file beside it states RepetitionTime; add `tr = ...`" in first
        and "bids 2" in second
    )
    func = narratives / "derivatives" / "sub-001" / "func"
    write_json(func / "sub-001_task-a_space-fsaverage6_hemi-L_desc-clean.json", {"RepetitionTime": 1.5})
    write_json(func / "sub-001_task-b_space-fsaverage6_desc-clean.json", {"RepetitionTime": 2})
    study = load_study(study_file(narratives, *tables))
    assert [r.tr for r in study.recordings] == [1.5, 2.0] and study.subjects == ("sub-001",)


def test_fmriprep_volumes_share_the_mask_of_their_runs(tmp_path):
    masks = [make_mask(seed=k) for k in (1, 2)]
    for run, mask in enumerate(masks, start=1):
        stem = f"sub-01_task-story_run-0{run}_space-MNI152NLin2009cAsym_res-2"
        func = tmp_path / "derivatives" / "sub-01" / "ses-1" / "func"
        write_nifti(func / f"{stem}_desc-preproc_bold.nii.gz", SIGNAL, np.ones(mask.shape, bool))
        write_mask(func / f"{stem}_desc-brain_mask.nii.gz", mask)
        write_json(func / f"{stem}_desc-preproc_bold.json", {"RepetitionTime": 2.0})
        write_mask(func / f"{stem}_boldref.nii.gz", mask)
        write_words(tmp_path, f"story-{run}", run)
    table = (
        TABLE.format(task="story", space="MNI152NLin2009cAsym").replace("{task}", "{task}-{run}") + "runs = [1, 2]\n"
    )
    path = study_file(tmp_path, table, test="story-2")
    study = load_study(path)
    assert study.stories == ("story-1", "story-2")
    for source in study.recordings:
        assert (study.read_recording(source).space.grid.ijk == np.argwhere(masks[0] & masks[1])).all()
    checked = check_study(path)
    assert not checked.problems
    n = int((masks[0] & masks[1]).sum())
    assert "2 recordings, 1 subjects, 2 stories, TR 2 s, voxels (2), 2.0 minutes of BOLD" in checked.summary[1]
    assert checked.summary[2] == f"voxels: {n} each"
    found = checked_to_dict(checked)
    assert found["ok"] and found["minutes"]["bold"] == 2.0 and found["split"]["test"] == ["story-2"]
    assert found["recordings"][0] | {"n_nan": 0} == {
        "subject": "sub-01",
        "story": "story-1",
        "space": "voxels",
        "tr": 2.0,
        "first_volume_at": 1.0,
        "n_volumes": 30,
        "n_columns": n,
        "n_nan": 0,
        "n_constant": 0,
        "n_words": 100,
        "understood": "",
        "place": "voxels",
        "own_columns": True,
    }


def test_grayordinates(tmp_path):
    func = tmp_path / "derivatives" / "sub-01" / "func"
    func.mkdir(parents=True)
    write_dtseries(func / "sub-01_task-a_space-fsLR_den-91k_bold.dtseries.nii", SIGNAL[:6])
    write_json(func / "sub-01_task-a_space-fsLR_den-91k_bold.json", {"RepetitionTime": 2.0})
    write_words(tmp_path, "a", 0)
    study = load_study(study_file(tmp_path, TABLE.format(task="a", space="fsLR"), test="a"))
    assert study.read_recording(study.recordings[0]).bold.shape == (6, 20484)


def problem(path) -> str:
    line = check_study(path).problems[0]
    assert line.startswith("study.toml: bids 1: ") and "\n" not in line
    return line


def test_none_or_several_files_are_named(narratives):
    a = TABLE.format(task="a", space="fsaverage6") + "tr = 1.5\n"
    other = TABLE.format(task="c", space="fsaverage6") + "tr = 1.5\n"
    line = problem(study_file(narratives, other, a, test="a"))
    assert "no BOLD of task 'c' in space 'fsaverage6'; tasks in this space: a, b; spaces: fsaverage6" in line
    line = problem(study_file(narratives, a.replace("fsaverage6", "fsaverage5"), test="a"))
    assert "tasks in this space: none; spaces: fsaverage6" in line
    line = problem(study_file(narratives, a + 'subjects = ["003"]\n', test="a"))
    assert "no BOLD files of sub-003, task 'a', space 'fsaverage6'; found: none" in line
    line = problem(study_file(narratives, a + "runs = [2]\n", test="a"))
    assert "no BOLD files of sub-001, task 'a', run 2" in line and "hemi-L_desc-clean.func.gii" in line
    func = narratives / "derivatives" / "sub-001" / "func"
    (func / "sub-001_task-a_space-fsaverage6_hemi-L_desc-smooth.func.gii").touch()
    line = problem(study_file(narratives, a, test="a"))
    assert (
        "2 BOLD files of sub-001" in line
        and "desc-smooth" in line
        and 'narrow it down with desc = "clean" or "smooth"' in line
    )
    assert load_study(study_file(narratives, a + 'desc = "clean"\n', test="a")).subjects == ("sub-001", "sub-002")


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('root = "derivatives"', 'root = "nowhere"', "root: no such folder: "),
        ("{task}.tsv", "{story}.tsv", "has another name in braces than subject, task, run"),
        ("{task}.tsv", "{subject}.tsv", "words: no such file: "),
        ("first_volume_at = 1.0", "", "first_volume_at missing; add it"),
        (
            "first_volume_at = 1.0",
            "first_volume_at = 1.0\nruns = [0]",
            "runs: must be a list of whole numbers such as [1, 2]",
        ),
        (
            "first_volume_at = 1.0",
            "first_volume_at = 1.0\nsubject = 3",
            "unknown key 'subject' (did you mean subjects?)",
        ),
    ],
)
def test_wrong_tables(narratives, old, new, message):
    table = TABLE.format(task="a", space="fsaverage6") + "tr = 1.5\n"
    assert old in table
    assert message in problem(study_file(narratives, table.replace(old, new), test="a"))


def test_a_recording_named_twice(narratives):
    table = TABLE.format(task="a", space="fsaverage6") + "tr = 1.5\n"
    (line, *_) = check_study(study_file(narratives, table, table, test="a")).problems
    assert "sub-001/a is named twice" in line
