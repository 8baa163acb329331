"""kill -9 of the real commands at a few instants; `python -m tests.killed_commands` does so 60 times for each."""

import os

import numpy as np
import pytest

from tests.killed_commands import COMMANDS, Sources, Trial

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    made = Sources(tmp_path_factory.mktemp("sources"))
    made.make()
    return made


@pytest.mark.parametrize("name", ["import", "export", "figure"])
def test_a_finished_result_outlives_a_killed_command(name, sources, tmp_path):
    trial = Trial(name, True, sources, tmp_path / "f")
    assert trial.count > 10 and name in COMMANDS
    for k in np.random.default_rng(1).integers(1, trial.count + 1, 4):
        assert trial.kill(int(k)) in ("old", "new")
    trial.close()
