"""A training that was interrupted ends with the weights of one that was not, bit for bit."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from fmri2ges.data.beside import CHECKPOINTS
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.storage.checkpoint import Checkpoint
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.storage.training_folder import is_interrupted
from fmri2ges.training import keeper as module
from fmri2ges.training.keeper import Keeper
from fmri2ges.training.loop import LoopConfig, fit
from fmri2ges.training.presets import TrainConfig
from fmri2ges.training.state import numpy_state, set_numpy_state
from fmri2ges.training.train import train_study
from fmri2ges.work import Work
from tests.killed_training import Trial, weights, write_study

STEPS = 11
MADE_FOR = {"seed": 5, "device": "cpu", "config": {}, "versions": {}, "files": {}}


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 3)
    monkeypatch.setattr("os.fsync", lambda fd: None)  # nobody pulls the plug


def stops_after(n: int) -> Work:
    """Work that is cancelled when it has been asked `n` times."""
    asked = []
    return Work(should_stop=lambda: len(asked) >= n or asked.append(1) is not None)


def train_lines(folder, work, checkpoint=None, width=2, on_draw=lambda _: None, judged=False):
    """Two networks, one after the other, that draw from both random generators; their weights and losses."""
    keeper = Keeper(np.random.default_rng(5), folder, checkpoint or Checkpoint(MADE_FOR))

    def make():
        rng, generator = keeper.rng, torch.Generator().manual_seed(int(keeper.rng.integers(2**31)))
        torch.manual_seed(int(rng.integers(2**31)))
        model, truth = nn.Linear(4, width), torch.from_numpy(rng.normal(size=(4, width)).astype(np.float32))

        def draw():
            on_draw(None)
            x = torch.randn(9, 4, generator=generator) + float(rng.random(dtype=np.float32))
            return x, x @ truth

        config = LoopConfig(STEPS, 0.05, 0.01, 0.9)
        fixed = torch.ones(1, 4)
        options = {"held_out": lambda: float((model(fixed) - 0.1).square().mean())} if judged else {}
        saved = keeper.loop(generator)
        losses = fit(
            model, draw, lambda x, y: (model(x) - y).square().mean(), config, work=work, saved=saved, **options
        )
        return [*(p.detach().numpy() for p in model.parameters()), np.array(losses), rng.random(3)]

    def write(path, arrays):
        np.savez(path.with_suffix(".npz"), *arrays)
        path.write_bytes(b"")

    def read(path):
        with np.load(path.with_suffix(".npz")) as file:
            return [file[name] for name in sorted(file)]

    return [x for name in ("t2g", "f2g-0") for x in keeper.stage(name, make, write, read)]


@pytest.mark.parametrize("n", [1, 4, 5, 7, 11])
def test_a_loop_with_a_held_out_loss_goes_on_with_the_best_weights_so_far(n, tmp_path):
    for name in ("whole", "halves"):
        (tmp_path / name).mkdir()
    whole, parts = train_lines(tmp_path / "whole", Work(), judged=True), tmp_path / "halves"
    with pytest.raises(Cancelled):
        train_lines(parts, stops_after(n), judged=True)
    checkpoint = Checkpoint.read(parts) if (parts / CHECKPOINTS).exists() else None
    halves = train_lines(parts, Work(), checkpoint, judged=True)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(whole, halves, strict=True))
    assert any(len(x) < STEPS for x in whole[2::4]), "one of the two has ended early"


@pytest.mark.parametrize("n", [1, 2, 3, 5, 11, 14, 20])
def test_a_loop_goes_on_behind_its_last_checkpoint(n, tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "halves").mkdir()
    whole, draws = train_lines(tmp_path / "whole", Work()), []
    with pytest.raises(Cancelled):
        train_lines(tmp_path / "halves", stops_after(n), on_draw=draws.append)
    first, kept = len(draws), (tmp_path / "halves" / CHECKPOINTS).exists()
    assert kept == (first >= module.EVERY)
    halves = train_lines(
        tmp_path / "halves", Work(), Checkpoint.read(tmp_path / "halves") if kept else None, on_draw=draws.append
    )
    assert all(a.tobytes() == b.tobytes() for a, b in zip(whole, halves, strict=True))
    assert 0 <= len(draws) - 2 * STEPS < module.EVERY  # so many steps were made twice
    assert 0 < first < 2 * STEPS


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    with pytest.raises(Cancelled):
        train_lines(tmp_path, stops_after(5))
    with pytest.raises(UserError, match="checkpoint: does not belong to this training"):
        train_lines(tmp_path, Work(), Checkpoint.read(tmp_path), width=3)


def test_the_state_of_numpys_generator_is_four_numbers():
    rng, other = np.random.default_rng(3), np.random.default_rng(4)
    rng.integers(10, dtype=np.int32)  # half of a word is left for the next draw
    set_numpy_state(other, numpy_state(rng))
    assert other.integers(0, 1000, 9, dtype=np.int32).tolist() == rng.integers(0, 1000, 9, dtype=np.int32).tolist()


def stops_behind(message: str) -> Work:
    """Work that is cancelled as soon as it has said something that begins so."""
    said = []
    return Work(lambda _, text: said.append(text), lambda: bool(said) and said[-1].startswith(message))


@pytest.fixture(scope="module")
def few_clips(tmp_path_factory):
    """A study of a minute of gesture, settings for it, and a folder to train in that holds a whole run of it."""
    folder = tmp_path_factory.mktemp("few")
    study = write_study(folder / "study", seconds=60)
    config = TrainConfig(
        t2g_steps=16, f2g_steps=7, renditions=1, roi_choices=1, penalties=(100.0, 1000.0), f2g_guidance=1.5
    )
    (folder / "runs").mkdir()
    train_study(study, folder / "runs" / "whole", config, "cpu")
    return study, config, folder / "runs"


@pytest.mark.parametrize(
    "message, stage",
    [("fine-tuned T2G: step", "t2g-fine-tuned"), ("own T2G: step", "t2g-study"), ("F2G: step", "f2g-0")],
)
def test_a_training_on_few_clips_is_interrupted_and_goes_on(message, stage, few_clips):
    study, config, runs = few_clips
    out = runs / stage
    with pytest.raises(Cancelled):
        train_study(study, out, config, "cpu", work=stops_behind(message))
    assert is_interrupted(out) and not out.exists()
    with pytest.raises(UserError, match=f"{stage}: its training was interrupted on .*; go on with --resume"):
        train_study(study, out, config, "cpu")
    with pytest.raises(UserError, match="was made with seed 0, not 1"):
        train_study(study, out, config, "cpu", seed=1, existing="resume")
    train_study(study, out, config, "cpu", existing="resume")
    assert weights(out) == weights(runs / "whole") and sorted(os.listdir(runs)).count(stage) == 1
    assert not [name for name in os.listdir(runs) if name.startswith(".")]
    whole, halves = (read_run_manifest(runs / name) for name in ("whole", stage))
    assert "resumed" not in whole and [r["stage"] for r in halves["resumed"]] == [stage]
    assert f"resumed in {stage}, after step" in (out / "log.txt").read_text()
    choice = [name for name in whole if name.startswith("t2g")]
    assert len(choice) == 5 and all(whole[name] == halves[name] for name in choice)


def test_the_manifest_names_the_t2g_and_all_three_losses(few_clips):
    _, _, runs = few_clips
    manifest = read_run_manifest(runs / "whole")
    assert manifest["t2g_seconds"] == 45 and manifest["t2g_held_out_seconds"] == 15
    losses = {one["t2g"]: one["loss"] for one in manifest["t2g_judged"]}
    assert losses.keys() == {"demo", "fine-tuned", "study"} and losses[manifest["t2g"]] < losses["demo"]
    which = {"fine-tuned": "shipped, fine-tuned", "study": "the study's own, trained"}[manifest["t2g"]]
    assert manifest["t2g_note"].startswith(f"T2G: {which} on 0.8 min of the study's clips; loss on 0.2 min of held-out")
    assert manifest["t2g_note"] in (runs / "whole" / "log.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("force", [False, True])
def test_killed_at_random_instants(force, tmp_path):
    trial = Trial(write_study(tmp_path / "study"), tmp_path / "f", force)
    instants = np.random.default_rng([12, force]).integers(trial.count // 3, trial.count + 1, 6)
    found = [trial.kill(int(k)) for k in instants]
    trial.close()
    assert any("went on" in what for what in found)
