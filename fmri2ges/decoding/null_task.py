"""One decoding of null BOLD as a task that any process can compute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..config import from_dict, to_dict
from ..demo.opener import name_of_run, name_of_study
from ..errors import UserError
from ..evaluation.rows import NullKind
from ..provenance import digest_json
from ..request import DecodeRequest
from ..results import Decoded
from ..types import Words
from .run import Run, open_run
from .text_nulls import TextNulls, digest_of_null_bold


@dataclass(frozen=True)
class NullTask:
    """One text from null BOLD.

    Parameters
    ----------
    run, study : names of the run and its study, see `demo.opener`
    run_digest : of the weights of the run
    recordings : digest of the BOLD that null BOLD is made of
    decoded : digest of the result whose null it is
    request : the complete request of that result
    kind : which null BOLD, a `NullKind`
    seed : of the BOLD and the text
    """

    run: str
    study: str
    run_digest: str
    recordings: str
    decoded: str
    request: DecodeRequest
    kind: str
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides about the text; where run and study lie does not."""
        values = to_dict(self)
        values["request"].pop("run")
        return digest_json({name: value for name, value in values.items() if name not in ("run", "study")})

    def to_json(self) -> str:
        """All fields as one line of JSON."""
        return json.dumps(to_dict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> NullTask:
        """The task of `to_json`."""
        return from_dict(cls, json.loads(text), "null task")


def null_tasks(run: Run, decoded: Decoded, kind: NullKind, n: int, rng: np.random.Generator) -> list[NullTask]:
    """`n` texts from one kind of null BOLD, whose seeds are drawn from `rng`."""
    names = name_of_run(run.path), name_of_study(run.study)
    digests = run.digest, digest_of_null_bold(run, decoded.request)
    of_result = str(decoded.manifest.get("digest") or "")
    seeds = rng.integers(2**63, size=n)
    return [NullTask(*names, *digests, of_result, decoded.request, kind.value, int(seed)) for seed in seeds]


def decode_null(task: NullTask) -> dict[str, Any]:
    """The text of a task: its words, onsets and durations in seconds.

    Raises
    ------
    UserError
        When run or study are not there, or are not those that the task was made for.
    """
    maker = _maker(task.run, task.study, task.run_digest, task.recordings, task.request)
    words = maker.from_bold(NullKind(task.kind), np.random.default_rng(task.seed))
    return {"text": list(words.text), "start": words.start.tolist(), "duration": words.duration.tolist()}


def words_of(result: dict[str, Any]) -> Words:
    """The text that `decode_null` returned."""
    return Words.from_lists(result["text"], result["start"], result["duration"])


@lru_cache(maxsize=1)
def _maker(name: str, study: str, run_digest: str, recordings: str, request: DecodeRequest) -> TextNulls:
    """The run, the recording and its readout, which a worker keeps for the next task of the same result."""
    run = open_run(name, device="cpu", study=study)
    if run.digest != run_digest:
        raise UserError(f"{name}: holds other weights than those that decoded the text; decode it again")
    if digest_of_null_bold(run, request) != recordings:
        raise UserError(f"{study}: files of it changed since the evaluation began; start it again")
    return TextNulls(run, request)
