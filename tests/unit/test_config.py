"""Settings as values: strict reading, differences, digests."""

import json
from dataclasses import dataclass, field

import pytest

from fmri2ges.config import diff, digest, from_dict, load, to_dict
from fmri2ges.errors import UserError


@dataclass(frozen=True)
class Optimiser:
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)


@dataclass(frozen=True)
class Config:
    steps: int
    name: str = "demo"
    widths: tuple[int, ...] = (96,)
    limit: float | None = None
    optimiser: Optimiser = field(default_factory=Optimiser)


def test_round_trip_through_files(tmp_path):
    config = Config(steps=3, widths=(1, 2), limit=2.0, optimiser=Optimiser(rate=0.5))
    (tmp_path / "c.json").write_text(json.dumps(to_dict(config)))
    assert load(Config, tmp_path / "c.json") == config
    (tmp_path / "c.toml").write_text("steps = 3\nwidths = [1, 2]\nlimit = 2\n[optimiser]\nrate = 0.5\n")
    assert load(Config, tmp_path / "c.toml") == config


@pytest.mark.parametrize(
    "values, message",
    [
        ({"steps": 1, "nmae": "x"}, r"config: unknown key 'nmae' \(did you mean name\?\); allowed: steps, name"),
        ({}, "config: steps missing"),
        ({"steps": 1.5}, "config.steps: must be int; got 1.5"),
        ({"steps": True}, "config.steps: must be int; got True"),
        ({"steps": 1, "widths": 3}, "config.widths: must be a list; got 3"),
        ({"steps": 1, "optimiser": {"rate": "fast"}}, "config.optimiser.rate: must be float; got 'fast'"),
        ({"steps": 1, "name": "a\ud800"}, r"config.name: holds half a character, .*; got 'a\\ud800'"),
        ({"steps": 1, "limit": 10**400}, "config.limit: must be a number below 1e308; got 1000"),
        ({"steps": 1, "optimiser": {"betas": [1]}}, "config.optimiser.betas: must hold 2 values; got 1"),
    ],
)
def test_wrong_values_are_named(values, message):
    with pytest.raises(UserError, match=message):
        from_dict(Config, values)


def test_diff_shows_only_what_differs():
    a, b = Config(1), Config(1, name="full", optimiser=Optimiser(rate=0.1))
    assert diff(a, b) == {"name": ("demo", "full"), "optimiser.rate": (0.001, 0.1)}
    assert diff(to_dict(a), a) == {}
    assert diff({"x": 1}, {"y": None}) == {"x": (1, None)}


def test_digest_follows_the_values():
    assert digest(Config(1)) == digest(Config(1)) != digest(Config(2))
