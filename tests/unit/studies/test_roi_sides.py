"""Differences and groups of ROI studies as files: tables, maps around 0, figures, one clear line for bad input."""

import csv
from dataclasses import replace

import nibabel
import numpy as np
import pytest

import fmri2ges
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.space import Cortex
from fmri2ges.cli.main import main
from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.roi_rows import Effect, RoiStudy
from fmri2ges.figures import make_difference_figure, make_roi_figure
from fmri2ges.figures.roi_group import draw_roi_group
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.figures.style import Paper, print_style
from fmri2ges.storage.roi_study import write_roi_study
from fmri2ges.studies.roi_group import write_group
from tests.unit.evaluation.test_roi_difference import NAMES, two_branches
from tests.unit.evaluation.test_roi_difference import subjects as table_subjects

GROUPS = dict(zip(NAMES, ("AC", "Broca", "STG", "V1"), strict=True))


def on_cortex(study: RoiStudy) -> RoiStudy:
    """The same rows of areas of the cortex."""
    groups = load_atlas().groups
    rois = {name: groups[key][1] if key in groups else (f"L_{key}",) for name, key in GROUPS.items()}
    regions = tuple(replace(region, rois=tuple(rois[region.name])) for region in study.regions)
    return replace(study, regions=regions, space="fsaverage5")


def legend(study: RoiStudy) -> str:
    """The words under the title of the figure of subjects."""
    with print_style():
        return draw_roi_group(study, Paper(180), RoiView()).legend


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = on_cortex(two_branches(np.random.default_rng(1), (0.3, 0.0, -0.2, 0.0)))
    place = tmp_path_factory.mktemp("study") / "first"
    place.mkdir()
    write_roi_study(replace(study, manifest={"kind": "roi-study", "format_version": 1}), place)
    return place


def test_the_command_writes_table_maps_and_figure_of_what_the_library_returns(folder, tmp_path, capsys):
    out = tmp_path / "difference"
    assert main(["roi-difference", str(folder), "--branches", "direct,text", "--out", str(out)]) == 0
    assert "direct branch minus text branch: 2 of 4 regions differ [SIMULATED]" in capsys.readouterr().out
    found = fmri2ges.roi_difference(fmri2ges.load_roi_study(folder))
    with open(out / "difference.tsv") as file:
        rows = {row["region"]: row for row in csv.DictReader(file, delimiter="\t")}
    for row in found.rows:
        assert float(rows[row.region]["difference"]) == pytest.approx(row.value, rel=1e-4)
        assert float(rows[row.region]["p_corrected"]) == pytest.approx(row.p_corrected, rel=1e-4)
    assert rows["a"]["paired"] == "yes" and rows["a"]["mode"] == "exploratory"
    dense = np.asarray(nibabel.load(out / "maps" / "difference.dscalar.nii").dataobj)[0]
    at = load_atlas().vertices(["AC"])
    np.testing.assert_allclose(dense[at], found.rows[0].value, rtol=1e-4)
    left = nibabel.load(out / "maps" / "difference.L.func.gii").darrays[0].data
    np.testing.assert_array_equal(left, dense[: len(left)])
    svg = (out / "difference.svg").read_text()
    for words in ("SIMULATED", "direct branch minus text branch", "paired by stories", "exploratory", "Holm over 4"):
        assert words in svg
    assert not (out.parent / "difference.tasks").exists()


def test_colours_are_symmetric_around_0(folder, tmp_path, monkeypatch):
    from fmri2ges.figures import roi_difference as drawing

    seen = []
    monkeypatch.setattr(drawing, "paint_regions", lambda page, top, what, how: seen.append(how.limits))
    make_difference_figure(fmri2ges.roi_difference(fmri2ges.load_roi_study(folder)), tmp_path / "a.svg", dpi=40)
    ((low, high),) = seen
    assert low == -high and high > 0.2


