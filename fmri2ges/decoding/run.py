"""A trained run with its study: the place where models and data meet.

A run keeps its models and recently read recordings in memory, so that another choice of ROIs costs one closed-form
solution of the readout and the sampling.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ..brain.space import Space, Voxels, space_of
from ..data.study.folds import within_story_folds
from ..data.study.model import RecordingSource, Study
from ..demo.opener import find_run, has_study, name_of_run, name_of_study, open_study
from ..errors import UserError, check_option
from ..models.device import DEVICES, resolve_device
from ..provenance import build_manifest, digest_file, digest_json
from ..request import DEMO, F2T_FORMS, DecodeRequest
from ..results import Decoded
from ..storage.decoded import load_decoded, read_manifest, request_of
from ..storage.folder import read_run_manifest
from ..text.embeddings import load_vectors
from ..types import Motion, Recording, Words
from ..work import QUIET, Work
from .readings import Reading

if TYPE_CHECKING:
    from ..models.f2t import Decoder

KEPT_BYTES = 400_000_000  # bytes of recordings that stay in memory
SHORTEST = 2.0  # seconds that can be decoded


def open_run(run=DEMO, device: str = "auto", study=None) -> Run:
    """Open a trained run.

    Parameters
    ----------
    run : 'demo' for the models that ship with the package, or a folder that `train` made
    device : 'auto', 'cpu', 'cuda' or 'mps'
    study : study file; by default the one that the run was trained on

    Raises
    ------
    UserError
        For a folder without weights, or when the study file has moved.
    """
    folder = find_run(run)
    manifest = read_run_manifest(folder)
    file = study or manifest.get("study") or ""
    if not has_study(file):
        told = "put it there, or name it when you import the run: fmri2ges import ZIP --out RUN --study FILE"
        raise UserError(f"{file or folder}: the study of this run is not there; {told}")
    return Run(folder, manifest, open_study(file), device)


class Run:
    """A trained run with its study; `open_run` opens one.

    Models load when they are first needed: a run opens without torch, which takes seconds to import.

    Parameters
    ----------
    path : folder of the trained models
    manifest : the run's manifest
    study : the study whose recordings are decoded
    device : 'auto' or the name of a device
    """

    def __init__(self, path: Path, manifest: dict[str, Any], study: Study, device: str):
        check_option("device", device, DEVICES)
        self.path, self.manifest, self.study, self._device = Path(path), manifest, study, device
        self.n_folds = int(manifest["folds"])
        self._models: dict[str | tuple, Any] = {}  # what was read from the folder
        self._recordings: OrderedDict[tuple[str, str], Recording] = OrderedDict()
        self._reading = Lock()
        self._digests: dict[Path, str] = {}

    @cached_property
    def device(self) -> str:
        """The device in use."""
        return resolve_device(self._device)

    @property
    def simulated(self) -> bool:
        """Whether the recordings are simulated."""
        return self.study.simulated

    @property
    def subjects(self) -> tuple[str, ...]:
        """The listeners that the run was trained on and the study still has."""
        return tuple(s for s in self.manifest["subjects"] if s in self.study.subjects)

    @property
    def stories(self) -> tuple[str, ...]:
        """Stories that were held out from training, test stories first."""
        split = self.study.split
        if split.within_story_folds:
            return self.study.stories
        heard = self.study.stories
        return tuple(s for s in (*split.test_stories, *split.validation_stories) if s in heard)

    @property
    def space(self) -> Space:
        """Where the columns of the first subject's recordings lie."""
        return self.space_of(self.manifest["subjects"][0])

    def space_of(self, subject: str) -> Space:
        """Where the columns of a subject's recordings lie, without the grid of voxels, which only their files have."""
        kind, columns = self.manifest["space"], tuple(self.manifest["columns"])
        if kind != Voxels.kind:
            return space_of(kind, columns)
        return Voxels(int(self.basis(subject).members.max()) + 1)

    @property
    def forms(self) -> tuple[str, ...]:
        """Forms of F2T that the run has: 'fast', and 'bayes' where `train --lm` made it."""
        return F2T_FORMS if self.manifest["config"].get("lm") else F2T_FORMS[:1]

    # What proves which models and which data made a result.

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the digests of all weights; training anew gives another one."""
        return digest_json({file.name: self._digest(file) for file in sorted(self.path.glob("*.safetensors"))})

    def _digest(self, file: Path) -> str:
        if file not in self._digests:
            self._digests[file] = digest_file(file)
        return self._digests[file]

    def _weights(self, request: DecodeRequest) -> list[Path]:
        """The files of weights that answer a request."""
        k = self._number(request.subject)
        names = [f"basis-{k}"]
        for fold in range(self.n_folds):
            names += [f"text-{fold}", f"f2t-{k}-{fold}"]
            names += [f"f2g-{fold}"] if "direct" in request.branches else []
            names += [f"bayes-{k}-{fold}"] if request.f2t == "bayes" and "text" in request.branches else []
        names += ["t2g"] if "text" in request.branches else []
        return [self.path / f"{name}.safetensors" for name in names]

    # Data.

    def recording(self, subject: str, story: str) -> Recording:
        """One held-out recording; the last few are kept, as long as they are small."""
        source = self._source(subject, story)
        key = (subject, story)
        with self._reading:  # the app asks from several threads
            if key not in self._recordings:
                self._recordings[key] = self.study.read_recording(source)
                while len(self._recordings) > 3 or (
                    len(self._recordings) > 1 and sum(r.bold.nbytes for r in self._recordings.values()) > KEPT_BYTES
                ):
                    self._recordings.popitem(last=False)
            self._recordings.move_to_end(key)
            return self._recordings[key]

    def check_held_out(self, subject: str, story: str) -> None:
        """Raise a `UserError` for an unknown subject or story, or a story of the training set."""
        self._source(subject, story)

    def _source(self, subject: str, story: str) -> RecordingSource:
        source = self.study.recording(subject, story)
        if story not in self.stories:
            raise UserError(f"story: {story!r} was used in training; allowed: {', '.join(self.stories)}")
        return source

    def reference(self, story: str) -> Motion | None:
        """The gesture that a speaker of this story made: simulated truth, for display and evaluation."""
        return self.study.truth(story)

    def columns(self, rois, subject: str) -> np.ndarray:
        """Feature columns of a choice of ROIs, array (n_columns,), int."""
        return np.flatnonzero(np.isin(self.basis(subject).parcel, self.space_of(subject).numbers(rois)))

    # Models: read when first needed, then kept.

    @cached_property
    def _store(self):
        from ..storage import models

        return models

    def _kept(self, name: str, read):
        if name not in self._models:
            self._models[name] = read(self.path / f"{name}.safetensors")
        return self._models[name]

    def _number(self, subject: str) -> int:
        """Number of a subject in the names of the files."""
        if subject not in self.manifest["subjects"]:
            raise UserError(f"subject: {subject!r} was not trained; allowed: {', '.join(self.subjects)}")
        return self.manifest["subjects"].index(subject)

    @property
    def t2g(self):
        """T2G of the run."""
        return self._kept("t2g", lambda file: self._store.read_generator(file, self.device))

    def f2g(self, fold: int):
        """F2G of a fold."""
        return self._kept(f"f2g-{fold}", lambda file: self._store.read_generator(file, self.device))

    def basis(self, subject: str):
        """Parcel basis of a subject (`brain.parcels.ParcelBasis`)."""
        return self._kept(f"basis-{self._number(subject)}", lambda file: self._store.read_basis(file))

    def statistics(self, fold: int):
        """Language model and word statistics of a fold (`text.statistics.TextStatistics`)."""
        return self._kept(f"text-{fold}", lambda file: self._store.read_text(file, load_vectors()))

    def f2t(self, subject: str, fold: int):
        """Text decoder of a subject and fold (`models.f2t.F2T`)."""
        statistics = self.statistics(fold)
        return self._kept(f"f2t-{self._number(subject)}-{fold}", lambda file: self._store.read_f2t(file, statistics))

    def bayes(self, subject: str, fold: int):
        """The Bayesian F2T of a subject and fold, and its language model."""
        from ..text.open_lm import open_lm

        def read(file):
            decoder = self._store.read_bayes(file)
            return decoder, open_lm(decoder.lm, self.statistics(fold).language, load_vectors(), self.device)

        return self._kept(f"bayes-{self._number(subject)}-{fold}", read)

    def warm_up(self, subject: str) -> None:
        """Load every model, so that the first decoding waits for nothing."""
        self.t2g  # noqa: B018  read and kept
        for fold in range(self.n_folds):
            self.f2t(subject, fold)
            self.f2g(fold)
        from diffusers import DDIMScheduler  # noqa: F401  slow to import

    # Decoding.

    def complete(self, request: DecodeRequest) -> DecodeRequest:
        """The request with subject, story, start and stop filled in, checked against what the run has.

        Raises
        ------
        UserError
            For an unknown subject or story, a story of the training set, or a stretch that was not recorded.
        """
        if request.f2t not in self.forms:
            raise UserError("f2t: this run has no Bayesian F2T; train with --lm bigram, --lm smollm2 or --lm FOLDER")
        if not self.subjects or not self.stories:
            raise UserError(f"{self.study.path}: has no recording that this run could decode")
        full = replace(request, subject=request.subject or self.subjects[0], story=request.story or self.stories[0])
        recording = self.recording(full.subject, full.story)
        half = recording.tr / 2
        low, high = float(recording.volume_times[0] - half), float(recording.volume_times[-1] + half)
        start = low if full.start is None else full.start
        stop = high if full.stop is None else full.stop
        if not (low - 1e-6 <= start < stop <= high + 1e-6):
            raise UserError(
                f"start, stop: {start:g} to {stop:g} s is not a stretch of {full.story}; "
                f"it was recorded from {low:g} to {high:g} s"
            )
        if stop - start < SHORTEST:
            raise UserError(f"start, stop: {stop - start:g} s is too short; decode at least {SHORTEST:g} s")
        return replace(full, start=start, stop=stop)

    def kept(self, request: DecodeRequest) -> Decoded | None:
        """The result of a complete request among those in the run's folder ``decoded``, if these models made it."""
        place = self.path / "decoded"
        for file in sorted([*place.glob("manifest.json"), *place.glob("*/manifest.json")]):
            manifest = read_manifest(file.parent)
            asked = replace(request_of(manifest, file.parent), run=request.run)
            if asked == request and manifest.get("run_digest") == self.digest:
                found = load_decoded(file.parent)
                return replace(found, request=asked, manifest=manifest | self._places())
        return None

    def decode(self, request: DecodeRequest, work: Work = QUIET) -> Decoded:
        """Gestures and words from the BOLD of the chosen ROIs.

        Parameters
        ----------
        request : what to decode; its run is not looked at, this one decodes
        work : progress and cancel

        Raises
        ------
        UserError
            See `complete`; and for ROIs that the run does not have.
        Cancelled
            When the work shall stop.
        """
        begun = time.time()
        device = self.device  # a wrong one is told before any work
        request = self.complete(request)
        recording = self.recording(request.subject, request.story)
        work.report(0.05, "solving the readout for the chosen ROIs")
        readings = self.read(recording, self.columns(request.rois, request.subject))
        texts: tuple[Words, ...] = ()
        text = direct = None
        if "text" in request.branches:
            from .text_branch import TextSearch, decode_texts, text_gestures

            work.report(0.25, "decoding words")
            rng = np.random.default_rng([request.seed, 1])
            search = TextSearch.of(request)
            texts = decode_texts(self, recording, readings, search, rng, work=work.part(0.25, 0.6))
            text = text_gestures(self, texts, request, work.part(0.4, 0.7, "text branch"))
            texts = tuple(words.slice(*request.span) for words in texts)
        if "direct" in request.branches:
            from .direct_branch import direct_gestures

            direct = direct_gestures(self, readings, request, work.part(0.7, 1.0, "direct branch"))
        rate = np.concatenate([np.stack([reading.times, reading.rate], 1) for reading in readings])
        manifest = self._provenance(request, device) | {"seconds": round(time.time() - begun, 2)}
        return Decoded(request, text, direct, texts, rate, manifest)

    def read(self, recording: Recording, columns: np.ndarray) -> list[Reading]:
        """What the readout predicts for each stretch of volumes, in order of time.

        Parameters
        ----------
        recording : of one of the run's subjects
        columns : array (n_columns,), int; feature columns of the chosen ROIs
        """
        decoders = [self.f2t(recording.subject, fold).decoder(columns) for fold in range(self.n_folds)]
        return self.readings(recording, self.features(recording), decoders)

    def readings(self, recording: Recording, features: np.ndarray, decoders: list[Decoder]) -> list[Reading]:
        """What solved readouts predict for each stretch of volumes, in order of time.

        Parameters
        ----------
        recording : of one of the run's subjects
        features : array (n_volumes, n_features), those of the recording, see `features`
        decoders : for each fold its solved readout
        """
        split = self.study.split
        rows_of = [np.arange(len(features))]
        if split.within_story_folds:
            folds = within_story_folds(recording.volume_times, split.within_story_folds, split.gap)
            rows_of = [np.flatnonzero(test) for _, test in folds]
        readings = []
        for fold, (rows, decoder) in enumerate(zip(rows_of, decoders, strict=False)):
            f2t = self.f2t(recording.subject, fold)
            prediction = f2t.readout.predict(decoder.solution, features)[rows]
            readings.append(Reading(fold, f2t, decoder, prediction, rows, recording.volume_times[rows]))
        return readings

    def features(self, recording: Recording) -> np.ndarray:
        """Parcel features of a recording as the readout sees them, array (n_volumes, n_features), float32."""
        return self._store.dequantise(self._store.quantise(self.basis(recording.subject).transform(recording.bold)))

    def _provenance(self, request: DecodeRequest, device: str) -> dict[str, Any]:
        """Entries of the manifest that prove where a result comes from.

        The digest covers request, weights and inputs.
        """
        source = self._source(request.subject, request.story)
        weights = {file.name: self._digest(file) for file in self._weights(request)}
        inputs = {_relative(file, self.study.root): self._digest(file) for file in source.files}
        asked = {name: value for name, value in request.to_dict().items() if name != "run"}
        guidance = {"text": lambda: self.t2g.guidance, "direct": lambda: self.f2g(0).guidance}
        manifest = build_manifest("decode", {}, request.seed, {}, self.simulated, device)
        return manifest | {
            "digests": inputs,
            "weights": weights,
            "digest": digest_json({"request": asked, "weights": weights, "inputs": inputs}),
            "run_digest": self.digest,
            "run_created": self.manifest.get("created"),
            "study_name": self.study.name,
            "space": self.space.kind,
            "t2g": self.manifest.get("t2g"),
            "t2g_note": self.manifest.get("t2g_note"),
            "guidance": {branch: guidance[branch]() for branch in request.branches},
            **self._places(),
        }

    def _places(self) -> dict[str, str]:
        """Where run and study lie on this machine."""
        return {"study": name_of_study(self.study), "run": name_of_run(self.path)}


def _relative(file: Path, root: Path) -> str:
    file = file.absolute()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
