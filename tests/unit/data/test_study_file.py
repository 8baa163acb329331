"""The study file: what is accepted, and every problem at once with its place and its fix."""

import shutil

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.data.study.check import check_study
from fmri2ges.data.study.folds import blocks_of, within_story_folds
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import read_words_tsv, write_words_tsv
from fmri2ges.errors import StudyError, UserError
from fmri2ges.types import Recording, Words


def change(path, *replacements):
    text = path.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


def problems(path):
    with pytest.raises(StudyError) as error:
        load_study(path)
    assert check_study(path).problems[: len(error.value.problems)] == error.value.problems
    return error.value.problems


def test_a_valid_study(toy):
    study = load_study(toy)
    assert (study.name, study.simulated, study.root) == ("toy", False, toy.parent)
    assert (study.subjects, study.stories, study.train_stories) == (("s1",), ("a", "b", "c"), ("a", "b"))
    assert [g.clip for g in study.train_gestures] == ["g"]
    recording = study.read_recording(study.recording("s1", "c"))
    assert recording.space == Table(("X", "Y", "Z")) and recording.bold.shape == (30, 3)
    assert recording.volume_times[:2].tolist() == [1.0, 3.0]
    clip = study.read_clip(study.gestures[0])
    assert clip.motion.n_frames == 900 and clip.speaker == "1" and len(clip.words) == 119
    checked = check_study(toy)
    assert checked.problems == () and checked.notes == ()
    assert any("2 stories train, 0 validation, 1 test" in line for line in checked.summary)


def test_a_file_called_truth_is_the_truth_of_a_simulated_study_alone(toy):
    """Nobody knows what a listener would have gestured; such a file beside a real study is something else."""
    (toy.parent / "truth").mkdir()
    shutil.copy(toy.parent / "g.npz", toy.parent / "truth" / "c.npz")
    assert load_study(toy).truth("c") is None
    study = load_study(change(toy, ('name = "toy"', 'name = "toy"\nsimulated = true')))
    assert study.truth("c").n_frames == 900 and study.truth("a") is None


@pytest.mark.parametrize(
    "stretches, parts", [([(0, 180)], [60, 60, 60]), ([(0, 72), (120, 180)], [72, 60]), ([(10, 37)], [14, 13])]
)
def test_training_blocks_beside_a_test_block_are_about_sixty_volumes_long(stretches, parts):
    """At least two of them, so that each can be left out in turn."""
    times = 1.0 + 2.0 * np.arange(200)
    words = Words.from_lists([f"w{k}" for k in range(200)], times, np.full(200, 0.1))
    whole = Recording("s", "tale", np.arange(200, dtype=np.float32)[:, None], 2.0, 1.0, words, Table(("X",)))
    train = np.zeros(200, bool)
    for low, high in stretches:
        train[low:high] = True
    blocks = blocks_of(whole, train)
    assert [len(b.bold) for b in blocks] == parts
    np.testing.assert_array_equal(np.concatenate([b.bold[:, 0] for b in blocks]), np.flatnonzero(train))
    for block in blocks:
        np.testing.assert_allclose(block.volume_times, times[block.bold[:, 0].astype(int)])
        assert block.words.text == tuple(f"w{int(k)}" for k in block.bold[:, 0])
    assert len({b.story for b in blocks}) == len(blocks)