def test_two_subjects_and_two_studies_are_compared_and_named(folder):
    study = fmri2ges.load_roi_study(folder)
    several = table_subjects(3, (0.3, 0.0, 0.0, 0.0))
    assert fmri2ges.roi_difference(several, subjects=("s0", "s2")).title == "s0 minus s2"
    again = fmri2ges.roi_difference(study, study, names=("one", "other"))
    assert again.title == "one minus other" and all(row.value == 0 and row.p == 1 for row in again.rows)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"branches": ("text", "text")}, "both sides are the same"),
        ({"branches": ("text", "third")}, "branch: 'third' is not known"),
        ({"subjects": ("s1", "s9")}, "subject"),
        ({"metric": "fgd"}, "metric: 'fgd' is not known"),
        ({"effect": "whole"}, "effect: 'whole' is not known"),
        ({"branches": ("a", "b", "c")}, "give one, or two"),
    ],
)
def test_bad_input_is_one_clear_line(folder, given, words):
    with pytest.raises(UserError) as error:
        fmri2ges.roi_difference(fmri2ges.load_roi_study(folder), **given)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_metric_that_a_branch_lacks_is_said_with_what_it_has(folder):
    study = fmri2ges.load_roi_study(folder)
    rate = tuple(replace(row, metric=metrics.WORD_RATE_R) for row in study.rows if row.branch == "text")
    both = replace(study, rows=(*study.rows, *rate))
    for ask in (
        lambda: fmri2ges.roi_difference(both, metric="word_rate_r"),
        lambda: make_roi_figure(both, "roi-bars", "never.svg", RoiView(metric="word_rate_r", branch="direct")),
    ):
        with pytest.raises(UserError) as error:
            ask()
        assert "has no word_rate_r in the direct branch, only in: text" in str(error.value)
        assert "the direct branch has: r_expected" in str(error.value)


def test_subjects_are_mapped_by_how_many_agree_and_listed_one_by_one(tmp_path):
    study = on_cortex(table_subjects(3, (0.3, 0.0, 0.0, 0.0)))
    write_group(study, Cortex(), tmp_path)
    image = nibabel.load(tmp_path / "maps" / "group.dscalar.nii")
    assert list(image.header.get_axis(0).name) == ["direct r_expected alone subjects that agree"]
    values = np.asarray(image.dataobj)[0]
    assert (values[load_atlas().vertices(["AC"])] == 3).all() and (values[load_atlas().vertices(["Broca"])] == 0).all()
    with open(tmp_path / "group.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert rows[0]["agree"] == "3" and rows[0]["mean"] == "" and float(rows[0]["s1"]) > 0.2
    svg = make_roi_figure(study, "roi-group", tmp_path / "group.svg", dpi=40).read_text()
    assert "3 of 3" in svg and "SIMULATED" in svg
    told = legend(study)
    assert "no test of a group below 10 subjects" in told and "exploratory" in told


def test_ten_subjects_have_a_mean_and_a_test(tmp_path):
    study = table_subjects(10, (0.3, 0.0, 0.0, 0.0))
    assert "10 of 10" in make_roi_figure(study, "roi-group", tmp_path / "group.svg").read_text()
    assert "diamond: mean over subjects" in legend(study)


def test_a_reference_that_reads_the_transcript_is_said_wherever_its_scores_stand():
    study = table_subjects(3, (0.3, 0.0, 0.0, 0.0))
    heard = replace(study, rows=tuple(replace(row, metric=metrics.HEARD_R_EXPECTED) for row in study.rows))
    assert "made of the transcript" in legend(heard) and "transcript" not in legend(study)
    assert "made of the transcript" in fmri2ges.roi_difference(heard, subjects=("s0", "s1")).about


def test_a_single_subject_is_no_group(folder, tmp_path):
    study = fmri2ges.load_roi_study(folder)
    write_group(study, Cortex(), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="two subjects or more"):
        make_roi_figure(study, "roi-group", tmp_path / "group.svg")
    assert study.select("s1", "direct", "r_expected", Effect.ALONE)[0].units
