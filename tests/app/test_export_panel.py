"""The files of the export panel, opened again by the readers of the library."""

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from app.parts.export_panel import (
    MOTIONS,
    PAIRS,
    Options,
    _window,
    ending,
    make_figure_file,
    make_motion_file,
    make_report_file,
)
from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi import union
from fmri2ges.data.motion.npz import read_motion
from fmri2ges.data.rois.files import read_rois
from fmri2ges.exports.rois import MASKS as ROI_MASKS
from fmri2ges.motion.features import from_bones
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words


@pytest.fixture(scope="module")
def decoded():
    rng = np.random.default_rng(0)

    def motion():
        drift = np.cumsum(rng.normal(0, 0.05, (3, 45, 27)), axis=1) + rng.normal(size=27)
        samples = from_bones(drift)
        return Motion(samples[0], start=5.0, samples=samples)

    words = Words.from_lists(["one", "two"], [5.2, 6.4], [0.4, 0.4])
    request = DecodeRequest(subject="S1", story="test-1", rois=("Broca",), samples=3, start=5.0, stop=8.0)
    manifest = {"kind": "decode", "simulated": True, "space": "fsaverage5"}
    return Decoded(request, motion(), motion(), (words,) * 3, manifest=manifest)


def test_the_exported_npz_is_the_sample_on_screen(decoded, tmp_path):
    path = tmp_path / "motion.npz"
    path.write_bytes(make_motion_file(decoded.sample(1), "npz", Options("text")))
    motion = read_motion(path)
    np.testing.assert_array_equal(motion.positions, decoded.text.samples[1])
    assert motion.start == 5.0 and len(motion.samples) == 3


def test_bvh_and_csv_hold_every_frame(decoded):
    assert b"Frames: 45" in make_motion_file(decoded, "bvh", Options("direct"))
    table = make_motion_file(decoded, "csv", Options("direct")).decode().splitlines()
    assert len(table) == 1 + 45 * 10

    wide = make_motion_file(decoded, "csv-wide", Options("direct")).decode().splitlines()
    assert len(wide) == 1 + 45 and wide[0].startswith("time_s,spine_x_m,")


@pytest.mark.parametrize("format", [f for f in MOTIONS if f in ROI_MASKS])
def test_the_rois_are_read_back_from_every_format(decoded, tmp_path, format):
    data = make_motion_file(decoded, format)
    files = {f"rois{ending(format)}": data}
    if format in PAIRS:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            files = {name: z.read(name) for name in z.namelist()}
        assert len(files) == 2
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    broca = load_atlas().vertices(["Broca"])
    found = union(*(roi.mask for name in files for roi in read_rois(tmp_path / name)))
    both = (found & broca).sum() / (found | broca).sum()
    assert both > (0.6 if format == "nii" else 0.999)  # a volume in MNI space is coarser than the mesh


def test_commands_make_the_files_that_the_panel_makes(decoded, tmp_path):
    """The options shown are those of the command line, for every format, with the stretch that was chosen."""
    from fmri2ges.cli.main import main

    part = decoded.window(5.5, 7.0)
    assert _window(decoded, part) == ["--start", "5.5", "--stop", "7"] and _window(decoded, decoded) == []
    folder = decoded.save(tmp_path / "decoded")
    for format in ("csv", "csv-wide", "bvh"):
        out, options = tmp_path / f"motion{ending(format)}", Options("text", scale=0.01 if format == "bvh" else 1.0)
        command = ["export", str(folder), "--format", format, *options.command]
        command += [*_window(decoded, part), "--out", str(out)]
        assert main(command) == 0
        assert out.read_bytes() == make_motion_file(part, format, options)


@pytest.mark.parametrize("kind", ["strip", "compare", "cortex"])
def test_figures_have_their_width_and_say_that_the_data_are_simulated(decoded, kind):
    svg = ElementTree.fromstring(make_figure_file(decoded, kind, "svg", 120, 100))
    points = float(svg.get("width").removesuffix("pt"))
    assert points / 72 * 25.4 == pytest.approx(120, abs=0.5)
    assert "simulated" in " ".join(svg.itertext()).lower()


def test_the_report_shows_the_sample_on_screen_and_what_it_is_compared_with(decoded):
    page = make_report_file(decoded, 1, replace(decoded, request=replace(decoded.request, rois=("AC",)))).decode()
    assert page.startswith("<!doctype html>") and "2 of 3" in page and "A: Broca" in page and "B: AC" in page


@pytest.mark.slow
@pytest.mark.parametrize("format, magic", [("gif", b"GIF8"), ("mp4", b"ftyp")])
def test_films_are_films(decoded, format, magic):
    film, silent = (make_motion_file(decoded, format, Options(words=words)) for words in (True, False))
    assert magic in film[:16] and magic in silent[:16]
    assert silent != film and make_motion_file(decoded, format) == film  # the words are in it, and nothing else changes
