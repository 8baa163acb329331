"""A study with a single story: one training of two listeners whose scans differ, from files to decodings."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.data.atomic import read_json, write_json
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.decoding.nearest import heard_in_training
from fmri2ges.decoding.run import open_run
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.text.embeddings import load_vectors
from fmri2ges.training.train import train_study
from fmri2ges.types import Words
from tests.run_files import make_run
from tests.small_study import TINY

VOLUMES = {"one": 240, "two": 222}


def write_study(folder, split: str):
    """One story of eight minutes, of which no word is said twice."""
    text = [word for word in list(load_vectors().index)[100:5000] if word.isalpha()][:960]
    write_words_tsv(folder / "tale.tsv", Words.from_lists(text, 0.3 + 0.49 * np.arange(960), np.full(960, 0.3)))
    lines = ['name = "single"']
    for subject, n in VOLUMES.items():
        bold = np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32) + 100
        np.save(folder / f"{subject}.npy", bold)
        lines += ["[[recording]]", f'subject = "{subject}"', 'story = "tale"', f'bold = "{subject}.npy"', "tr = 2.0"]
        lines += ["first_volume_at = 1.0", 'columns = ["X", "Y", "Z"]', 'words = "tale.tsv"']
    (folder / "study.toml").write_text("\n".join([*lines, "[split]", split, ""]))
    return folder / "study.toml"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("single"), "within_story_folds = 2\ngap = 16.0")


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    return train_study(study, tmp_path_factory.mktemp("trained") / "run", TINY, device="cpu")


@pytest.mark.slow
def test_no_word_of_a_test_block_is_known_to_the_models_of_its_fold(run):
    trained = open_run(run, device="cpu")
    assert trained.manifest["train_stories"] == ["tale"] and len(trained.manifest["blocks"]["borders"]) == 1
    for subject in VOLUMES:
        recording = trained.recording(subject, "tale")
        readings = trained.read(recording, trained.columns(("all",), subject))
        assert len(readings) == 2 and sum(len(r.rows) for r in readings) == VOLUMES[subject]
        for reading in readings:
            said = recording.words.slice(reading.times[0] - 1.0, reading.times[-1] + 1.0).text
            known = {*trained.statistics(reading.fold).language.vocabulary}
            known |= set(trained.bayes(subject, reading.fold)[1].vocabulary)
            assert len(said) > 200 and len(known) > 200 and not known & set(said)
            assert len(heard_in_training(trained, subject, reading.fold, np.arange(3))) > 0


@pytest.mark.slow
def test_the_folds_are_those_of_the_training_whatever_the_study_file_says_later(run, study, tmp_path):
    changed = write_study(tmp_path, "within_story_folds = 5\ngap = 0.0")
    asked = DecodeRequest(subject="two", story="tale", branch="text", samples=1, start=225, stop=255)
    for f2t in ("fast", "bayes"):
        results = [open_run(run, "cpu", file).decode(replace(asked, f2t=f2t)) for file in (study, changed)]
        assert results[0].texts[0].text == results[1].texts[0].text and len(results[0].texts[0].text) > 10
        assert results[0].manifest["blocks"] == read_json(run / "manifest.json")["blocks"]


def test_a_story_of_the_training_is_not_decoded_when_the_study_file_calls_it_a_test_story(toy, tmp_path):
    moved = toy.read_text().replace('test_stories = ["c"]', 'test_stories = ["b", "c"]')
    assert moved != toy.read_text()
    toy.write_text(moved)
    recording = load_study(toy).recording("s1", "b")
    folder = make_run(tmp_path / "run", study=str(toy), subjects=["s1"], train_stories=["a", "b"], blocks=None)
    run = open_run(folder, "cpu")
    assert recording.story == "b" and run.stories == ("c",)
    with pytest.raises(UserError, match="story: 'b' was used in training; allowed: c"):
        run.recording("s1", "b")


def test_a_manifest_whose_blocks_are_not_those_of_its_folds_is_one_line(tmp_path):
    folder = make_run(tmp_path / "run")
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"blocks": {"borders": [10.0, 20.0], "gap": 16.0}})
    with pytest.raises(UserError, match="blocks are those of 3 folds, but folds is 1"):
        read_run_manifest(folder)
    write_json(folder / "manifest.json", manifest | {"blocks": None})
    with pytest.raises(UserError, match="train_stories is missing; it must be a list of names"):
        read_run_manifest(folder)
    write_json(folder / "manifest.json", manifest | {"blocks": {"borders": [20.0, 10.0], "gap": 16.0}})
    with pytest.raises(UserError, match="blocks must be an object with borders, a list of rising numbers"):
        read_run_manifest(folder)
