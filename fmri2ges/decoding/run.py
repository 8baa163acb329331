"""A trained run with its study: the place where models and data meet.

A run keeps its models and recently read recordings in memory, so that another choice of ROIs costs one closed-form
solution of the readout and the sampling.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from ..brain.space import Space, Voxels, space_of
from ..config import from_dict
from ..data.study.folds import StoryBlocks
from ..data.study.model import RecordingSource, Study
from ..demo.opener import find_run, has_study, open_study
from ..errors import UserError, check_option
from ..models.device import DEVICES, resolve_device
from ..models.kept import LastFew
from ..provenance import digest_file, digest_json, stamp_file
from ..request import DEMO, F2T_FORMS, DecodeRequest
from ..results import Decoded
from ..storage.folder import read_run_manifest
from ..text.embeddings import load_vectors
from ..types import Motion, Recording
from ..work import QUIET, Work
from .answer import answer
from .kept import kept_result
from .readings import Reading

if TYPE_CHECKING:
    from ..models.f2t import F2T, Decoder
    from ..models.word_rate import PooledRate, RateSettings

KEPT_REFERENCES = 3  # motions of whole stories, about 3 MB each
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
        self._recordings: OrderedDict[tuple[str, str, str], Recording] = OrderedDict()
        self._references: LastFew[Motion | None] = LastFew(KEPT_REFERENCES)
        self._reading, self._loading = Lock(), RLock()  # the app asks from several threads
        self._digests: dict[tuple, str] = {}

    @cached_property
    def device(self) -> str:
        """The device in use."""
        return resolve_device(self._device)

    @property
    def known_device(self) -> str:
        """The device in use; before anything was computed, the one that was asked for, perhaps 'auto'."""
        return str(self.__dict__.get("device", self._device))

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
        """Stories that were held out from training, test stories first.

        A story that the run was trained on is none, even where the study file has been changed and says so now.
        """
        split, heard = self.study.split, self.study.stories
        wanted = heard if split.within_story_folds else (*split.test_stories, *split.validation_stories)
        trained = () if self.n_folds > 1 else self.manifest.get("train_stories", ())
        return tuple(story for story in wanted if story in heard and story not in trained)

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
        return digest_json({file.name: self.file_digest(file) for file in sorted(self.path.glob("*.safetensors"))})

    def file_digest(self, file: Path) -> str:
        """SHA-256 of a file, computed once as long as it stays the same."""
        key = file, stamp_file(file)
        if key not in self._digests:
            self._digests[key] = digest_file(file)
        return self._digests[key]

    def stamp(self, subject: str, story: str) -> str:
        """What changes when a file of a recording is written anew, or the study says something else about it."""
        return self.study.stamp(self.study.recording(subject, story))

    def digest_of_recording(self, subject: str, story: str) -> str:
        """SHA-256 of all that decides what is read of a recording: the bytes of its files, and how they are read."""
        return self.study.digest(self.study.recording(subject, story), self.file_digest)

    # Data.

    def blocks_of(self, recording: Recording) -> StoryBlocks | None:
        """The test blocks of a recording of a single story that the run was trained on; None where it is new to it."""
        if self.n_folds == 1:
            return None
        if "blocks" not in self.manifest:  # an earlier version, which made the blocks of each recording by itself
            return StoryBlocks.of([recording], self.n_folds, self.study.split.gap)
        trained = recording.story in self.manifest["train_stories"]
        return from_dict(StoryBlocks, self.manifest["blocks"], "blocks") if trained else None

    def recording(self, subject: str, story: str) -> Recording:
        """One held-out recording; the last few are kept, as long as they are small and their files the same."""
        source = self._source(subject, story)
        key = (subject, story, self.study.stamp(source))
        with self._reading:
            if key not in self._recordings:
                self._recordings[key] = self._with_columns_of_run(self.study.read_recording(source))
                while len(self._recordings) > 3 or (
                    len(self._recordings) > 1 and sum(r.bold.nbytes for r in self._recordings.values()) > KEPT_BYTES
                ):
                    self._recordings.popitem(last=False)
            self._recordings.move_to_end(key)
            return self._recordings[key]

    def _with_columns_of_run(self, recording: Recording) -> Recording:
        """A recording whose columns are those that its subject's models were trained on; else a `UserError`."""
        if differs := self.space_of(recording.subject).difference(recording.space):
            raise UserError(
                f"{self.study.path}: {recording.story} of {recording.subject} has other columns than the run was "
                f"trained on ({differs}); give it the same ROIs or mask, in the same order"
            )
        return recording

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
        file = self.study.root / "truth" / f"{story}.npz"
        return self._references.get((story, stamp_file(file)), lambda: self.study.truth(story))

    def columns(self, rois, subject: str) -> np.ndarray:
        """Feature columns of a choice of ROIs, array (n_columns,), int."""
        return np.flatnonzero(np.isin(self.basis(subject).parcel, self.space_of(subject).numbers(rois)))

    # Models: read when first needed, then kept.

    @cached_property
    def _store(self):
        from ..storage import models

        return models

    def _kept(self, name: str, read):
        return self._kept_under(name, lambda: read(self.path / f"{name}.safetensors"))

    def _kept_under(self, key: str | tuple, make):
        with self._loading:  # a model may need another one
            if key not in self._models:
                self._models[key] = make()
            return self._models[key]

    def number(self, subject: str) -> int:
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
        return self._kept(f"basis-{self.number(subject)}", lambda file: self._store.read_basis(file))

    def statistics(self, fold: int):
        """Language model and word statistics of a fold (`text.statistics.TextStatistics`)."""
        return self._kept(f"text-{fold}", lambda file: self._store.read_text(file, load_vectors()))

    def f2t(self, subject: str, fold: int):
        """Text decoder of a subject and fold (`models.f2t.F2T`)."""
        statistics = self.statistics(fold)

        def pooled(settings: RateSettings) -> PooledRate:
            return self._kept_under(("pooled rate", fold, settings.listeners), lambda: self._pooled(fold, settings))

        def read(file: Path) -> F2T:
            return self._store.read_f2t(file, statistics, pooled)

        return self._kept(f"f2t-{self.number(subject)}-{fold}", read)

    def _pooled(self, fold: int, settings: RateSettings) -> PooledRate:
        """The word-rate weights that listeners of a fold share."""
        from ..models.word_rate import PooledRate

        assert settings.pooled is not None, "asked for shared weights only"
        files = (self.path / f"f2t-{number}-{fold}.safetensors" for number in settings.listeners)
        return PooledRate(map(self._store.read_rate_training, files), settings.pooled)

    def bayes(self, subject: str, fold: int):
        """The Bayesian F2T of a subject and fold, and its language model."""
        from ..text.open_lm import open_lm

        def read(file):
            decoder = self._store.read_bayes(file)
            return decoder, open_lm(decoder.lm, self.statistics(fold).language, load_vectors(), self.device)

        return self._kept(f"bayes-{self.number(subject)}-{fold}", read)

    def warm_up(self, subject: str) -> None:
        """Load every model, so that the first decoding waits for nothing."""
        self.t2g  # noqa: B018  read and kept
        for fold in range(self.n_folds):
            self.f2t(subject, fold)
            self.f2g(fold)
        from ..models.schedule import ddim_scheduler

        ddim_scheduler()

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
        """The result of a complete request that lies in the run's folder, see `kept_result`."""
        return kept_result(self, request)

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
        return answer(self, request, None, work)

    def draft(self, request: DecodeRequest, work: Work = QUIET) -> Decoded:
        """The first sample of a request alone: the same gesture and words as in `decode`, in a part of the time.

        Texts and noise of all samples are drawn, which is quick, and only the gesture of the first one is made.

        Parameters
        ----------
        request, work : as in `decode`

        Returns
        -------
        Decoded whose motions hold one sample; ``is_draft`` is true
        """
        return answer(self, request, 1, work)

    def read(self, recording: Recording, columns: np.ndarray) -> list[Reading]:
        """What the readout predicts for each stretch of volumes, in order of time.

        Parameters
        ----------
        recording : of one of the run's subjects
        columns : array (n_columns,), int; feature columns of the chosen ROIs
        """
        f2ts = [self.f2t(recording.subject, fold) for fold in range(self.n_folds)]
        return self.readings(recording, self.features(recording), f2ts, [f2t.decoder(columns) for f2t in f2ts])

    def readings(
        self, recording: Recording, features: np.ndarray, f2ts: list[F2T], decoders: list[Decoder]
    ) -> list[Reading]:
        """What solved readouts predict for each stretch of volumes, in order of time.

        Parameters
        ----------
        recording : of one of the run's subjects
        features : array (n_volumes, n_features), those of the recording, see `features`
        f2ts : for each fold its text decoder
        decoders : for each fold its solved readout
        """
        blocks = self.blocks_of(recording)
        rows_of = [np.arange(len(features))]  # a story that no fold was trained on is decoded by the first
        if blocks is not None:
            rows_of = [np.flatnonzero(test) for _, test in blocks.rows(recording)]
        readings = []
        for fold, rows in enumerate(rows_of):
            f2t, decoder = f2ts[fold], decoders[fold]
            prediction = f2t.readout.predict(decoder.solution, features)[rows]
            rate = f2t.rate(decoder, prediction, features, rows)
            readings.append(Reading(fold, f2t, decoder, prediction, rate, rows, recording.volume_times[rows]))
        return readings

    def features(self, recording: Recording) -> np.ndarray:
        """Parcel features of a recording as the readout sees them, array (n_volumes, n_features), float32."""
        return self._store.dequantise(self._store.quantise(self.basis(recording.subject).transform(recording.bold)))
