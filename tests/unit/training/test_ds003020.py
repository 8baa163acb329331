"""A tree laid out as OpenNeuro ds003020, through check, train and decode."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.hrf import double_gamma
from fmri2ges.brain.roi import Roi
from fmri2ges.data.rois.files import write_rois
from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.decoding.rois import chosen_rois, rois_in_mask
from fmri2ges.decoding.run import open_run
from fmri2ges.errors import UserError
from fmri2ges.figures.export import export
from fmri2ges.request import DecodeRequest
from fmri2ges.training.presets import TrainConfig
from fmri2ges.training.train import train_study
from tests.bold_files import make_mask, write_hf5, write_mask

TINY = TrainConfig(
    t2g_steps=6, f2g_steps=4, renditions=1, roi_choices=1, penalties=(3000.0, 10_000.0), f2g_guidance=1.5
)
STORIES = (
    "wheretheressmoke",
    "inamoment",
    "thetriangleshirtwaistconnection",
    "adollshouse",
)  # the first one is the test story
TRIMMED = 20  # volumes that the preprocessed files lack at both ends together
VOCABULARY = (
    "the",
    "a",
    "dog",
    "house",
    "river",
    "walked",
    "small",
    "red",
    "mother",
    "music",
    "ate",
    "bread",
    "sea",
    "boat",
)


def write_textgrid(path, words, starts, ends, stop: float):
    """Long text form, tier order and names as in the data set; gaps are `sp`."""
    rows, at = [], 0.0
    for word, lo, hi in zip(words, starts, ends, strict=True):
        if lo > at + 1e-9:
            rows.append((at, lo, "sp"))
        rows.append((lo, hi, word.upper()))
        at = hi
    rows.append((at, stop, "{NS}"))

    def tier(number, name, entries):
        lines = [
            f"    item [{number}]:",
            '        class = "IntervalTier" ',
            f'        name = "{name}" ',
            "        xmin = 0 ",
        ]
        lines += [f"        xmax = {stop} ", f"        intervals: size = {len(entries)} "]
        for k, (lo, hi, text) in enumerate(entries, start=1):
            lines += [f"        intervals [{k}]:", f"            xmin = {lo:.4f} ", f"            xmax = {hi:.4f} "]
            lines += [f'            text = "{text}" ']
        return lines

    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0 ",
        f"xmax = {stop} ",
        "tiers? <exists> ",
    ]
    lines += ["size = 2 ", "item []: ", *tier(1, "phone", [(0, stop, "sp")]), *tier(2, "word", rows)]
    path.write_text("\n".join(lines) + "\n")


def response(words, times) -> np.ndarray:
    """A number for each word, convolved with the HRF, array (n_volumes, 4)."""
    code = np.random.default_rng(0).standard_normal((len(VOCABULARY), 4))
    out = np.zeros((len(times), 4))
    for word, onset in words:
        out += double_gamma(times - onset)[:, None] * code[VOCABULARY.index(word)]
    return out / out.std()


@pytest.fixture(scope="module")
def tree(shared, tmp_path_factory):
    """Two subjects of different size; run lengths are the data set's own."""
    root = tmp_path_factory.mktemp("ds003020")
    lengths = json.loads((shared / "ds003020" / "respdict.json").read_text())
    grids = root / "derivative" / "TextGrids"
    grids.mkdir(parents=True)
    rng = np.random.default_rng(1)
    heard = {}
    for story in STORIES:
        stop = 2.0 * lengths[story] - 20  # the scan starts 10 s before the story and ends 10 s after it
        starts = np.arange(1.0, stop - 1, 0.45)
        words = rng.choice(VOCABULARY, len(starts)).tolist()
        heard[story] = list(zip(words, starts, strict=True))
        write_textgrid(grids / f"{story}.TextGrid", words, starts, starts + 0.3, stop)
    lines = ['name = "ds003020"']
    for k, subject in enumerate(("UTS01", "UTS02")):
        mask = make_mask((10, 9, 8), 0.42 + 0.05 * k, seed=k)
        folder = root / "derivative" / "preprocessed_data" / subject
        folder.mkdir(parents=True)
        # pycortex' reference is x, y, z; the mask is stored with that shape.
        write_mask(root / "pycortex-db" / subject / "transforms" / "auto" / "mask_thick.nii.gz", mask)
        mixing = rng.standard_normal((4, int(mask.sum())))
        for story in STORIES:
            n = lengths[story] - TRIMMED
            signal = response(heard[story], 11 + 2.0 * np.arange(n)) @ mixing
            values = (signal + 2 * rng.standard_normal(signal.shape)).astype(np.float32)
            repeats = np.stack([values, values]) if story == STORIES[0] else None
            write_hf5(folder / f"{story}.hf5", values, repeats=repeats)
            lines += [
                "[[recording]]",
                f'subject = "{subject}"',
                f'story = "{story}"',
                'tier = "word"',
                f'bold = "derivative/preprocessed_data/{subject}/{story}.hf5"',
                f'mask = "pycortex-db/{subject}/transforms/auto/mask_thick.nii.gz"',
                f'words = "derivative/TextGrids/{story}.TextGrid"',
            ]
    lines += ["[split]", f'test_stories = ["{STORIES[0]}"]', ""]
    (root / "study.toml").write_text("\n".join(lines))
    return root / "study.toml"


