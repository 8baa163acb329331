"""The answer to a request: the readout, then both branches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..request import DecodeRequest
from ..results import Decoded
from ..types import Words
from ..work import Work
from .proof import provenance

if TYPE_CHECKING:
    from .run import Run


def answer(run: Run, request: DecodeRequest, first: int | None, work: Work) -> Decoded:
    """The result of a request.

    Parameters
    ----------
    run : whose models and study are used
    request : what to decode, see `Run.complete`
    first : how many of the samples are made, the first ones, each as it would be among all; None = all
    work : progress and cancel
    """
    begun = time.time()
    device = run.device  # a wrong one is told before any work
    request = run.complete(request)
    recording = run.recording(request.subject, request.story)
    work.report(0.05, "solving the readout for the chosen ROIs")
    readings = run.read(recording, run.columns(request.rois, request.subject))
    texts: tuple[Words, ...] = ()
    text = direct = None
    if "text" in request.branches:
        from .text_branch import TextSearch, decode_texts, text_gestures

        work.report(0.25, "decoding words")
        rng = np.random.default_rng([request.seed, 1])
        search = TextSearch.of(request)
        texts = decode_texts(run, recording, readings, search, rng, work=work.part(0.25, 0.6))[:first]
        text = text_gestures(run, texts, request, work.part(0.4, 0.7, "text branch"))
        texts = tuple(words.slice(*request.span) for words in texts)
    if "direct" in request.branches:
        from .direct_branch import direct_gestures

        direct = direct_gestures(run, readings, request, first, work.part(0.7, 1.0, "direct branch"))
    rate = np.concatenate([np.stack([reading.times, reading.rate], 1) for reading in readings])
    manifest = provenance(run, request, device) | {"seconds": round(time.time() - begun, 2)}
    if first is not None and first < request.samples:
        manifest["draft"] = first
    return Decoded(request, text, direct, texts, rate, manifest)
