"""The files of the export panel, opened again by the readers of the library."""

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest

from app.parts.export_panel import make_figure_file, make_motion_file
from fmri2ges.data.motion_npz import read_motion
from fmri2ges.decoding.types import Decoded
from fmri2ges.motion.features import from_bones
from fmri2ges.types import Motion, Words
from fmri2ges.views.player import with_sample


@pytest.fixture(scope="module")
def decoded():
    rng = np.random.default_rng(0)

    def motion():
        drift = np.cumsum(rng.normal(0, 0.05, (3, 45, 27)), axis=1) + rng.normal(size=27)
        samples = from_bones(drift)
        return Motion(samples[0], start=5.0, samples=samples)

    words = Words.from_lists(["one", "two"], [5.2, 6.4], [0.4, 0.4])
    manifest = {"kind": "decode", "simulated": True, "rois": ["Broca"], "subject": "S1", "story": "test-1", "space": "fsaverage5",
                "start": 5.0, "stop": 8.0, "branch": "both", "samples": 3}  # fmt: skip
    return Decoded(motion(), motion(), (words,) * 3, ("Broca",), 5.0, 8.0, manifest)


def test_the_exported_npz_is_the_sample_on_screen(decoded, tmp_path):
    path = tmp_path / "motion.npz"
    path.write_bytes(make_motion_file(with_sample(decoded, 1), "npz", "text"))
    motion = read_motion(path)
    np.testing.assert_array_equal(motion.positions, decoded.text.samples[1])
    assert motion.start == 5.0 and len(motion.samples) == 3


def test_bvh_and_csv_hold_every_frame(decoded):
    assert b"Frames: 45" in make_motion_file(decoded, "bvh", "direct")
    table = make_motion_file(decoded, "csv", "direct").decode().splitlines()
    assert len(table) == 1 + 45 * 10


def test_the_mask_comes_as_both_hemispheres(decoded):
    with zipfile.ZipFile(io.BytesIO(make_motion_file(decoded, "gii"))) as z:
        assert sorted(z.namelist()) == ["rois.L.label.gii", "rois.R.label.gii"]


@pytest.mark.parametrize("kind", ["strip", "compare", "cortex"])
def test_figures_have_their_width_and_say_that_the_data_are_simulated(decoded, kind):
    svg = ElementTree.fromstring(make_figure_file(decoded, kind, "svg", 120, 100))
    points = float(svg.get("width").removesuffix("pt"))
    assert points / 72 * 25.4 == pytest.approx(120, abs=0.5)
    assert "simulated" in " ".join(svg.itertext()).lower()


@pytest.mark.slow
@pytest.mark.parametrize("format, magic", [("gif", b"GIF8"), ("mp4", b"ftyp")])
def test_films_are_films(decoded, format, magic):
    assert magic in make_motion_file(decoded, format)[:16]
