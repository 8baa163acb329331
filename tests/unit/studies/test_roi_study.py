"""An ROI study from the command to its folder, on a small table of ROIs."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import fmri2ges
from fmri2ges.cli.main import main
from fmri2ges.data.study.model import RecordingSource
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.evaluation.roi_rows import Effect, Mode
from fmri2ges.figures import make_figure
from fmri2ges.figures.roi_bars import draw_roi_bars
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.figures.style import Paper, print_style
from fmri2ges.storage.folder import sole_writer
from fmri2ges.studies import roi_task
from fmri2ges.studies.roi_request import RoiStudyRequest
from fmri2ges.studies.roi_study import roi_study, tasks_folder
from fmri2ges.studies.roi_task import RoiTask, run_task
from fmri2ges.work import Work
from tests.roi_studies import STORIES, make_study
from tests.run_files import COLUMNS


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("roi"))


@pytest.fixture(scope="module")
def request_of(run):
    return RoiStudyRequest(str(run), nulls=0)


@pytest.fixture(scope="module")
def folder(request_of, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "study"
    roi_study(request_of, out, "serial")
    return out


def test_the_command_writes_what_the_library_returns(run, folder, tmp_path, capsys):
    out = tmp_path / "again"
    assert (
        main(["roi-study", str(run), "--nulls", "0", "--executor", "local", "--workers", "2", "--out", str(out)]) == 0
    )
    assert "exploratory" in capsys.readouterr().out
    for name in ("table.tsv", "study.json"):
        assert (out / name).read_bytes() == (folder / name).read_bytes()
    assert (out / "maps" / "s1.tsv").read_bytes() == (folder / "maps" / "s1.tsv").read_bytes()
    assert not tasks_folder(out).exists()


def test_an_interrupted_command_says_that_it_can_go_on(run, folder, tmp_path, capsys, monkeypatch):
    out = tmp_path / "study"
    command = ["roi-study", str(run), "--nulls", "0", "--executor", "serial", "--out", str(out)]

    @contextmanager
    def interrupted():
        def tell(fraction, message):
            if fraction > 0.4:
                raise KeyboardInterrupt

        yield Work(tell)

    with monkeypatch.context() as patch:
        patch.setattr("fmri2ges.cli.roi_study.watched", interrupted)
        assert main(command) == 130
    message = capsys.readouterr().err
    assert str(tasks_folder(out)) in message and "the same command goes on" in message and message.count("\n") == 1
    assert not out.exists() and any(tasks_folder(out).rglob("*.*"))
    assert main(command) == 0
    assert (out / "study.json").read_bytes() == (folder / "study.json").read_bytes()


def test_every_region_has_its_rows_for_each_branch_and_metric(folder):
    study = fmri2ges.load_roi_study(folder)
    assert [region.name for region in study.regions] == list(COLUMNS)
    assert study.simulated and study.stories == STORIES and study.subjects == ("s1",)
    metrics = {"text": 7, "direct": 4}
    assert len(study.rows) == sum(metrics.values()) * (1 + 2 * len(COLUMNS))
    for row in study.rows:
        assert row.mode == Mode.EXPLORATORY and row.stories == len(STORIES)
        assert row.interval.low <= row.value <= row.interval.high
        assert (row.p_corrected is None) == (row.effect == Effect.WHOLE or row.null.p is None)
        assert row.p_corrected is None or row.p_corrected >= row.null.p - 1e-9
        assert (row.ceiling is not None) == (row.metric.id in ("r_expected", "segment_rank"))


def test_a_lesion_is_the_whole_minus_the_score_without_the_region(folder):
    study = fmri2ges.load_roi_study(folder)
    for branch, metric in {(row.branch, row.metric.id) for row in study.rows}:
        (whole,) = study.select("s1", branch, metric, Effect.WHOLE)
        for row in study.select("s1", branch, metric, Effect.LESION):
            assert row.value == pytest.approx(whole.value - row.score, abs=2e-6)


def test_models_that_know_nothing_are_found_nowhere(folder):
    rows = [row for row in fmri2ges.load_roi_study(folder).rows if row.p_corrected is not None]
    assert sum(row.p_corrected < 0.05 for row in rows) <= 0.05 * len(rows)


def test_a_stopped_study_goes_on_and_ends_with_the_same_bytes(request_of, folder, tmp_path):
    out, told = tmp_path / "study", []
    done = tasks_folder(out) / "results"
    with pytest.raises(Cancelled):
        roi_study(request_of, out, "serial", work=Work(should_stop=lambda: len(list(done.glob("*.json"))) >= 3))
    assert not out.exists()
    kept = len(list(done.glob("*.json")))
    roi_study(request_of, out, "serial", work=Work(lambda fraction, message: told.append(message)))
    total = 1 + 2 * len(COLUMNS)
    assert f"{total} tasks: {total - kept} computed, {kept} found again" in told
    assert (out / "table.tsv").read_bytes() == (folder / "table.tsv").read_bytes()


def test_a_task_is_json_and_its_digest_is_of_all_but_the_place(run):
    task = RoiTask(str(run), "d", "s1", STORIES, "r", ("A",))
    assert RoiTask.from_json(task.to_json()) == task
    assert replace(task, run="elsewhere").digest == task.digest
    changes = {"rois": ("B",), "without": True, "texts": 2, "seed": 1, "refit": True, "null": False, "run_digest": "e"}
    digests = {replace(task, **{name: value}).digest for name, value in changes.items()}
    assert len(digests | {task.digest}) == len(changes) + 1


def test_a_run_that_was_trained_anew_is_refused(run):
    with pytest.raises(UserError, match="trained anew"):
        run_task(RoiTask(str(run), "0" * 64, "s1", STORIES, "r", ("A",)))


def test_random_regions_give_a_band_and_drawn_texts_other_numbers(run, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("A\n")
    request = RoiStudyRequest(str(run), rois=str(names), stories=STORIES[:2], samples=1, nulls=50)
    study = roi_study(request, tmp_path / "study", "serial")
    (row,) = study.select("s1", "direct", "r_expected", Effect.ALONE)
    assert row.size_null.n == len(COLUMNS)  # there are no more sets of one of four columns
    assert row.size_null.p >= 1 / (1 + len(COLUMNS)) and row.size_null.q05 <= row.size_null.q95
    assert any("drawn texts" in note for note in study.notes)


def test_a_single_story_is_said(run, tmp_path):
    request = RoiStudyRequest(str(run), stories=STORIES[:1], branch="direct", nulls=0)
    study = roi_study(request, tmp_path / "study", "serial")
    assert any("a single story" in note for note in study.notes)
    rows = [row for row in study.rows if row.metric.id == "r_expected"]
    assert all(row.null.draws <= 41 for row in rows)  # shifts of 20 to 100 s, in steps of 2 s
    assert all(row.null.p is None or row.null.p > 0 for row in rows)


def test_without_a_recorded_gesture_both_branches_are_held_against_t2g_of_the_heard_words(tmp_path):
    run = make_study(tmp_path, STORIES[:2], truth=False)
    study = roi_study(RoiStudyRequest(str(run), nulls=0), tmp_path / "out", "serial")
    heard = {"heard_r_expected", "heard_segment_rank"}
    assert {row.metric.id for row in study.rows if row.branch == "direct"} == heard
    words = {"word_vector_likeness", "text_rank", "word_rate_r"}
    assert {row.metric.id for row in study.rows if row.branch == "text"} == heard | words
    assert study.main_metric.id == "heard_r_expected" and study.main_metric.transcript
    assert any("no recorded gesture: never compare" in note for note in study.notes)
    svg = make_figure(study, "roi-bars", tmp_path / "bars.svg").read_text()
    assert "made of the transcript" in svg


def test_scores_against_heard_words_stand_in_rows_of_their_own_and_have_no_ceiling_of_real_motion(folder):
    study = fmri2ges.load_roi_study(folder)
    assert study.main_metric.id == "r_expected" and not study.main_metric.transcript
    for branch in ("text", "direct"):
        (real,) = study.select("s1", branch, "r_expected", Effect.WHOLE)
        (heard,) = study.select("s1", branch, "heard_r_expected", Effect.WHOLE)
        assert real.ceiling is not None and heard.ceiling is None


def test_a_refit_is_confirmatory_for_the_text_branch_alone(run, tmp_path):
    config = {"lm": "", "penalties": [10.0, 1000.0]}
    manifest = json.loads((run / "manifest.json").read_text())
    other = tmp_path / "run"
    shutil.copytree(run, other)
    (other / "manifest.json").write_text(json.dumps(manifest | {"config": config}))
    request = RoiStudyRequest(str(other), stories=STORIES[:2], nulls=0, refit=True)
    study = roi_study(request, tmp_path / "study", "serial")
    modes = {(row.branch, row.mode) for row in study.rows}
    assert modes == {("text", Mode.CONFIRMATORY), ("direct", Mode.EXPLORATORY)}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"rois": "nowhere"}, "'nowhere' is no file, and not one of: groups, areas"),
        ({"subject": "s9"}, "subject: 's9' was not trained; allowed: all, s1"),
        ({"stories": ("story-9",)}, "no recording of 'story-9'"),
        ({"nulls": 7}, "nulls: 7 random regions are too few"),
        ({"samples": -1}, "samples: must be a whole number"),
        ({"branch": "left"}, "branch: 'left' is not known"),
    ],
)
def test_bad_input_is_one_clear_line(run, tmp_path, changes, words):
    with pytest.raises(UserError) as error:
        roi_study(RoiStudyRequest(str(run), **changes), tmp_path / "out")
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_an_unknown_region_in_a_file_is_named(run, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("A\nBroca\n")
    with pytest.raises(UserError, match="'Broca' is not an ROI of this study"):
        roi_study(RoiStudyRequest(str(run), rois=str(names)), tmp_path / "out")


def test_two_clients_on_one_folder_are_told_apart(request_of, tmp_path):
    out = tmp_path / "study"
    with sole_writer(out), pytest.raises(UserError, match="is writing it"):
        roi_study(request_of, out)


def test_a_finished_study_is_replaced_only_when_asked(request_of, folder):
    with pytest.raises(UserError, match="--force"):
        roi_study(request_of, folder)


def test_bars_are_drawn_and_a_map_without_cortex_is_refused(folder, tmp_path):
    study = fmri2ges.load_roi_study(folder)
    svg = make_figure(study, "roi-bars", tmp_path / "bars.svg").read_text()
    assert "SIMULATED" in svg and "exploratory" in svg and "Holm over 4 regions" in svg
    assert main(["figure", str(folder), "--kind", "roi-bars", "--out", str(tmp_path / "cli.svg")]) == 0
    assert (tmp_path / "cli.svg").read_text() == svg
    with pytest.raises(UserError, match="draw roi-bars instead"):
        make_figure(study, "roi-map", tmp_path / "map.svg")


@pytest.mark.parametrize("name", ["block-{0:03d} to block-{0:03d}", "a region with a name of many words, number {}"])
def test_long_names_of_regions_stay_on_the_page_and_bars_inside_their_axes(folder, name):
    """Names such as 'block-066 to block-078' were cut off at the left edge."""
    study = fmri2ges.load_roi_study(folder)
    called = {region: name.format(k) for k, region in enumerate(sorted({row.region for row in study.rows}))}
    longer = replace(study, rows=tuple(replace(row, region=called[row.region]) for row in study.rows))
    with print_style():
        page = draw_roi_bars(longer, Paper(180), RoiView())
        renderer = FigureCanvasAgg(page.figure).get_renderer()
        texts = [text for text in page.figure.texts if text.get_text().startswith(("block", "a region"))]
        assert len(texts) >= 4 and min(text.get_window_extent(renderer).x0 for text in texts) > 0
        panels = page.figure.axes
        assert min(panel.get_position().x0 for panel in panels) * 180 >= 21
        for panel in panels:
            low, high = panel.get_xlim()
            assert all(low < bar.get_x() and bar.get_x() + bar.get_width() < high for bar in panel.patches)


@pytest.mark.parametrize(
    "damage", ["{}", "[]", '{"kind": "roi-study", "version": 1}', '{"kind": "roi-study", "version": 9}']
)
def test_a_damaged_study_is_one_line(folder, tmp_path, damage):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "study.json").write_text(damage)
    with pytest.raises(UserError) as error:
        fmri2ges.load_roi_study(copy)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("entry, value", [("region", "nowhere"), ("branch", "third"), ("value", None), (None, None)])
def test_rows_that_no_screen_can_show_are_damage(folder, tmp_path, entry, value):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = json.loads((copy / "study.json").read_text(encoding="utf-8"))
    data["rows"] = [row | {entry: value} for row in data["rows"]] if entry else []
    (copy / "study.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        fmri2ges.load_roi_study(copy)


def test_numbers_in_the_table_are_those_of_the_study(folder):
    study = fmri2ges.load_roi_study(folder)
    lines = (folder / "table.tsv").read_text().splitlines()
    column = lines[0].split("\t").index("value")
    values = [float(line.split("\t")[column]) for line in lines[1:]]
    np.testing.assert_allclose(values, [row.value for row in study.rows], rtol=1e-5)


def test_without_repeats_there_is_no_noise_ceiling_and_it_is_said(folder):
    study = fmri2ges.load_roi_study(folder)
    assert all(row.noise_ceiling is None for row in study.rows)
    assert any("no story was heard more than once" in note for note in study.notes)
    assert "noise_ceiling" not in (folder / "table.tsv").read_text()


def test_where_a_story_was_heard_several_times_scores_have_a_noise_ceiling(tmp_path, monkeypatch):
    """Repeats that are all alike have a ceiling of 1, repeats of noise alone one near 0; a lesion has none."""
    noise = {"story-1": 0.0, "story-2": 0.0}

    def read_halves(source):
        bold, rng = source.read_bold(), np.random.default_rng(0)
        drawn = (noise[source.story] * rng.standard_normal(bold.data.shape) for _ in range(2))
        first, second = (replace(bold, data=(bold.data + one).astype(np.float32)) for one in drawn)
        return first, second, 4

    monkeypatch.setattr(RecordingSource, "read_halves", read_halves)
    request = RoiStudyRequest(str(make_study(tmp_path, STORIES[:2])), branch="text", nulls=0)
    study = roi_study(request, tmp_path / "alike", "serial")
    rows = study.select("s1", "text", "word_rate_r", Effect.ALONE)
    assert [row.noise_ceiling for row in rows] == pytest.approx([1.0] * len(rows))
    assert rows[0].noise_share == pytest.approx(rows[0].value)
    assert all(row.noise_ceiling is None for row in study.rows if row.effect == Effect.LESION)
    assert any(note.startswith("noise ceiling:") for note in study.notes)
    table = (tmp_path / "alike" / "table.tsv").read_text().splitlines()
    assert table[0].endswith("noise_ceiling\tshare_of_noise_ceiling")
    noise.update({story: 100.0 for story in noise})
    roi_task._decoder.cache_clear()  # it keeps the stories that it has read
    other = roi_study(request, tmp_path / "noise", "serial")
    assert max(row.noise_ceiling for row in other.select("s1", "text", "word_rate_r", Effect.ALONE)) < 0.75
    kept = fmri2ges.load_roi_study(tmp_path / "noise").select("s1", "text", "word_rate_r", Effect.WHOLE)
    assert kept[0].noise_ceiling is not None