def test_an_unknown_recording_names_what_there_is(toy):
    study = load_study(toy)
    with pytest.raises(UserError, match="'s9' is not in study 'toy'; allowed: s1"):
        study.recording("s9", "a")
    with pytest.raises(UserError, match="s1 has no recording of 'z'; allowed: a, b, c"):
        study.recording("s1", "z")


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("tr = 2.0", "tr = -2.0", "recording 1 (s1/a): tr: must be a number above 0; got -2.0"),
        ("tr = 2.0", "tr = 0", "tr: must be a number above 0; got 0"),
        ("tr = 2.0", "tr = nan", "tr: must be a number above 0"),
        ("tr = 2.0", "tr = 1e300", "tr: 1e+300 is no time in seconds; at most 1e+07 are allowed"),
        ("first_volume_at = 1.0", "first_volume_at = -1e300", "first_volume_at: -1e+300 is no time in seconds"),
        ("tr = 2.0", "tr = true", "tr: must be a number above 0; got True"),
        ("tr = 2.0", "", "recording 1 (s1/a): tr missing; add it"),
        ("tr = 2.0", "tr = 2.0\ntier_name = 'w'", "unknown key 'tier_name' (did you mean tier?); allowed: subject,"),
        ('name = "toy"', 'name = "toy"\nsimulated = "yes"', "simulated: must be true or false; got 'yes'"),
        ('bold = "a.npy"', 'bold = "nowhere.npy"', "bold: no such file: "),
        ('subject = "s1"', 'subject = "../s1"', "subject: must be a text in quotes, without / or \\"),
        ('subject = "s1"', 'subject = "s\\u0085"', "subject: 's\\x85' holds a control character"),
        ('subject = "s1"', 'subject = "s\\u2028"', "subject: 's\\u2028' holds a control character"),
        ('story = "b"', 'story = "a"', "recording 2 (s1/a): is the same subject and story as recording 1"),
        ('columns = ["X", "Y", "Z"]', 'columns = ["X", "X"]', "columns: a name occurs twice: X"),
        ('test_stories = ["c"]', 'test_stories = ["d"]', "test_stories: there is no story 'd'; stories: a, b, c, g"),
        ('test_stories = ["c"]', "", "nothing is held out"),
        ('test_stories = ["c"]', "within_story_folds = 5", "is for a study with a single story; this one has 3"),
        (
            'test_stories = ["c"]',
            "within_story_folds = 1",
            "within_story_folds: must be a whole number, 2 or more; got 1",
        ),
        ('test_stories = ["c"]', 'test_stories = ["c"]\ngap = -1', "gap: must be a number of seconds, 0 or more"),
        (
            'test_stories = ["c"]',
            'test_stories = ["c"]\nvalidation_stories = ["c"]',
            "c in both test_stories and validation_stories",
        ),
    ],
)
def test_one_wrong_entry_is_one_line(toy, old, new, message):
    found = problems(change(toy, (old, new)))
    assert any(message in line for line in found), found
    assert all(line.startswith("study.toml: ") and "\n" not in line for line in found)


def test_all_problems_come_at_once(toy):
    (toy.parent / "b.tsv").write_text("word\tstart\tduration\na\t0\t1\nb\t0.5\t1\n")
    found = problems(
        change(toy, ("tr = 2.0", "tr = -1"), ('speaker = "1"', "speaker = 1"), ("[split]", "[split]\ngaps = 3"))
    )
    for part in ("recording 1", "gesture 1 (g): speaker", "split: unknown key 'gaps'", "b.tsv: line 3 ('b'): overlaps"):
        assert sum(part in line for line in found) == 1, found
    assert len(found) == 4


