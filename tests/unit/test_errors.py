"""Messages are one line of bounded length, whatever the user's own names and values hold."""

import pytest

from fmri2ges.config import load
from fmri2ges.data.study.file import parse_study
from fmri2ges.errors import LONGEST, StudyError, UserError, check_option
from fmri2ges.request import DecodeRequest
from fmri2ges.training.presets import TrainConfig


@pytest.mark.parametrize("text", ["one line", "", "two\nlines\r\nand\x0bmore", "x" * 5000, "a " * 900])
def test_a_message_is_one_short_line(text):
    said = str(UserError(text))
    assert len(said.splitlines()) <= 1 and len(said) <= LONGEST
    assert said == text or len(text) > LONGEST or "\n" in text


def test_several_problems_keep_their_lines():
    error = StudyError(["a: wrong", "b:\nwrong " + "x" * 2000])
    assert len(error.problems) == 2 and str(error).splitlines() == list(error.problems)


def test_what_was_given_is_cut_and_what_is_allowed_stays():
    with pytest.raises(UserError, match=r"^branch: '\[{90,99}… is not known; allowed: text, direct$"):
        check_option("branch", "[" * 3000, ("text", "direct"))
    with pytest.raises(UserError, match="unknown key '.{50,100}…; allowed: run, subject"):
        DecodeRequest.from_dict({"k" * 3000: 1})


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("c.toml", "a = " + "[" * 100_000, "nested too deeply"),
        ("c.json", "[" * 100_000, "nested too deeply|cannot be read"),
        ("c.json", '{"lm": "' + "x" * 2**20 + '"}', "larger than 1 MB"),
        ("c.json", '{"t2g_steps": "' + "x" * 5000 + '"}', "t2g_steps: must be int; got 'xx"),
    ],
)
def test_settings_of_any_content_are_refused_in_one_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message) as error:
        load(TrainConfig, tmp_path / name)
    assert len(str(error.value)) <= LONGEST


def test_a_study_that_no_file_can_be_called_is_not_there():
    from fmri2ges.demo.opener import has_study

    assert not has_study("x" * 5000) and not has_study("a\0b")


def test_roi_names_are_without_blanks_around_them():
    request = DecodeRequest(rois=(" Broca", "AG\n"))
    assert request.rois == ("Broca", "AG") and DecodeRequest.from_text(request.text) == request
    with pytest.raises(UserError, match="rois: must be a list of names"):
        DecodeRequest(rois=("Broca", " \n"))


def test_a_template_that_no_file_can_be_called_is_one_line(tmp_path):
    (tmp_path / "fp" / "sub-1" / "func").mkdir(parents=True)
    name = "sub-1_task-x_space-T1w_desc-preproc_bold"
    (tmp_path / "fp" / "sub-1" / "func" / f"{name}.nii.gz").write_bytes(b"x")
    table = (
        f'[[bids]]\nroot = "fp"\ntask = "x"\nspace = "T1w"\nfirst_volume_at = 1.0\ntr = 2.0\nwords = "{"w" * 3000}"\n'
    )
    (tmp_path / "study.toml").write_text(f'name = "n"\n{table}[split]\ntest_stories = ["x"]\n')
    _, problems = parse_study(tmp_path / "study.toml")
    assert any("words: 'www" in line and "cannot be a path" in line for line in problems)
