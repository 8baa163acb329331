"""Readers of studies, runs, decoded results, archives, reports, settings and requests."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fmri2ges.config import load
from fmri2ges.data.atomic import write_json
from fmri2ges.data.study.load import load_study
from fmri2ges.data.study.model import Study
from fmri2ges.decoding.stories import load_stories
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.metrics import METRICS
from fmri2ges.evaluation.report import Report
from fmri2ges.evaluation.roi_rows import Correction, Effect, Mode, Region, RoiRow, RoiStudy, SizeNull
from fmri2ges.evaluation.rows import Null, NullKind, Row
from fmri2ges.evaluation.text_rows import TextKind, TextRow, TextTable, TextTimeline
from fmri2ges.figures import WIDTHS
from fmri2ges.figures.composed import ComposedFigure, Panel
from fmri2ges.figures.roi_view import RoiView
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.storage.archive import export_run
from fmri2ges.storage.checkpoint import Checkpoint
from fmri2ges.storage.decoded import load_decoded
from fmri2ges.storage.folder import read_status
from fmri2ges.storage.models import read_choice, read_codes, read_guidance, write_codes
from fmri2ges.storage.report import read_report, write_report
from fmri2ges.storage.roi_study import load_roi_study, write_roi_study
from fmri2ges.storage.tensors import read_tensors, write_tensors
from fmri2ges.storage.unpack import import_run
from fmri2ges.training.presets import TrainConfig
from tests.bold_files import noisy
from tests.readers.case import Case
from tests.run_files import make_decoded, make_run, open_all

RUN_FILES = (
    "manifest.json",
    *(f"{n}.safetensors" for n in ("t2g", "f2g-0", "text-0", "basis-0", "f2t-0-0", "bayes-0-0")),
)
DECODED_FILES = ("manifest.json", "texts.json", "words.tsv", "rate.tsv", "text.npz")
RECORDING = """[[recording]]
subject = "s"
story = "{story}"
bold = "a.txt"
tr = 2.0
first_volume_at = 1.0
columns = ["a", "b"]
words = "{story}.tsv"
events = "e.tsv"
stim = "story"
confounds = "c.tsv"

