"""Texts decoded from null BOLD: how many, where they are computed and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..compute import map_tasks
from ..decoding.null_task import decode_null, null_tasks, words_of
from ..decoding.run import Run
from ..evaluation.rows import NullKind
from ..results import Decoded
from ..types import Words
from ..work import QUIET, Work


@dataclass(frozen=True)
class NullTexts:
    """Texts to decode from null BOLD.

    Parameters
    ----------
    n : texts of each kind; 0 makes none
    executor : where they are decoded, see `compute.run_tasks`
    folder : keeps each of them, so that none is decoded twice; None keeps them for the call only
    """

    n: int = 0
    executor: str = "serial"
    folder: Path | None = None

    def of(
        self, run: Run, decoded: Decoded, kinds: Sequence[NullKind], rng: np.random.Generator, work: Work = QUIET
    ) -> dict[NullKind, list[Words]]:
        """The texts of one decoded result, by kind.

        Parameters
        ----------
        run : the run that decoded it
        kinds : kinds of null BOLD
        rng : draws the seed of each text
        work : progress and cancel
        """
        tasks = [task for kind in kinds for task in null_tasks(run, decoded, kind, self.n, rng)]
        with ExitStack() as stack:
            folder = self.folder or stack.enter_context(TemporaryDirectory())
            results = map_tasks(decode_null, tasks, folder, self.executor, work.part(0, 1, prefix="null texts: "))
        texts = list(map(words_of, results))
        return {kind: texts[k * self.n : (k + 1) * self.n] for k, kind in enumerate(kinds)}
