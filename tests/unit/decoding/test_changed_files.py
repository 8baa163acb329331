"""A file that was replaced under its name: nothing that was made of the old one stands for the new one."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.decoding.null_task import null_tasks
from fmri2ges.decoding.run import open_run
from fmri2ges.documents import report_html
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.reports.evaluate import evaluate_path
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.decoded import write_decoded
from fmri2ges.studies.roi_request import RoiStudyRequest
from fmri2ges.studies.roi_study import roi_study, tasks_folder
from fmri2ges.work import Work
from tests.conftest import make_words
from tests.roi_studies import make_study

ASKED = DecodeRequest(subject="s1", story="story-1", branch="text", samples=1, start=0.0, stop=60.0)


@pytest.fixture
def run(tmp_path):
    return make_study(tmp_path, ("story-1", "story-2", "story-3"))


def replace_bold(run, story: str = "story-1"):
    """Other numbers under the name of a story's BOLD, as many and as long as before."""
    file = run.parent / "study" / f"{story}.tsv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, *reversed(rows), ""]))
    return file


def edit_study(run, old: str, new: str) -> None:
    file = run.parent / "study" / "toy.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def keep(run, opened, request):
    """Decode into the folder of the run."""
    result = opened.decode(request)
    write_decoded(result, run / "decoded" / "one")
    return result


def said(result) -> list[tuple[str, ...]]:
    return [words.text for words in result.texts]


def test_a_run_that_is_open_reads_a_file_that_was_replaced(run):
    opened = open_run(run, "cpu")
    old, stamp, digest = (f("s1", "story-1") for f in (opened.recording, opened.stamp, opened.digest_of_recording))
    assert opened.recording("s1", "story-1") is old and opened.stamp("s1", "story-1") == stamp
    replace_bold(run)
    new = opened.recording("s1", "story-1")
    assert not np.array_equal(new.bold, old.bold) and opened.stamp("s1", "story-1") != stamp
    assert opened.digest_of_recording("s1", "story-1") != digest
    words = make_words(np.random.default_rng(9), 100.0)
    write_words_tsv(run.parent / "study" / "story-1-words.tsv", words)
    assert opened.recording("s1", "story-1").words.text == words.text


def test_the_digest_is_of_what_is_read_and_not_of_where_it_lies(run, tmp_path):
    first = open_run(run, "cpu")
    shutil.copytree(run.parent / "study", tmp_path / "moved")
    moved = open_run(run, "cpu", tmp_path / "moved" / "toy.toml")
    digests = {r.digest_of_recording("s1", "story-1") for r in (first, moved)}
    assert len(digests) == 1
    edit_study(run, "first_volume_at = 1.0", "first_volume_at = 2.0")
    digests.add(open_run(run, "cpu").digest_of_recording("s1", "story-1"))
    digests.add(first.digest_of_recording("s1", "story-2"))
    assert len(digests) == 3


def test_a_result_in_the_folder_of_the_run_is_found_only_for_what_it_was_decoded_from(run):
    opened = open_run(run, "cpu")
    request = opened.complete(ASKED)
    old = keep(run, opened, request)
    assert said(opened.kept(request)) == said(old)
    before = (run.parent / "study" / "story-1.tsv").read_text()
    file = replace_bold(run)
    assert opened.kept(request) is None and open_run(run, "cpu").kept(request) is None
    assert opened.decode(request).manifest["digest"] != old.manifest["digest"]
    file.write_text(before)  # the same bytes again
    assert said(opened.kept(request)) == said(old)
    edit_study(run, "first_volume_at = 1.0", "first_volume_at = 2.0")
    assert open_run(run, "cpu").kept(replace(request, start=1.0)) is None and open_run(run, "cpu").kept(request) is None


@pytest.mark.slow
def test_evaluate_leaves_out_what_was_decoded_from_another_file(run):
    opened = open_run(run, "cpu")
    for story in ("story-1", "story-2"):
        result = opened.decode(replace(ASKED, story=story, stop=100.0))
        write_decoded(result, run / "decoded" / story)
    assert evaluate_path(run).stories == ("story-1", "story-2")
    replace_bold(run)
    report = evaluate_path(run)
    assert report.stories == ("story-2",)
    assert (
        "s1/story-1: story-1.tsv has changed since it was decoded, so it is left out; decode it again" in report.notes
    )
    with pytest.raises(UserError, match="s1/story-1: story-1.tsv has changed since it was decoded; decode it again"):
        evaluate_path(run / "decoded" / "story-1")
    edit_study(run, "first_volume_at = 1.0", "first_volume_at = 2.0")
    with pytest.raises(UserError, match="story-2: the study file says something else about its recording since"):
        evaluate_path(run / "decoded" / "story-2")


def test_a_report_shows_nothing_of_a_file_that_was_replaced_after_decoding(run, tmp_path):
    result = open_run(run, "cpu").decode(ASKED)
    other = tmp_path / "other"
    write_decoded(result, other)
    before = report_html(result)
    assert '"reference"' in before and '"heard"' in before and "since this was decoded" not in before
    replace_bold(run)
    for page in (report_html(result), report_html(open_run(run, "cpu").decode(ASKED), beside=other)):
        assert "story-1.tsv has changed since this was decoded, so it is compared with nothing" in page
        assert '"reference"' not in page and '"heard"' not in page


@pytest.mark.slow
def test_an_roi_study_that_goes_on_takes_nothing_of_an_old_file(run, tmp_path):
    request, out = RoiStudyRequest(str(run), branch="text", nulls=0), tmp_path / "out"
    done = tasks_folder(out) / "results"
    with pytest.raises(Cancelled):
        roi_study(request, out, "serial", work=Work(should_stop=lambda: len(list(done.glob("*.json"))) >= 3))
    replace_bold(run, "story-2")
    told: list[str] = []
    roi_study(request, out, "serial", work=Work(lambda _, message: told.append(message)))
    roi_study(request, tmp_path / "fresh", "serial")
    assert (out / "table.tsv").read_bytes() == (tmp_path / "fresh" / "table.tsv").read_bytes()
    assert any("9 computed, 0 found again" in line for line in told)


def test_texts_from_null_bold_are_not_those_of_another_recording(run):
    opened = open_run(run, "cpu")
    result = opened.decode(ASKED)

    def digests(kind):
        return {t.digest for t in null_tasks(open_run(run, "cpu"), result, kind, 2, np.random.default_rng(0))}

    before = {kind: digests(kind) for kind in (NullKind.SHIFTED_BOLD, NullKind.SWAPPED_BOLD)}
    assert before == {kind: digests(kind) for kind in before}
    replace_bold(run, "story-3")  # the BOLD that is swapped with its own
    assert not digests(NullKind.SWAPPED_BOLD) & before[NullKind.SWAPPED_BOLD]
