"""Repetition time from study, sidecar or header in this order; confounds and volumes without numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nilearn.signal import clean as nilearn_clean

from fmri2ges.data.atomic import write_json, write_npz
from fmri2ges.data.bold.clean import clean, standardize
from fmri2ges.data.bold.confounds import Confounds
from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.bold.series import TR_TOLERANCE
from fmri2ges.data.bold.timing import doubtful, find_tr, header_note, sidecar_tr
from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.data.study.model import RecordingSource
from fmri2ges.errors import UserError
from fmri2ges.training.inputs import input_files, regressed_out
from fmri2ges.training.train import train_study
from tests.bold_files import make_mask, write_dtseries, write_gifti_pair, write_hf5, write_mask, write_mgh, write_nifti

RNG = np.random.default_rng(11)
SIGNAL = np.sin(np.arange(40.0))

# Repetition time.


@pytest.mark.parametrize("header", [0.0, 1.0, 2000.0, 1500.0, 0.002, 40.0])
@pytest.mark.parametrize("stated", [2.0, 0.72])
def test_a_header_that_does_not_know_never_wins(tmp_path, header, stated):
    mask = make_mask()
    path = write_nifti(tmp_path / "b.nii.gz", SIGNAL, mask, tr=header)
    bold = read_bold(path, masks=(write_mask(tmp_path / "m.nii", mask),), tr=stated)
    (note,) = bold.notes
    assert f"TR {stated:g} s counts, as the study says; the header says {np.float32(header):g} s" in note


@pytest.mark.parametrize("header", [2.0, 2.001, 1.999, 1.0])
def test_a_header_that_agrees_needs_no_note(tmp_path, header):
    mask = make_mask()
    path = write_nifti(tmp_path / "b.nii", SIGNAL, mask, tr=header)
    assert read_bold(path, masks=(write_mask(tmp_path / "m.nii", mask),), tr=2.0 if header > 1 else 1.0).notes == ()


@given(st.floats(0.2, 15), st.floats(0.2, 15))
def test_two_repetition_times_that_may_both_be_right_are_a_question(stated, header):
    alike = abs(stated - header) <= TR_TOLERANCE
    if alike or doubtful(header):
        assert bool(header_note("f", stated, header)) != alike
    else:
        with pytest.raises(UserError, match="correct tr, or add ignore_header_tr = true where the header is wrong"):
            header_note("f", stated, header)


@pytest.mark.parametrize("stated, header", [(2.0, 2.01), (1.5, 1.49), (0.72, 0.725)])
def test_a_difference_that_moves_the_end_of_a_story_by_seconds_is_a_question(stated, header):
    assert abs(header - stated) / stated * 600 > 2.5  # seconds at the end of ten minutes
    with pytest.raises(UserError, match="correct tr"):
        header_note("f", stated, header)


STUDY = """name = "n"
[[recording]]
subject = "s"
story = "a"
bold = "{bold}"
first_volume_at = 1.0
words = "w.tsv"
{more}
[split]
within_story_folds = 2
gap = 4.0
"""


def study(folder, bold: str, more: str = "", n_words: int = 150):
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(n_words)]
    rows = [f"{w}\t{0.5 * k}\t0.4" for k, w in enumerate(words)]
    (folder / "w.tsv").write_text("\n".join(["word\tstart\tduration", *rows, ""]))
    path = folder / "study.toml"
    path.write_text(STUDY.format(bold=bold, more=more))
    return path


@pytest.fixture
def volume(tmp_path):
    """A recording whose header says 1.5 s; the study has no tr."""
    mask = make_mask()
    write_mask(tmp_path / "m.nii", mask)
    write_nifti(tmp_path / "sub-01_task-a_run-1_bold.nii.gz", SIGNAL, mask, tr=1.5)
    return tmp_path


def trs(path) -> list[float]:
    return [r.tr for r in load_study(path).recordings]


def test_study_then_sidecar_then_header(volume):
    name, mask = "sub-01_task-a_run-1_bold", 'mask = "m.nii"'
    assert trs(study(volume, f"{name}.nii.gz", mask)) == [1.5]
    write_json(volume / f"{name}.json", {"RepetitionTime": 2.0})
    assert trs(study(volume, f"{name}.nii.gz", mask)) == [2.0]
    assert trs(study(volume, f"{name}.nii.gz", f"{mask}\ntr = 2.5\nignore_header_tr = true")) == [2.5]


def test_a_tr_that_the_study_does_not_state_is_said(volume):
    name, mask = "sub-01_task-a_run-1_bold", 'mask = "m.nii"'
    notes = check_study(study(volume, f"{name}.nii.gz", mask)).notes
    assert f"tr = 1.5 s (the header of {name}.nii.gz) assumed for recording s/a" in notes
    write_json(volume / f"{name}.json", {"RepetitionTime": 1.52})
    notes = check_study(study(volume, f"{name}.nii.gz", mask)).notes
    assert f"tr = 1.52 s (RepetitionTime of {name}.json) assumed for recording s/a" in notes


def test_a_wrong_header_is_no_dead_end(volume):
    path = study(volume, "sub-01_task-a_run-1_bold.nii.gz", 'mask = "m.nii"\ntr = 2.0')
    (problem,) = check_study(path).problems
    assert "its header says TR 1.5 s, but the study says tr = 2; correct tr, or add ignore_header_tr = true" in problem
    checked = check_study(
        study(volume, "sub-01_task-a_run-1_bold.nii.gz", 'mask = "m.nii"\ntr = 2.0\nignore_header_tr = true')
    )
    assert not checked.problems and checked.study.recordings[0].tr == 2.0


def test_stories_of_a_subject_that_differ_in_tr_are_refused_before_training(toy, tmp_path):
    before, last = toy.read_text(encoding="utf-8").rsplit("tr = 2.0", 1)  # the test story's: it is decoded with them
    toy.write_text(f"{before}tr = 2.01{last}", encoding="utf-8")
    assert not any("needs one TR" in line for line in check_study(toy).problems)
    toy.write_text(f"{before}tr = 1.5{last}", encoding="utf-8")
    line = "study.toml: subject s1: c has TR 1.5 s, but a has 2 s; one decoder needs one TR: correct tr"
    assert sum(line in problem for problem in check_study(toy).problems) == 1
    with pytest.raises(UserError, match=line):
        train_study(toy, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_subjects_may_differ_in_tr(toy):
    before, last = toy.read_text(encoding="utf-8").rsplit('subject = "s1"', 1)
    toy.write_text(f'{before}subject = "s2"{last.replace("tr = 2.0", "tr = 1.5")}', encoding="utf-8")
    assert not any("needs one TR" in line for line in check_study(toy).problems)


def test_a_doubtful_header_alone_is_not_believed(tmp_path):
    mask = make_mask()
    write_mask(tmp_path / "m.nii", mask)
    write_nifti(tmp_path / "b.nii.gz", SIGNAL, mask, tr=1.0)
    (problem,) = check_study(study(tmp_path, "b.nii.gz", 'mask = "m.nii"')).problems
    assert "tr missing; add it" in problem and "its header says 1 s, as programs write that do not know it" in problem
    assert trs(study(tmp_path, "b.nii.gz", 'mask = "m.nii"\ntr = 1.0')) == [1.0]


def test_every_header_is_asked_without_reading_the_data(tmp_path):
    paths = [
        write_dtseries(tmp_path / "a.dtseries.nii", SIGNAL[:6], tr=0.8),
        write_gifti_pair(tmp_path, "a_hemi-{}_bold.func.gii", SIGNAL[:6]),
        write_mgh(tmp_path / "lh.a.mgz", np.zeros((6, 10242)), tr=0.8),
    ]
    text = paths[1].read_text().replace("<Data>", "<Data>*")  # what is no base64 would be refused
    paths[1].write_text(
        text.replace("<MetaData", "<MetaData><MD><Name>TimeStep</Name><Value>800</Value></MD></MetaData><MetaData", 1)
    )
    assert [find_tr(p).seconds for p in paths] == [pytest.approx(0.8)] * 3
    with pytest.raises(UserError, match="no .json file beside it states RepetitionTime; add `tr = ...`"):
        find_tr(write_hf5(tmp_path / "a.hf5", SIGNAL))


def test_sidecars_are_inherited_and_the_most_special_wins(tmp_path):
    func = tmp_path / "sub-01" / "ses-2" / "func"
    func.mkdir(parents=True)
    bold = func / "sub-01_ses-2_task-a_run-1_space-fsaverage6_hemi-L_desc-clean.func.gii"
    bold.touch()
    places = [
        (tmp_path / "task-a_bold.json", 1.1),
        (tmp_path / "task-a_run-1_bold.json", 1.2),
        (tmp_path / "sub-01" / "sub-01_task-a_bold.json", 1.3),
        (func / "sub-01_ses-2_task-a_run-1_bold.json", 1.4),
        (bold.with_name("sub-01_ses-2_task-a_run-1_space-fsaverage6_hemi-L_desc-clean.json"), 1.5),
    ]
    for k, (file, tr) in enumerate(places):
        for other, _ in places[k + 1 :]:
            assert not other.exists()
        write_json(file, {"RepetitionTime": tr})
        assert find_tr(bold, tmp_path).seconds == tr
    for file, _ in places:
        write_json(file, {"TaskName": "a"})
    for name in ("task-b_bold.json", "sub-02_task-a_bold.json", "task-a_run-2_bold.json", "task-a_events.json"):
        write_json(tmp_path / name, {"RepetitionTime": 9.0})
    with pytest.raises(UserError, match="no .json file beside it states RepetitionTime"):
        find_tr(bold, tmp_path)


@pytest.mark.parametrize(
    "content", ['{"RepetitionTime": 2000}', '{"RepetitionTime": "2"}', '{"RepetitionTime": 0}', "{"]
)
def test_a_sidecar_that_cannot_be_right_is_named(volume, content):
    (volume / "sub-01_task-a_run-1_bold.json").write_text(content)
    (problem,) = check_study(study(volume, "sub-01_task-a_run-1_bold.nii.gz", 'mask = "m.nii"')).problems
    assert "sub-01_task-a_run-1_bold.json: " in problem and "add `tr = ...`" in problem


def test_of_two_sidecars_of_one_rank_the_first_by_name_counts(tmp_path):
    """Not the one that the file system happens to list first."""
    for order in ((0, 1), (1, 0)):
        folder = tmp_path / str(order)
        (folder / "func").mkdir(parents=True)
        bold = folder / "func" / "sub-01_task-a_bold.nii"
        bold.touch()
        for k in order:
            write_json(bold.with_name(("sub-01_bold.json", "task-a_bold.json")[k]), {"RepetitionTime": (1.1, 2.2)[k]})
        assert sidecar_tr(bold).seconds == 1.1


def test_a_sidecar_that_no_scanner_wrote_is_not_read_whole(tmp_path):
    bold = tmp_path / "sub-01_task-a_bold.nii"
    bold.touch()
    bold.with_suffix(".json").write_bytes(b" " * 5_000_000)
    with pytest.raises(UserError, match="is larger than 4 MB.*; else add `tr = ...`"):
        sidecar_tr(bold)


# Confounds.


def write_confounds(path, values, names, lead: int = 0):
    rows = [["n/a" if i < lead else f"{v:.9g}" for v in row] for i, row in enumerate(values)]
    path.write_text("\n".join("\t".join(r) for r in [names, *rows]) + "\n")
    return path


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e5])
def test_confounds_and_trend_are_what_nilearn_regresses_out(tmp_path, scale):
    n = 60
    confounds = scale * RNG.normal(size=(n, 6)).cumsum(0)
    values = 500 + RNG.normal(size=(n, 30)) + confounds[:, :5] @ RNG.normal(size=(5, 30)) / scale
    write_npz(tmp_path / "b.npz", bold=values, columns=np.array([f"r{k}" for k in range(30)]))
    names = [f"c{k}" for k in range(6)]
    bold = read_bold(tmp_path / "b.npz", confounds=Confounds(write_confounds(tmp_path / "c.tsv", confounds, names)))
    time = np.linspace(-1, 1, n)[:, None]
    regressors = np.hstack([time, time**2, confounds])
    expected = nilearn_clean(values, detrend=False, standardize="zscore_sample", confounds=regressors)
    np.testing.assert_allclose(bold.data, expected * np.sqrt(n / (n - 1)), atol=2e-4)
    np.testing.assert_allclose(bold.data.std(0), 1, atol=1e-5)
    assert bold.confounds == tuple(names)


@given(st.integers(0, 10**6), st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_what_is_left_is_orthogonal_to_trend_and_confounds(seed, n_confounds, n_masked):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(30, 5)).astype(np.float32) + 100
    confounds = rng.normal(size=(30, n_confounds)) * 10.0 ** rng.integers(-6, 6, n_confounds)
    values[:n_masked] = np.nan
    found = clean(values, confounds=np.column_stack([confounds, confounds, np.full(30, 7.3)]))
    kept = found.data[n_masked:].astype(float)
    time = np.arange(30.0)[n_masked:]
    for regressor in (np.ones(len(time)), time, time**2, *confounds[n_masked:].T):
        regressor = regressor / np.linalg.norm(regressor)
        assert np.abs(regressor @ kept).max() < 1e-3
    assert not found.data[:n_masked].any() and (found.n_start, found.n_end) == (n_masked, 0)
    np.testing.assert_allclose(kept.std(0), 1, atol=1e-4)


def test_a_signal_that_is_a_confound_is_gone_and_another_stays(tmp_path):
    motion = RNG.normal(size=(50, 1))
    own = RNG.normal(size=50)
    values = np.column_stack([100 + 3 * motion[:, 0], own, own + 5 * motion[:, 0]])
    np.savetxt(tmp_path / "b.txt", values)
    path = write_confounds(tmp_path / "c.tsv", motion, ["trans_x"])
    bold = read_bold(tmp_path / "b.txt", ("a", "b", "c"), confounds=Confounds(path))
    assert bold.n_constant == 1 and bold.dropped == ("a",)
    np.testing.assert_allclose(bold.data[:, 1], bold.data[:, 2], atol=1e-4)


def test_columns_by_name_and_by_pattern(tmp_path):
    names = ["trans_x", "cosine00", "cosine01", "csf", "framewise_displacement"]
    values = RNG.normal(size=(20, 5))
    path = write_confounds(tmp_path / "c.tsv", values, names)
    assert Confounds(path).read()[0] == tuple(names)
    chosen, found = Confounds(path, ("csf", "cosine*", "motion_outlier*")).read()
    assert chosen == ("csf", "cosine00", "cosine01")
    np.testing.assert_allclose(found, values[:, [3, 1, 2]], rtol=1e-6)


def test_leading_missing_values_take_the_next(tmp_path):
    values = RNG.normal(size=(20, 2))
    path = write_confounds(tmp_path / "c.tsv", values, ["a", "b"], lead=2)
    np.testing.assert_allclose(Confounds(path).read()[1][:3], values[[2, 2, 2]], rtol=1e-6)


@pytest.mark.parametrize(
    "text, columns, message",
    [
        ("a\n1\n", (), "has 1 rows, but the recording has 40 volumes"),
        ("1\n" * 40, (), "confounds need names: add a header line"),
        ("a\n" + "1\n" * 39 + "n/a\n", (), "c.tsv: a: 1 values are missing, the first in row 40"),
        ("a\n" + "n/a\n" * 40, (), "c.tsv: a: holds no number"),
        ("a\n" + "1\n" * 40, ("b",), "has no column 'b' of confound_columns; its header holds: a"),
        ("a\n" + "1\n" * 40, ("b*",), r"no column is named by confound_columns \(b\*\)"),
        ("a\n" + "1,5\n" * 40, (), "line 2, column 1: '1,5' has a decimal comma"),
    ],
)
def test_what_is_wrong_with_confounds_is_said_in_a_line(tmp_path, text, columns, message):
    np.savetxt(tmp_path / "b.txt", RNG.normal(size=(40, 2)))
    (tmp_path / "c.tsv").write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_bold(tmp_path / "b.txt", ("x", "y"), confounds=Confounds(tmp_path / "c.tsv", columns))
    assert "\n" not in str(error.value) and "c.tsv" in str(error.value)


def test_confounds_that_leave_nothing_are_refused(tmp_path):
    np.savetxt(tmp_path / "b.txt", RNG.normal(size=(20, 2)))
    path = write_confounds(tmp_path / "c.tsv", RNG.normal(size=(20, 16)), [f"c{k}" for k in range(16)])
    with pytest.raises(UserError, match="16 confounds leave nothing of 20 volumes; choose fewer with confound_columns"):
        read_bold(tmp_path / "b.txt", ("x", "y"), confounds=Confounds(path))


def table(path, n: int = 75):
    rows = RNG.normal(size=(n, 3))
    path.write_text("A\tB\tC\n" + "\n".join("\t".join(f"{v:.6f}" for v in row) for row in rows) + "\n")
    return rows


def test_check_and_manifest_say_what_was_regressed_out(tmp_path):
    rows = table(tmp_path / "b.tsv")
    motion = RNG.normal(size=(75, 3))
    write_confounds(tmp_path / "c.tsv", motion, ["trans_x", "trans_y", "csf"])
    more = 'tr = 1.0\nconfounds = "c.tsv"\nconfound_columns = ["trans_*"]'
    path = study(tmp_path, "b.tsv", more)
    checked = check_study(path)
    assert not checked.problems
    assert "recording s/a: 2 confounds regressed out together with the trend: trans_x, trans_y" in checked.notes
    assert json.dumps(checked_to_dict(checked))
    loaded = load_study(path)
    assert regressed_out(loaded) == {"s/a": ["trans_x", "trans_y"]}
    assert tmp_path / "c.tsv" in input_files(loaded) and tmp_path / "c.tsv" in loaded.recordings[0].files
    found = loaded.read_recording(loaded.recordings[0]).bold
    np.testing.assert_allclose(found, clean(rows, confounds=motion[:, :2]).data, atol=1e-3)
    (problem,) = check_study(study(tmp_path, "b.tsv", 'tr = 1.0\nconfound_columns = ["a"]')).problems
    assert "confound_columns names columns of `confounds`; add confounds, or remove it" in problem


# Volumes without numbers.


def with_nan(path, first: int, last: int, n: int = 75):
    values = RNG.normal(size=(n, 30)).astype(np.float32)
    values[:first] = np.nan
    values[n - last :] = np.nan
    write_hf5(path, values)
    return values


@pytest.mark.parametrize("first, last", [(5, 0), (0, 3), (4, 7)])
def test_volumes_missing_at_the_ends_are_masked_and_none_moves(tmp_path, first, last):
    values = with_nan(tmp_path / "s.hf5", first, last)
    path = study(tmp_path, "s.hf5", "tr = 1.0")
    checked = check_study(path)
    ends = " and ".join(f"{n} at the {end}" for n, end in ((first, "start"), (last, "end")) if n)
    assert not checked.problems
    assert any(f"recording s/a: volumes without numbers are masked ({ends})" in note for note in checked.notes)
    recording = load_study(path).read_recording(load_study(path).recordings[0])
    assert recording.volume_times.tolist() == [1.0 + k for k in range(75)]
    inside = slice(first, 75 - last)
    np.testing.assert_allclose(recording.bold[inside], clean(values[inside]).data, atol=1e-4)
    assert not recording.bold[:first].any() and not recording.bold[75 - last :].any()


def test_masked_volumes_stay_masked_in_a_part_of_a_scan(tmp_path):
    from dataclasses import replace

    values = with_nan(tmp_path / "s.hf5", 5, 4)
    source = load_study(study(tmp_path, "s.hf5", "tr = 1.0")).recordings[0]
    part = replace(source, rows=(2, 40)).read_bold()
    assert (part.n_start, part.n_end, len(part.data)) == (3, 0, 38) and not part.data[:3].any()
    np.testing.assert_allclose(part.data[3:], clean(values[5:40]).data, atol=1e-3)
    part = replace(source, rows=(30, None)).read_bold()
    assert (part.n_start, part.n_end) == (0, 4)
    np.testing.assert_allclose(part.data[:-4], clean(values[30:71]).data, atol=1e-3)


def test_they_stay_masked_in_a_table_of_two_rois(tmp_path):
    """There a volume of zeros tells nothing: a few columns may well pass through zero together."""
    values = RNG.normal(size=(40, 2)) + 5
    values[:6] = np.nan
    np.save(tmp_path / "b.npy", values)
    source = RecordingSource(
        "s", "a", tmp_path / "b.npy", 1.0, 0.5, tmp_path / "w.tsv", columns=("X", "Y"), rows=(2, 30)
    )
    part = source.read_bold()
    assert (part.n_start, part.n_end, len(part.data)) == (4, 0, 28) and not part.data[:4].any()
    np.testing.assert_allclose(part.data[4:], clean(values[6:30]).data, atol=1e-4)


def test_volumes_missing_inside_are_not_to_be_removed():
    values = RNG.normal(size=(40, 5))
    values[[0, 1, 9, 20]] = np.nan
    with pytest.raises(
        UserError, match=r"2 volumes hold NaN .*\(rows 10, 21\); interpolate them.* move the later ones"
    ):
        standardize(values)


def test_more_than_half_missing_says_how_to_cut():
    values = RNG.normal(size=(40, 5))
    values[:25] = np.nan
    with pytest.raises(
        UserError, match="25 volumes at the start and 0 at the end.*add tr x the number cut at the start"
    ):
        standardize(values)


def test_a_hole_in_one_column_masks_no_volume():
    values = RNG.normal(size=(40, 50))
    values[0, 7] = np.nan
    found = clean(values)
    assert (found.n_nan, found.n_start) == (1, 0) and found.data[0].any()
