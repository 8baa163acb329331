"""The Data screen without a browser: what it shows of a good study, of a broken one, and of names that are markup."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.messages import plain
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.study.check import check_study
from fmri2ges.types import Motion
from fmri2ges.views.study import clip_data
from tests import rigs
from tests.counting import calls

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "data.py")


@pytest.fixture
def opened():
    """A function that runs the page and opens a study file."""

    def run(path) -> AppTest:
        app = AppTest.from_file(PAGE, default_timeout=300).run()
        assert not app.exception
        app.text_input[0].set_value(str(path)).run()
        assert not app.exception, app.exception
        return app

    return run


def page_text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.success, app.warning, app.info, app.code, app.text)
    return "\n".join([str(e.value) for kind in kinds for e in kind] + [e.proto.body for e in app.get("html")])


def test_the_empty_page_says_what_to_give():
    app = AppTest.from_file(PAGE, default_timeout=300).run()
    assert "study.toml" in app.info[0].value and app.text_input[0].value == ""
    assert [b.label for b in app.button] == ["Open the simulated study of the demo"]


def test_a_good_study_is_summed_up_and_shown(toy, opened):
    app = opened(toy)
    assert app.success[0].value == "No problems found" and not app.error
    recordings, clips = (d.value for d in app.dataframe)
    assert recordings.iloc[0].to_dict() == {
        "Subject": "s1",
        "Story": "a",
        "Minutes": 1.0,
        "Volumes": 30,
        "TR (s)": 2.0,
        "Space": "table of 3 ROIs",
        "Columns": 3,
        "Words": 119,
    }
    assert clips["Skeleton"].tolist() == ["our own npz"] and clips["Words"].tolist() == [119]
    text = page_text(app)
    assert "**3 recordings** of 1 subject, 3 stories" in text and "2 to train, 0 to validate, 1 held out" in text
    assert "it needs two minutes of BOLD" in text  # the toy has one
    assert [m.value for m in app.multiselect] == [["mean of all ROIs", "X", "Y", "Z"]]
    check, train = (shlex.split(line) for line in app.code[0].value.splitlines())
    assert check == ["fmri2ges", "check", str(toy)] and train[1:3] == ["train", str(toy)]
    assert [s.label for s in app.selectbox] == ["Subject", "Story", "Clip"]


@pytest.mark.slow
def test_the_clock_of_a_real_recording_is_checked(alice, opened):
    app = opened(alice)
    app.selectbox[0].set_value("s37").run()
    assert any(
        "BOLD follows the words by 5.4 s" in s.value and "where a haemodynamic response puts it" in s.value
        for s in app.success
    )
    assert len(app.get("plotly_chart")) == 2 and not app.exception


def test_all_problems_are_listed_with_file_and_fix(toy, opened):
    text = toy.read_text().replace("tr = 2.0", "tr = 0", 1).replace('"c.npy"', '"z.npy"').replace("speaker", "speeker")
    toy.write_text(text)
    (toy.parent / "b.tsv").write_text("word\tstart\tduration\na\t0\t1\nb\t0.5\t1\n")
    app = opened(toy)
    problems = check_study(toy).problems
    assert len(problems) == 5 and app.error[0].value == "5 problems to correct before training"
    shown = page_text(app)
    for part in (
        "tr: must be a number above 0; got 0",
        "no such file: z.npy",
        "did you mean speaker?",
        "<b>b.tsv</b>",
        "line 3",
    ):
        assert part in shown
    assert str(toy.parent) not in "".join(e.proto.body for e in app.get("html"))  # paths without the study's own folder
    assert len(app.dataframe) == 1  # recording b alone could be read


def test_a_path_that_is_no_study_is_one_line(opened):
    app = opened("/nowhere/study.toml")
    assert app.error[0].value == "1 problem to correct before training" and not app.dataframe
    for path, line in (
        ("x" * 5000, "cannot be opened \\(File name too long\\); name another folder"),
        ("a\0b", "cannot be opened \\(no file can have this name\\); name another folder"),
        ("/", "1 problem to correct before training"),
        ("~nobody/study.toml", "1 problem to correct before training"),
        ('"/nowhere/study.toml"', "1 problem to correct before training"),
    ):
        app.text_input[0].set_value(path).run()
        assert not app.exception, app.exception
        assert line in app.error[0].value and "\n" not in app.error[0].value and not app.dataframe


def test_a_changed_study_is_checked_again(toy, opened):
    app = opened(toy)
    toy.write_text(toy.read_text().replace("tr = 2.0", "tr = 0", 1))
    app.run()
    assert app.error[0].value.startswith("1 problem")


EVIL = "<img src=x onerror=alert(1)>![p](http://x.invalid/p.png)"


def test_names_that_are_markup_stay_text(toy, opened):
    name = EVIL.replace("/", "_")  # a name may hold no slash
    text = toy.read_text().replace('"toy"', f"'{EVIL}'").replace('"s1"', f"'{name}'").replace('"Y"', f"'{name}'")
    toy.write_text(text.replace('speaker = "1"', f"speaker = '{name}'").replace('clip = "g"', f"clip = '{name}'"))
    toy.write_text(toy.read_text().replace("tr = 2.0\nfirst_volume_at = 1.0", "tr = 2.0\nfirst_volume_at = 90.0", 1))
    app = opened(toy)
    (badge,) = [m.value for m in app.markdown if "onerror" in m.value]
    assert plain(EVIL) in badge and "<img" not in badge.replace("\\<", "") and "![" not in badge.replace("\\!\\[", "")
    html = "".join(e.proto.body for e in app.get("html"))
    assert "<img" not in html and "&lt;img" in html  # in the problem of the first recording
    for chart in app.get("plotly_chart"):
        assert "<img" not in chart.proto.spec
    for kind in (app.caption, app.success, app.warning, app.error, app.info):
        assert not any("<img" in e.value or "![" in e.value for e in kind)


def test_a_bvh_of_75_joints_and_69_s_takes_the_work_of_one_of_7_s(tmp_path):
    """Between the file and the player nothing is done frame by frame."""
    long, short = (rigs.write_75_joints(tmp_path / f"{n}.bvh", n) for n in (69 * 60, 7 * 60))

    def shown(path):
        return clip_data(import_motion_file(path).motion, None, "speaker", "talk", False)

    data = shown(long)
    assert data["views"][0]["fps"] <= 30 and data["stop"] - data["start"] == pytest.approx(69, abs=0.1)
    assert calls(lambda: shown(long)) < 1.1 * calls(lambda: shown(short))


def test_long_clips_are_shown_in_pieces():
    positions = np.zeros((60 * 300, 10, 3), np.float32)
    motion = Motion(positions, fps=60.0, start=10.0)
    data = clip_data(motion, None, "speaker", "talk", False, start=150.0)
    assert (data["start"], data["stop"]) == (160.0, 280.0) and data["views"][0]["frames"] == 120 * 30