@pytest.mark.parametrize(
    "content, message",
    [
        ("name = \nx = 1", "is not valid TOML: .*line 1"),
        ('name = "x"', "names no source"),
        ("", "name missing"),
        ("recording = 3", "must be written as"),
    ],
)
def test_files_that_are_no_study(tmp_path, content, message):
    path = tmp_path / "study.toml"
    path.write_text(content)
    with pytest.raises(StudyError, match=message):
        load_study(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(StudyError, match="no such file"):
        load_study(tmp_path / "study.toml")
    with pytest.raises(StudyError, match="is a folder"):
        load_study(tmp_path)


def shared_words(toy, n, into="c"):
    """Put the first n words of story a into another text, in place of its own."""
    words, other = read_words_tsv(toy.parent / "a.tsv"), read_words_tsv(toy.parent / f"{into}.tsv")
    write_words_tsv(toy.parent / f"{into}.tsv", Words(words.text[:n] + other.text[n:], other.start, other.duration))


def test_a_training_text_in_a_test_story_is_an_error(toy):
    shared_words(toy, 40)
    (line,) = problems(toy)
    assert (
        "recording s1/c (test) also stand in recording s1/a (train)" in line and "29 % of the 8-word sequences" in line
    )


def test_a_gesture_clip_may_not_speak_the_test_story(toy):
    change(toy, ('test_stories = ["c"]', 'test_stories = ["a"]'))
    shared_words(toy, 119, "g")
    (line,) = problems(toy)
    assert "100 % of the 8-word sequences of recording s1/a (test) also stand in gesture g (train)" in line


def test_texts_may_repeat_on_one_side_and_share_a_saying(toy):
    shared_words(toy, 119, "b")  # a and b both train
    shared_words(toy, 8, "c")  # eight words in common are no shared text
    load_study(toy)


def test_a_test_text_in_a_validation_story_is_an_error_and_in_a_test_story_is_none(toy):
    shared_words(toy, 119, "b")  # a is of the other side in the first case, and of the same in the second
    change(toy, ('test_stories = ["c"]', 'test_stories = ["a"]\nvalidation_stories = ["b"]'))
    (line,) = problems(toy)
    assert "of recording s1/a (test) also stand in recording s1/b (validation)" in line
    change(toy, ('test_stories = ["a"]\nvalidation_stories = ["b"]', 'test_stories = ["a", "b"]'))
    load_study(toy)


def test_a_clip_counts_as_a_story_of_the_split(toy):
    study = load_study(change(toy, ('test_stories = ["c"]', 'test_stories = ["c", "g"]')))
    assert study.train_gestures == ()


def test_check_reports_files_that_do_not_fit(toy):
    change(toy, ('columns = ["X", "Y", "Z"]', 'columns = ["X", "Y"]'))
    bold = np.load(toy.parent / "b.npy")
    bold[4] = np.nan
    np.save(toy.parent / "b.npy", bold)
    data = (toy.parent / "g.npz").read_bytes()
    (toy.parent / "g.npz").write_bytes(data[:1000])
    found = check_study(toy).problems
    for part in (
        "a.npy: has 3 columns but `columns` names 2",
        "b.npy: 1 volumes hold NaN",
        "g.npz: cannot be read as .npz",
    ):
        assert sum(part in line for line in found) == 1, found
    assert len(found) == 3
    load_study(toy)  # the file itself is in order: only `check` reads the data


def test_check_compares_bold_with_words(toy):
    np.save(toy.parent / "a.npy", np.load(toy.parent / "a.npy")[:10])
    np.save(toy.parent / "b.npy", np.load(toy.parent / "b.npy")[:28])
    checked = check_study(toy)
    (problem,) = checked.problems
    assert "recording s1/a: BOLD (10 volumes x 2 s) covers 0.0 to 20.0 s, the words 0.0 to 59.4 s: 79 of 119" in problem
    assert "check tr" in problem
    (note,) = checked.notes
    assert "recording s1/b" in note and "7 of 119 words lie outside" in note


def test_check_counts_dropped_columns(toy):
    bold = np.load(toy.parent / "a.npy")
    bold[:, 1] = 7
    np.save(toy.parent / "a.npy", bold)
    (note,) = check_study(toy).notes
    assert note == "recording s1/a: of 3 columns 0 hold NaN and 1 do not vary; they count as zero: Y"


def test_alice_is_understood(alice):
    checked = check_study(alice)
    assert checked.problems == ()
    (note,) = checked.notes  # one file of words, though nine recordings name it
    assert note.endswith("DownTheRabbitHoleFinal_exp120_pad_1.TextGrid: 296 pauses and marks dropped")
    # Each listener's clock is right, or nothing can be said of it: no false alarm on real data.
    assert len(checked.clocks) == 9 and {c.verdict for c in checked.clocks} == {"on time", "no response", "unclear"}
    assert "9 recordings, 9 subjects, 1 stories, TR 2 s, table of 6 ROIs (9)" in checked.summary[1]
    assert "1 texts, 2127 words, 12.1 minutes" in checked.summary[2]
    study = load_study(alice)
    recording = study.read_recording(study.recording("s18", "alice"))
    assert recording.bold.shape == (362, 6) and recording.space.names[-1] == "LIFG"
    assert recording.volume_times[[0, -1]].tolist() == [20.0, 742.0]
    assert study.split.within_story_folds == 5 and study.train_stories == ("alice",)


def test_folds_cover_the_story_once_and_keep_the_gap():
    times = 20 + 2.0 * np.arange(362)
    folds = within_story_folds(times, 5, 16.0)
    assert (sum(test.astype(int) for _, test in folds) == 1).all()
    for train, test in folds:
        apart = np.abs(times[train][:, None] - times[test]).min()
        assert apart > 16.0
        # Nothing beyond the gap is wasted.
        assert (~train & ~test).sum() <= 16
    with pytest.raises(UserError, match="leaves nothing to train on"):
        within_story_folds(times, 2, 400.0)
    with pytest.raises(UserError, match="between 2 and the number of volumes"):
        within_story_folds(times, 1, 0)


def test_alice_clock_is_right(alice):
    """Words per volume are read out of the nine listeners' mean, on the right clock only."""
    from sklearn.linear_model import Ridge

    study = load_study(alice)
    recordings = [study.read_recording(r) for r in study.recordings]
    bold, times = np.mean([r.bold for r in recordings], 0), recordings[0].volume_times
    folds = within_story_folds(times, 5, 16.0)
    # The response follows the words by 2 to 8 s; the last volumes have no later ones.
    later = np.concatenate([np.pad(bold[d:], ((0, d), (0, 0))) for d in (1, 2, 3, 4)], 1)

    def held_out_r(shift):
        words = recordings[0].words.start + shift
        counts = np.histogram(words, np.append(times - 1, times[-1] + 1))[0]
        predicted = np.zeros(len(times))
        for train, test in folds:
            predicted[test] = Ridge(alpha=10.0).fit(later[train], counts[train]).predict(later[test])
        return np.corrcoef(predicted, counts)[0, 1]

    assert held_out_r(0) > 0.2
    assert held_out_r(0) > max(held_out_r(shift) for shift in (-60, -20, 20, 60)) + 0.1


# --- what check refuses because train would


def test_a_subject_without_a_training_story_is_refused(toy):
    entry = toy.read_text().split("[[recording]]")[3].split("[[gesture]]")[0].replace('"s1"', '"s2"')
    change(toy, ("[[gesture]]", f"[[recording]]{entry}[[gesture]]"))
    (line,) = check_study(toy).problems
    assert line.startswith("study.toml: split: subject s2 has no training story")
    load_study(toy)  # decoding needs no training story


def test_a_study_without_a_training_story_is_refused_unless_it_is_simulated(toy):
    change(toy, ('test_stories = ["c"]', 'test_stories = ["a", "c"]\nvalidation_stories = ["b"]'))
    (line,) = check_study(toy).problems
    assert "no story is left for training" in line
    change(toy, ('name = "toy"', 'name = "toy"\nsimulated = true'))
    assert check_study(toy).problems == ()


def test_folds_and_validation_stories_are_refused_together(toy):
    parts = toy.read_text().split("[[recording]]")
    toy.write_text(f"{parts[0]}[[recording]]{parts[1]}[split]\nwithin_story_folds = 3\ngap = 4\n")
    assert check_study(toy).problems == ()
    change(toy, ("gap = 4", 'gap = 4\nvalidation_stories = ["a"]'))
    assert problems(toy) == ("study.toml: split: give validation_stories or within_story_folds, not both",)


def test_an_entry_that_is_no_table_is_named_and_the_others_are_read(toy):
    entry = toy.read_text().split("[[recording]]")[1].strip().replace("\n", ", ")
    toy.write_text(f'name = "toy"\nrecording = [1, {{{entry}}}]\n[split]\nwithin_story_folds = 3\ngap = 4\n')
    assert problems(toy) == ("study.toml: recording 1: must be a table of keys and values",)


def test_folds_that_leave_nothing_to_train_on_are_refused(toy):
    parts = toy.read_text().split("[[recording]]")
    single = f"{parts[0]}[[recording]]{parts[1]}[split]\nwithin_story_folds = "
    toy.write_text(f"{single}2\ngap = 100\n")
    assert check_study(toy).problems == (
        "recording s1/a: gap: 100 s leaves nothing to train on beside a test block of one of 2 folds",
    )
    toy.write_text(f"{single}40\n")
    assert "must be between 2 and the number of volumes (30); got 40" in check_study(toy).problems[0]
    toy.write_text(f"{single}3\ngap = 4\n")
    checked = check_study(toy)
    assert checked.problems == ()
    (note,) = [note for note in checked.notes if "split: gap" in note]
    assert note.startswith("study.toml: split: gap = 4 s is shorter than the 10 s of BOLD") and "write gap = 16" in note
    toy.write_text(f"{single}2\ngap = 10\n")
    assert not any("split: gap" in note for note in check_study(toy).notes)


@pytest.mark.parametrize(
    "columns, differs",
    [
        ('["X", "W", "Z"]', "'Y' and 'W' in one place"),
        ('["X", "Z", "Y"]', "'Y' and 'Z' in one place"),  # the same names in another order
        ('["X", "Y", "Z", "W"]', "3 and 4 ROIs"),
    ],
)
@pytest.mark.parametrize("subject", ["s1", "s2"])
def test_tables_of_other_rois_are_refused(toy, columns, differs, subject):
    head, last = toy.read_text().rsplit('[[recording]]\nsubject = "s1"', 1)
    last = last.replace('columns = ["X", "Y", "Z"]', f"columns = {columns}")
    toy.write_text(f'{head}[[recording]]\nsubject = "{subject}"{last}')
    if "W" in columns and "Y" in columns:
        np.save(toy.parent / "c.npy", np.random.default_rng(0).normal(size=(30, 4)))
    found = [line for line in check_study(toy).problems if differs in line]
    if subject == "s1":
        start, fix = "recording s1/c: has other columns than a of the same subject", "give all stories of a subject the"
    else:
        start, fix = "study.toml: subjects s1 and s2 have other ROIs", "give all recordings the same columns"
    assert len(found) == 1 and found[0].startswith(start) and fix in found[0]


# --- files from Windows


def test_a_byte_order_mark_is_skipped(toy):
    toy.write_bytes(b"\xef\xbb\xbf" + toy.read_bytes())
    assert check_study(toy).problems == ()
    toy.write_bytes(toy.read_bytes().decode("utf-8-sig").encode("utf-16"))
    assert check_study(toy).problems == (f"{toy}: is UTF-16 text; save it as UTF-8",)


@pytest.mark.parametrize("name", ["sub\\bold.npy", "sub\\new.npy", "sub\\table.npy", "sub\\first.npy"])
def test_an_escape_in_a_path_is_named_with_the_mend(toy, name):
    (line,) = problems(change(toy, ('bold = "a.npy"', f'bold = "{name}"')))
    assert "recording 1 (s1/a): bold: " in line and "holds a control character" in line
    assert "write the path with / (\"sub/bold.tsv\") or in single quotes ('sub\\bold.tsv')" in line


@pytest.mark.parametrize("name", ["C:\\Users\\me\\a.npy", "sub\\data.npy", "sub\\xa.npy", "D:\\a.npy", "sub\\"])
def test_a_backslash_that_toml_refuses_is_named_with_the_mend(toy, name):
    (line,) = problems(change(toy, ('bold = "a.npy"', f'bold = "{name}"')))
    assert "is not valid TOML" in line and "a backslash inside" in line and "write the path with /" in line


def test_windows_paths_in_single_quotes_are_read_anywhere(toy):
    (toy.parent / "sub").mkdir()
    (toy.parent / "a.npy").rename(toy.parent / "sub" / "a.npy")
    assert check_study(change(toy, ('bold = "a.npy"', "bold = 'sub\\a.npy'"))).problems == ()


def test_names_that_no_file_can_have_are_one_line(toy):
    (line,) = problems(change(toy, ('bold = "a.npy"', f'bold = "{"x" * 300}"')))
    assert "bold: " in line and "cannot be a path" in line and len(line) < 300


def test_timing_that_a_format_supplies_is_said(toy, tmp_path):
    from tests.bold_files import write_hf5

    rng = np.random.default_rng(0)
    write_hf5(toy.parent / "a.hf5", rng.normal(size=(30, 3)).astype(np.float32))
    columns = 'columns = ["X", "Y", "Z"]\n'
    change(toy, ('bold = "a.npy"\ntr = 2.0\nfirst_volume_at = 1.0\n' + columns, 'bold = "a.hf5"\n'))
    notes = check_study(toy).notes
    assert "tr = 2 s and first_volume_at = 11 s (those of the Huth lab's .hf5) assumed for recording s1/a" in notes
