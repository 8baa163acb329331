"""Exports of a stretch: the frames and words between two moments, and nothing else changed."""

import numpy as np
import pytest

from fmri2ges.cli.main import main
from fmri2ges.data.atomic import read_json
from fmri2ges.data.motion.npz import read_motion
from fmri2ges.data.words.files import read_words_tsv
from fmri2ges.errors import UserError
from fmri2ges.storage.part import part_of


def test_a_stretch_holds_its_frames_and_words(decoded_dir):
    whole = read_motion(decoded_dir / "text.npz")  # 30 frames at 15 per second
    with part_of(decoded_dir, 0.5, 1.5) as folder:
        cut = read_motion(folder / "text.npz")
        np.testing.assert_array_equal(cut.positions, whole.positions[8:23])
        assert cut.start == pytest.approx(8 / 15) and (folder / "direct.npz").is_file()
        assert read_words_tsv(folder / "words.tsv").start.tolist() == [0.5, 1.0]
        manifest = read_json(folder / "manifest.json")
        assert (manifest["start"], manifest["stop"], manifest["simulated"]) == (0.5, 1.5, True)
    assert not folder.exists()


def test_all_of_a_folder_is_the_folder_itself(decoded_dir):
    with part_of(decoded_dir) as folder:
        assert folder == decoded_dir


def test_words_are_left_out_on_request(decoded_dir):
    with part_of(decoded_dir, words=False) as folder:
        assert not (folder / "words.tsv").exists() and (folder / "text.npz").is_file()


@pytest.mark.parametrize(
    "window, message", [((1.0, 1.0), "stop must be later than start"), ((50.0, None), "no frame between 50 and inf s")]
)
def test_an_empty_stretch_is_one_line(decoded_dir, window, message):
    with pytest.raises(UserError, match=message), part_of(decoded_dir, *window):
        pass


def test_the_command_exports_a_stretch(decoded_dir, tmp_path):
    out = tmp_path / "m.npz"
    arguments = [
        "export",
        str(decoded_dir),
        "--format",
        "npz",
        "--branch",
        "text",
        "--out",
        str(out),
        "--start",
        "0.5",
        "--stop",
        "1.5",
    ]
    assert main(arguments) == 0
    np.testing.assert_array_equal(read_motion(out).positions, read_motion(decoded_dir / "text.npz").positions[8:23])