@pytest.mark.slow
def test_check_train_decode(tree, tmp_path):
    checked = check_study(tree)
    assert checked.problems == ()
    assert "8 recordings, 2 subjects, 4 stories, TR 2 s, voxels (8)" in checked.summary[1]
    found = checked_to_dict(checked)
    json.dumps(found)
    assert {(r["tr"], r["first_volume_at"], r["space"]) for r in found["recordings"]} == {(2.0, 11.0, "voxels")}

    run = train_study(tree, tmp_path / "run", device="cpu", config=TINY)
    trained = open_run(run, device="cpu")
    assert trained.space.kind == "voxels" and trained.space.names[:2] == ("block-001", "block-002")
    blocks = [len(trained.basis(s).names) for s in trained.subjects]
    assert blocks[0] == len(trained.space.names) and blocks[1] > blocks[0]
    decoded = trained.decode(
        DecodeRequest(subject="UTS02", story=STORIES[0], rois=("block-003", "block-100"), samples=2, start=40, stop=60)
    )
    assert decoded.text.samples.shape == decoded.direct.samples.shape == (2, 300, 10, 3)
    assert decoded.manifest["space"] == "voxels" and decoded.rois == ("block-003", "block-100")
    with pytest.raises(UserError, match="'Broca' is an area of the cortex; .*NIfTI mask in the subject's own grid"):
        trained.columns(("Broca",), "UTS01")

    # The ROI goes out as a mask in the subject's own grid, and comes back as the same blocks.
    (written,) = export(decoded, "nii", tmp_path / "roi.nii.gz")
    assert chosen_rois(trained, "UTS02", [written]).names == decoded.rois
    with pytest.raises(UserError, match="export them as nii, in their own grid"):
        export(decoded, "gii", tmp_path / "roi.gii")
    (surface,) = write_rois([Roi("drawn", load_atlas().vertices(["Broca"]))], tmp_path / "drawn.csv")
    with pytest.raises(UserError, match="on the cortical surface, but this run has voxels without surfaces"):
        chosen_rois(trained, "UTS02", [surface])

    # Voxels of the chosen blocks decide, and only they.
    recording = trained.recording("UTS01", STORIES[0])
    columns = trained.columns(("block-001",), "UTS01")
    basis = trained.basis("UTS01")
    outside = recording.bold.copy()
    outside[:, basis.members[basis.owner != 0]] = np.random.default_rng(0).standard_normal((len(outside), 1))
    one = trained.read(recording, columns)[0].prediction
    two = trained.read(replace(recording, bold=outside), columns)[0].prediction
    np.testing.assert_allclose(one, two, atol=1e-6)

    # An ROI drawn in the subject's own grid.
    mask = make_mask((10, 9, 8), 0.42, seed=0)
    half = np.zeros(mask.shape)
    half[:5] = 1
    names = rois_in_mask(trained, write_mask(tmp_path / "half.nii.gz", half), "UTS01")
    assert 0.3 < len(names) / blocks[0] < 0.7
    with pytest.raises(UserError, match="resample the ROI to the subject's own grid"):
        rois_in_mask(trained, write_mask(tmp_path / "other.nii.gz", half[1:]), "UTS01")
    assert trained.columns(names, "UTS01").size == TINY.components * len(names)


def test_stories_of_another_size_are_named(tree, tmp_path):
    text = tree.read_text().replace("preprocessed_data/UTS02/inamoment", "preprocessed_data/UTS01/inamoment")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("mask"))
    path = tree.parent / "mixed.toml"
    path.write_text(text)
    (line,) = check_study(path).problems
    assert (
        line.startswith("recording UTS02/inamoment: has ")
        and "give all stories of a subject the same ROIs or mask" in line
    )
    with pytest.raises(UserError, match="thetriangle.* of UTS02 has other columns than inamoment"):
        train_study(path, tmp_path / "run", device="cpu", config=TINY)
