"""The subjects of a study shared among workers: the same models, whoever makes them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from fmri2ges.brain.space import Cortex, Table, Voxels
from fmri2ges.brain.voxels import VoxelGrid
from fmri2ges.compute import map_tasks
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.demo.world import World
from fmri2ges.errors import UserError
from fmri2ges.text.open_lm import LmChoice
from fmri2ges.threads import one_thread
from fmri2ges.training.bayes import BayesTask
from fmri2ges.training.brains import BrainTask, _space_arrays, _space_from, map_brains
from fmri2ges.training.inputs import read_brains
from fmri2ges.training.train import train_study
from tests.conftest import make_words
from tests.small_study import TINY, write_small


@pytest.fixture
def pair(tmp_path):
    """A study of two subjects who heard two training stories, in tables of three ROIs."""
    rng, lines = np.random.default_rng(0), ['name = "pair"']
    for subject in ("one", "two"):
        for story in "abc":
            np.save(tmp_path / f"{subject}-{story}.npy", rng.normal(size=(30, 3)).astype(np.float32) + 100)
            write_words_tsv(tmp_path / f"{story}.tsv", make_words(rng))
            lines += ["[[recording]]", f'subject = "{subject}"', f'story = "{story}"', "tr = 2.0"]
            lines += ["first_volume_at = 1.0", f'bold = "{subject}-{story}.npy"', f'words = "{story}.tsv"']
            lines += ['columns = ["X", "Y", "Z"]']
    (tmp_path / "study.toml").write_text("\n".join([*lines, "[split]", 'test_stories = ["c"]', ""]))
    return load_study(tmp_path / "study.toml")


def test_brains_that_workers_read_are_those_that_are_read_here(pair, tmp_path):
    with one_thread():
        bases, held = read_brains(pair, 1)
    there, shared = map_brains(pair, 1, tmp_path / "run", partial(map_tasks, executor="serial"))
    assert list(there) == list(bases) == ["one", "two"]
    for subject, basis in bases.items():
        assert there[subject].names == basis.names
        np.testing.assert_array_equal(there[subject].weights, basis.weights)
        np.testing.assert_array_equal(there[subject].owner, basis.owner)
    assert [(r.subject, r.story, r.space) for r in shared] == [(r.subject, r.story, r.space) for r in held]
    for mine, its in zip(held, shared, strict=True):
        np.testing.assert_array_equal(its.bold, mine.bold)
        assert its.words.text == mine.words.text and (its.tr, its.start) == (mine.tr, mine.start)
    assert {f.name for f in (tmp_path / "run").glob("*.*")} == {"basis-0.safetensors", "basis-1.safetensors"}


def test_files_that_stay_on_the_disk_of_a_worker_are_one_line(pair, tmp_path):
    def elsewhere(function, tasks, folder, *, work):
        return [{"basis-0.safetensors": "0" * 64} for _ in tasks]

    with pytest.raises(UserError, match="basis-0.safetensors: a worker wrote it but it is not here"):
        map_brains(pair, 1, tmp_path / "run", elsewhere)


GRID = VoxelGrid((4, 4, 4), np.diag([3.0, 3.0, 3.0, 1.0]), np.argwhere(np.ones((4, 4, 4), bool))[:50])


@pytest.mark.parametrize("space", [Cortex(), Table(("A", "B")), Voxels(50), Voxels(50, GRID)])
def test_a_space_travels_as_arrays(space):
    again = _space_from(_space_arrays(space))
    assert again == space and again.names == space.names
    np.testing.assert_array_equal(again.owner, space.owner)


def test_tasks_travel_as_json():
    brain = BrainTask("/s.toml", "/run", "one", 0, components=2)
    assert BrainTask.from_json(brain.to_json()) == brain and brain.digest != replace(brain, components=1).digest
    bayes = BayesTask("/s.toml", "/run", "one", 0, 1, LmChoice("bigram"), "cpu")
    assert BayesTask.from_json(bayes.to_json()) == bayes


@pytest.mark.slow
def test_processes_train_the_same_bytes(tmp_path):
    study = write_small(World(7, 2), tmp_path / "study")
    config = replace(TINY, lm="bigram")

    def weights(name: str, mapper) -> dict[str, bytes]:
        train_study(study, tmp_path / name, config, "cpu", mapper=mapper)
        assert not [f for f in (tmp_path / name).iterdir() if f.is_dir() or f.suffix == ".npz"]
        return {f.name: f.read_bytes() for f in sorted((tmp_path / name).glob("*.safetensors"))}

    with one_thread():  # with more of them, sums of the main process are added in another order
        here = weights("here", None)
        there = weights("there", partial(map_tasks, executor="local:2"))
    assert {"basis-1.safetensors", "f2t-1-0.safetensors", "bayes-1-0.safetensors"} <= here.keys()
    assert there == here