"""
GESTURE = '[[gesture]]\nclip = "c"\nmotion = "a.npy"\nwords = "w.tsv"\nspeaker = "1"\n\n'
BIDS = """[[bids]]
root = "fp"
task = "x"
space = "MNI152NLin2009cAsym"
first_volume_at = 1.0
words = "{{task}}-{{run}}.tsv"
{more}
"""
STEM = "sub-{:02d}/ses-1/func/sub-{:02d}_ses-1_task-x_run-{}_space-MNI152NLin2009cAsym_desc-"
REQUEST = DecodeRequest(subject="sub-01", story="test-1", rois=("Broca", "AG, left"), start=10, stop=40.5, samples=3)


def possible(found: Study) -> None:
    """Every source of a study that is accepted has numbers that a scanner and a speaker can have."""
    for source in found.recordings:
        assert 0 < source.tr <= 1e7 and abs(source.first_volume_at) <= 1e7
        assert source.bold.is_file() and source.words.is_file()
    assert len({(r.subject, r.story) for r in found.recordings}) == len(found.recordings)


def complete(found: Decoded) -> None:
    """A decoded result has a motion, and numbers in it."""
    assert found.motions and all(np.isfinite(m.positions).all() for m in found.motions.values())
    assert found.rate is None or np.isfinite(found.rate).all()
    assert found.request.samples >= 1


def _study(body: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        np.savetxt(folder / "a.txt", noisy(np.sin(np.arange(8.0)), 2))
        np.save(folder / "a.npy", np.zeros(3))
        (folder / "c.tsv").write_text("x\n1\n")
        (folder / "e.tsv").write_text("onset\tduration\ttrial_type\n0\t9\tmusic\n10\t10\tstory\n")
        for name in ("w", "first", "second", "x-1", "x-2"):
            said = "".join(f"{name}{k}\t{k}.0\t0.3\n" for k in range(1, 12))
            (folder / f"{name}.tsv").write_text(f"word\tstart\tduration\n{said}")
        path = folder / "study.toml"
        path.write_text(f'name = "n"\nsimulated = false\n\n{body}')
        return path

    return make


def _fmriprep(folder: Path) -> list[str]:
    """Names of a small tree of fMRIPrep; sidecars hold what they should, images are empty."""
    names = []
    for subject, run in ((1, 1), (1, 2), (2, 1), (2, 2)):
        stem = STEM.format(subject, subject, run)
        names += [f"{stem}{part}" for part in ("preproc_bold.nii.gz", "preproc_bold.json", "brain_mask.nii.gz")]
        names.append(f"{stem.rpartition('_space')[0]}_desc-confounds_timeseries.tsv")
    return names


def _tree(folder: Path, names: list[str]) -> None:
    shutil.rmtree(folder / "fp", ignore_errors=True)
    (folder / "fp").mkdir()
    for name in names:
        parts = [p for p in re.sub(r"[^\w./=-]", "", name).split("/") if p.strip(".")]
        path = folder.joinpath("fp", *[p[:120] for p in parts[:6]])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('{"RepetitionTime": 2.0}' if path.suffix == ".json" else "x\n")
        except OSError:  # a name that is a file and a folder
            continue


def _bids_study(folder: Path, more: str = "runs = [1, 2]\nconfound_columns = []\n") -> Path:
    path = _study(BIDS.format(more=more.replace("[]", '["x"]')) + '[split]\ntest_stories = ["x-2"]\n')(folder)
    _tree(folder, _fmriprep(folder))
    return path


def _bids_names(folder: Path) -> Path:
    """The listing of a tree, whose names are damaged."""
    _bids_study(folder)
    path = folder / "listing.txt"
    path.write_text("\n".join(_fmriprep(folder)))
    return path


def _read_listing(path: Path) -> Study:
    _tree(path.parent, path.read_text("utf-8", "replace").splitlines()[:60])
    return load_study(path.parent / "study.toml")


def _bids_sidecar(folder: Path) -> Path:
    _bids_study(folder)
    path = folder / "fp" / f"{STEM.format(1, 1, 1)}preproc_bold.json"
    write_json(path, {"RepetitionTime": 2.0, "TaskName": "x", "SliceTiming": [0.0, 1.0]})
    return path


SPLIT = '[split]\ntest_stories = ["first"]\nvalidation_stories = ["c"]\n'
CASES = {
    "study": Case(
        _study("".join(RECORDING.format(story=k) for k in ("first", "second")) + GESTURE + SPLIT),
        load_study,
        (),
        possible,
        quick=40,
    ),
    "study with folds": Case(
        _study(RECORDING.format(story="first") + "[split]\nwithin_story_folds = 2\ngap = 1.0\n"),
        load_study,
        (),
        possible,
    ),
    "study of BIDS": Case(_bids_study, load_study, (), possible),
    "names of BIDS": Case(_bids_names, _read_listing, (), possible, quick=20),
    "sidecar of BIDS": Case(_bids_sidecar, lambda p: load_study(p.parents[4] / "study.toml"), (), possible),
}


def _run_file(name: str) -> Case:
    def make(folder: Path) -> Path:
        return make_run(folder / "run", lm="bigram") / name

    return Case(make, lambda path: open_all(path.parent), quick=10)


def _decoded_file(name: str) -> Case:
    def make(folder: Path) -> Path:
        made = make_decoded(folder / "decoded")
        if name == "words.tsv":
            (made / "texts.json").unlink()  # results of the first version have none
        return made / name

    return Case(make, lambda path: load_decoded(path.parent), (), complete, quick=10)


def _archive(folder: Path) -> Path:
    run = make_run(folder / "run", lm="bigram")
    make_decoded(run / "decoded" / "c")
    path = export_run(run, folder / "run.zip").path
    shutil.rmtree(run)
    return path


def _unpack(path: Path) -> dict[str, Any]:
    """What came out of an archive, opened; nothing of it stays, and a refused one leaves nothing."""
    out = path.parent / "out"
    before = set(path.parent.iterdir())
    try:
        import_run(path, out)
        load_decoded(out / "decoded" / "c") if (out / "decoded" / "c").is_dir() else None
        return open_all(out) if (out / "bayes-0-0.safetensors").is_file() else {}
    finally:
        shutil.rmtree(out, ignore_errors=True)
        assert set(path.parent.iterdir()) == before, "something was left beside the archive"


def _report(folder: Path) -> Path:
    kind, metric = NullKind.LANGUAGE_MODEL, METRICS["wer"]
    null = Null(kind, 200, 1.0, 0.9, 1.1, 0.01, 150.5)
    row = Row(metric, "text", "one", 0.9, 4, "windows", interval=Interval(0.8, 1.0, 6, "blocks"), null=null)
    line = TextTimeline(metric, kind, ((0.0, 20.0), (1.0, 21.0)), (0.9, None), (0.01, None), (0.02, None), 0.01)
    table = TextTable("one", "s1", ("all",), "fast", (TextRow(TextKind.DECODED, metric, 0.9, 4, {kind: null}),), line)
    return write_report(
        folder / "report.json", Report((row,), True, ("a note",), "toy", ("one",), (table,), {"kind": "evaluate"})
    )


def _stories(folder: Path) -> Path:
    """A decoded result whose study is not there; its manifest names it."""
    return make_decoded(folder / "decoded" / "c") / "manifest.json"


def _status(folder: Path) -> Path:
    return make_run(folder / "run") / "status.json"


def a_state(found) -> None:
    """A status that cannot be read is none."""
    assert found is None or isinstance(found["state"], str)


def _request_text(folder: Path) -> Path:
    path = folder / "request.txt"
    path.write_text(REQUEST.text)
    return path


def _from_text(path: Path) -> DecodeRequest:
    return DecodeRequest.from_text(path.read_text("utf-8", "replace"))


def _request_json(folder: Path) -> Path:
    path = folder / "request.json"
    path.write_text(REQUEST.to_json())
    return path


def _config(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        values = {"t2g_steps": 6, "renditions": 1, "penalties": [3000.0, 10000.0], "lm": "bigram"}
        path = folder / f"config{suffix}"
        lines = (f"{k} = {json.dumps(v)}" for k, v in values.items())
        path.write_text(json.dumps(values) if suffix == ".json" else "\n".join(lines))
        return path

    return make


def _figure(folder: Path) -> Path:
    """A composed figure of a decoding and of an ROI study."""
    request = DecodeRequest(subject="s", story="one", samples=3, start=0.0, stop=30.0)
    panels = (Panel("strip", request, 2, 1.0, 9.0), Panel("roi-map", folder="demo", view=RoiView(branch="direct")))
    return ComposedFigure(panels, 120.0).save(folder / "figure.json")


def same_figure(found: ComposedFigure) -> None:
    """A figure that was understood says the same again, and has a width that a page can have."""
    assert ComposedFigure.from_json(found.to_json()) == found
    assert found.panels and WIDTHS[0] <= found.width_mm <= WIDTHS[1]


def round_trip(found: DecodeRequest) -> None:
    """A request that was understood says the same again."""
    assert DecodeRequest.from_text(found.text) == found and DecodeRequest.from_json(found.to_json()) == found


def _roi_study(folder: Path) -> Path:
    """An ROI study of one region."""
    null, size = Null(NullKind.SHIFT, 200, 0.0, -0.1, 0.1, 0.01, 30.5), SizeNull(50, 0.0, -0.1, 0.1, 0.02)
    row = RoiRow(
        subject="s1",
        branch="text",
        metric=METRICS["wer"],
        effect=Effect.ALONE,
        region="Broca",
        mode=Mode.EXPLORATORY,
        value=0.5,
        score=0.4,
        stories=2,
        interval=Interval(0.3, 0.6, 2, "stories"),
        null=null,
        p_corrected=0.03,
        size_null=size,
        ceiling=0.9,
    )
    region = Region("Broca", ("L_44", "L_45"), 120)
    write_roi_study(RoiStudy((row,), (region,), Correction.HOLM, "fsaverage5", True, ("a", "b")), folder)
    return folder / "study.json"


def scored(found) -> None:
    """Scores are numbers."""
    assert all(np.isfinite([row.value, row.score]).all() for row in found.rows)


def _codes(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    write_codes(folder / "codes.safetensors", [rng.normal(size=(2, n, 14)).astype(np.float32) for n in (5, 7, 9)])
    return folder / "codes.safetensors"


def _choice(folder: Path) -> Path:
    """T2G of a run whose clips were few."""
    path = _run_file("t2g.safetensors").make(folder)
    arrays, values = read_tensors(path, "generator")
    write_tensors(path, arrays, **values, choice={"t2g": "study"})
    return path


def a_choice(found: dict) -> None:
    """Something is said of the T2G."""
    assert isinstance(found, dict)


def _checkpoint(folder: Path) -> Path:
    made_for = {"seed": 0, "device": "cpu", "config": {"t2g_steps": 6}, "versions": {"numpy": "2"}, "files": {"a": "0"}}
    arrays = {"net.weight": np.ones((3, 2), np.float32), "losses": np.ones(3)}
    Checkpoint(made_for, done=["t2g"], files=["t2g.safetensors"], loop="f2g-0", arrays=arrays).write(folder)
    (file,) = folder.rglob("*.safetensors")
    return file


def stories_of_codes(found: list[np.ndarray]) -> None:
    """Every story has renditions of finite codes."""
    assert found and all(codes.ndim == 3 and np.isfinite(codes).all() for codes in found)


CASES |= {
    "checkpoint": Case(_checkpoint, lambda path: Checkpoint.read(path.parents[1])),
    "ROI study": Case(_roi_study, lambda path: load_roi_study(path.parent), (), scored),
    "choice of T2G": Case(_choice, read_choice, (), a_choice),
    "guidance": Case(_choice, read_guidance, (), a_choice),
    "codes": Case(_codes, read_codes, (), stories_of_codes),
    **{f"run {name}": _run_file(name) for name in RUN_FILES},
    **{f"decoded {name}": _decoded_file(name) for name in DECODED_FILES},
    "archive": Case(_archive, _unpack, name="x.zip", quick=30),
    "report": Case(_report, lambda path: read_report(path.parent), quick=20),
    "status": Case(_status, lambda path: read_status(path.parent), (), a_state, refuses=False),
    "stories": Case(_stories, lambda path: load_stories(path.parents[2])),
    "request text": Case(_request_text, _from_text, (), round_trip, quick=40),
    "request json": Case(
        _request_json, lambda p: DecodeRequest.from_json(p.read_text("utf-8", "replace")), (), round_trip, quick=40
    ),
    "figure.json": Case(_figure, ComposedFigure.load, (), same_figure, quick=40),
    "settings.toml": Case(_config(".toml"), lambda path: load(TrainConfig, path)),
    "settings.json": Case(_config(".json"), lambda path: load(TrainConfig, path)),
}
