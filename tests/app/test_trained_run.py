"""Explore on a run that was really trained, and trained anew under its old name."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.decode_queue import queue
from fmri2ges.decoding.run import open_run
from fmri2ges.demo.world import World
from fmri2ges.training.train import train_study
from fmri2ges.views import player
from tests.small_study import TINY, write_small

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


@pytest.fixture
def shown(monkeypatch):
    """Every result that the page gave to the skeleton player, in order."""
    results, inner = [], player.player_data

    def record(decoded, *args, **options):
        results.append(decoded)
        return inner(decoded, *args, **options)

    monkeypatch.setattr(player, "player_data", record)
    return results


def run(app):
    """Run the page, and again when what it asked for is decoded."""
    app.run()
    queue().join()
    app.run()


def test_explore_shows_a_trained_run_and_after_a_new_training_the_new_one(tmp_path, shown):
    study, folder = write_small(World(7), tmp_path), tmp_path / "run"
    train_study(study, folder, device="cpu", config=TINY)
    app = AppTest.from_file(str(MAIN), default_timeout=600)
    app.query_params.update({"run": str(folder), "start": "10", "stop": "20", "samples": "1", "rois": "Broca"})
    run(app)
    assert not app.exception and not app.error
    first = open_run(folder, device="cpu")
    before = shown[-1]
    assert before.manifest["run_digest"] == first.digest and before.request.run == str(folder)
    app.run()
    assert shown[-1] is before  # nothing has changed: it is not decoded again

    train_study(study, folder, device="cpu", config=TINY, seed=1, existing="replace")
    second = open_run(folder, device="cpu")
    run(app)
    assert not app.exception and not app.error
    after = shown[-1]
    assert second.digest != first.digest and after.manifest["run_digest"] == second.digest
    assert np.abs(after.direct.positions - before.direct.positions).max() > 1e-3
    expected = second.decode(after.request)
    np.testing.assert_allclose(after.direct.positions, expected.direct.positions, atol=1e-5)
