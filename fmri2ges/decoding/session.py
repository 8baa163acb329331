"""Decode held-out recordings with a trained run: the one place that joins models and data.

A session keeps its models and the features of recently used recordings, so that another choice of
ROIs costs one closed-form solve and the sampling.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import cached_property
from pathlib import Path

import numpy as np

from ..brain.atlas import load_atlas
from ..data.study.folds import within_story_folds
from ..data.study.load import load_study
from ..data.study.model import Study
from ..errors import Cancelled, UserError, check_option, check_positive
from ..models.device import DEVICES, resolve_device
from ..provenance import build_manifest
from ..results import Decoded
from ..storage.folder import open_run
from ..text.embeddings import load_vectors
from ..types import Motion, Recording, Words
from ..work import Work
from .direct_branch import direct_motion, motion_of, torch_generator
from .texts import bayes_texts, fast_texts

BRANCHES = ("text", "direct", "both")
F2T_FORMS = ("fast", "bayes")
KEPT_BYTES = 400_000_000  # of recordings read before


class Session:
    """A trained run with its study.

    Parameters
    ----------
    run : folder of the trained models
    manifest : the run's manifest
    study : the study whose recordings are decoded
    device : 'auto' or the name of a device
    """

    def __init__(self, run: Path, manifest: dict, study: Study, device: str):
        check_option("device", device, DEVICES)
        self.run, self.manifest, self.study, self._device = Path(run), manifest, study, device
        self.n_folds = int(manifest["folds"])
        self._f2g, self._text, self._f2t, self._basis, self._bayes = {}, {}, {}, {}, {}
        self._recordings: OrderedDict = OrderedDict()

    @classmethod
    def open(cls, run, device: str = "auto", study=None) -> Session:
        """Open a run folder made by `train`.

        Parameters
        ----------
        study : study file; by default the one that the run was trained on

        Raises
        ------
        UserError
            For a folder without weights, or when the study file has moved.
        """
        manifest = open_run(run)
        path = Path(study or manifest["study"])
        if not path.is_file():
            raise UserError(f"{path}: the study of this run is not there any more; put it back, or train again")
        session = cls(Path(run), manifest, load_study(path), device)
        session.t2g  # weights that cannot be read, or an unknown device, are told at once
        return session

    # Models load when they are first needed: a session opens without torch, which takes seconds to import.

    @cached_property
    def device(self) -> str:
        """The device in use."""
        return resolve_device(self._device)

    @cached_property
    def _store(self):
        from ..storage import models as store

        return store

    @cached_property
    def t2g(self):
        """T2G of the run."""
        return self._store.read_generator(self.run / "t2g.safetensors", self.device)

    def warm_up(self, subject: str) -> None:
        """Load every model, so that the first decoding waits for nothing."""
        for fold in range(self.n_folds):
            self.f2t(subject, fold)
            self.f2g(fold)
        from diffusers import DDIMScheduler  # noqa: F401  slow to import

    @property
    def simulated(self) -> bool:
        return self.study.simulated

    @property
    def subjects(self) -> tuple[str, ...]:
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
    def space(self) -> str:
        return self.manifest["space"]

    @property
    def roi_names(self) -> tuple[str, ...]:
        """Names of the ROIs of a table or of voxel blocks; empty on fsaverage5, where the atlas names them."""
        return tuple(self.manifest["columns"])

    def recording(self, subject: str, story: str) -> Recording:
        """One held-out recording; the last few are kept, as long as they are small."""
        source = self.study.recording(subject, story)
        if story not in self.stories:
            raise UserError(f"story: {story!r} was used in training; allowed: {', '.join(self.stories)}")
        key = (subject, story)
        if key not in self._recordings:
            self._recordings[key] = self.study.read_recording(source)
            while len(self._recordings) > 3 or (
                len(self._recordings) > 1 and sum(r.bold.nbytes for r in self._recordings.values()) > KEPT_BYTES
            ):
                self._recordings.popitem(last=False)
        self._recordings.move_to_end(key)
        return self._recordings[key]

    def reference(self, story: str) -> Motion | None:
        """The gesture that a speaker of this story made: simulated truth, for display and evaluation."""
        return self.study.truth(story)

    def columns(self, rois, subject: str) -> np.ndarray:
        """Feature columns of a choice of ROIs."""
        basis = self.basis(subject)
        if self.space != "fsaverage5":
            unknown = [r for r in rois if r != "all" and r not in basis.names]
            if unknown:
                names = basis.names if len(basis.names) <= 20 else (basis.names[0], "...", basis.names[-1])
                raise UserError(f"rois: {unknown[0]!r} is not an ROI of this study; allowed: all, {', '.join(names)}")
            chosen = set(basis.names) if "all" in rois else set(rois)
        else:
            chosen = set(load_atlas().expand(rois))
        parcels = [k for k, name in enumerate(basis.names) if name in chosen]
        if not parcels:
            raise UserError("rois: the selection is empty; choose at least one ROI")
        return np.flatnonzero(np.isin(basis.parcel, parcels))

    def basis(self, subject: str):
        if subject not in self.manifest["subjects"]:
            raise UserError(f"subject: {subject!r} was not trained; allowed: {', '.join(self.subjects)}")
        k = self.manifest["subjects"].index(subject)
        if k not in self._basis:
            self._basis[k] = self._store.read_basis(self.run / f"basis-{k}.safetensors")
        return self._basis[k]

    def f2t(self, subject: str, fold: int):
        k = self.manifest["subjects"].index(subject)
        if (k, fold) not in self._f2t:
            self._f2t[k, fold] = self._store.read_f2t(self.run / f"f2t-{k}-{fold}.safetensors", self.statistics(fold))
        return self._f2t[k, fold]

    def statistics(self, fold: int):
        if fold not in self._text:
            self._text[fold] = self._store.read_text(self.run / f"text-{fold}.safetensors", load_vectors())
        return self._text[fold]

    @property
    def forms(self) -> tuple[str, ...]:
        """Forms of F2T that the run has: 'fast', and 'bayes' where `train --lm` made it."""
        return F2T_FORMS if self.manifest["config"].get("lm") else F2T_FORMS[:1]

    def bayes(self, subject: str, fold: int):
        """The Bayesian F2T of a subject and fold, and its language model."""
        from ..text.open_lm import open_lm

        k = self.manifest["subjects"].index(subject)
        if (k, fold) not in self._bayes:
            decoder = self._store.read_bayes(self.run / f"bayes-{k}-{fold}.safetensors")
            self._bayes[k, fold] = (
                decoder,
                open_lm(decoder.lm, self.statistics(fold).language, load_vectors(), self.device),
            )
        return self._bayes[k, fold]

    def f2g(self, fold: int):
        if fold not in self._f2g:
            self._f2g[fold] = self._store.read_generator(self.run / f"f2g-{fold}.safetensors", self.device)
        return self._f2g[fold]

    def decode(
        self,
        subject: str,
        story: str,
        rois=("all",),
        branch: str = "both",
        samples: int = 8,
        start: float | None = None,
        stop: float | None = None,
        seed: int = 0,
        speaker: int = 0,
        f2t: str = "fast",
        beam: int = 20,
        progress=None,
        should_stop=None,
    ) -> Decoded:
        """Gestures and words from the BOLD of the chosen ROIs.

        Parameters
        ----------
        rois : names, see `brain.atlas`, or columns of a table study
        branch : 'text', 'direct' or 'both'
        samples : gestures per branch; the text branch draws as many texts
        start, stop : seconds on the story's clock; default: the whole recording
        seed : of texts and gestures
        speaker : whose style is used, an index of T2G's speakers
        f2t : 'fast', or 'bayes' in a run that was trained with a language model
        beam : width of the search of the Bayesian F2T

        Raises
        ------
        UserError
            For unknown names, a story of the training set or an empty stretch.
        Cancelled
            When `should_stop` says so.
        """
        check_option("branch", branch, BRANCHES)
        check_positive("samples", samples)
        self._check_form(f2t)
        begun = time.time()
        device = self.device  # a wrong one is told before any work
        rois = tuple(rois)
        recording = self.recording(subject, story)
        columns = self.columns(rois, subject)
        start, stop = self._stretch(recording, start, stop)
        report = progress or (lambda fraction, message: None)
        report(0.05, "solving the readout for the chosen ROIs")
        parts = self.read(recording, subject, columns)
        if should_stop is not None and should_stop():
            raise Cancelled
        texts: tuple[Words, ...] = ()
        text = direct = None
        if branch != "direct":
            report(0.25, "decoding words")
            if f2t == "fast":
                texts = fast_texts(parts, recording.tr, samples, np.random.default_rng([seed, 1]))
            else:
                parcels = np.unique(self.basis(subject).parcel[columns])
                found = [(part, *self.bayes(subject, part[0])) for part in parts]
                progress_of = _span(report, 0.25, 0.6, None)
                rng = np.random.default_rng([seed, 1])
                texts = bayes_texts(
                    found, recording, parcels, (start, stop), samples, rng, beam, progress_of, should_stop
                )
            from ..models.conditions import word_track

            vectors = load_vectors()
            tracks = [word_track(w, vectors.matrix(w.text)) for w in texts]
            bones = self.t2g.sample_bones(
                tracks,
                start,
                stop - start,
                speaker,
                torch_generator(seed, 2),
                work=Work(_span(report, 0.4, 0.7, "text branch"), should_stop),
            )
            text = motion_of(bones, start)
            texts = tuple(w.slice(start, stop) for w in texts)
        if branch != "text":
            direct = direct_motion(
                self, parts, start, stop, samples, speaker, seed, _span(report, 0.7, 1.0, "direct branch"), should_stop
            )
        manifest = build_manifest(
            "decode",
            {},
            seed,
            {},
            self.simulated,
            device,
            study=str(self.study.path.resolve()),
            study_name=self.study.name,
            run=str(self.run),
            run_created=self.manifest.get("created"),
            subject=subject,
            story=story,
            rois=list(rois),
            branch=branch,
            samples=samples,
            start=start,
            stop=stop,
            speaker=speaker,
            f2t=f2t,
            beam=beam if f2t == "bayes" else None,
            space=self.space,
            seconds=round(time.time() - begun, 2),
            guidance={"text": self.t2g.guidance, "direct": self.f2g(0).guidance},
        )
        rate = np.concatenate([np.stack([times, f2t.rate(decoder, p)], 1) for _, f2t, decoder, p, times in parts])
        return Decoded(text, direct, texts, rois, start, stop, manifest, rate)

    def _stretch(self, recording: Recording, start, stop) -> tuple[float, float]:
        lo = float(recording.volume_times[0] - recording.tr / 2)
        hi = float(recording.volume_times[-1] + recording.tr / 2)
        start = lo if start is None else float(start)
        stop = hi if stop is None else float(stop)
        if not (lo - 1e-6 <= start < stop <= hi + 1e-6):
            raise UserError(
                f"start, stop: {start:g} to {stop:g} s is not a stretch of {recording.story}; it was recorded from {lo:g} to {hi:g} s"
            )
        if stop - start < 2.0:
            raise UserError(f"start, stop: {stop - start:g} s is too short; decode at least 2 s")
        return start, stop

    def features(self, recording: Recording, subject: str) -> np.ndarray:
        """Parcel features of a recording, as the readout sees them."""
        return self._store.dequantise(self._store.quantise(self.basis(subject).transform(recording.bold)))

    def read(self, recording: Recording, subject: str, columns: np.ndarray) -> list[tuple]:
        """(fold, decoder, prediction, rows) of each stretch of volumes, in order of time."""
        features = self.features(recording, subject)
        if self.study.split.within_story_folds:
            split = self.study.split
            rows_of = [
                np.flatnonzero(t)
                for _, t in within_story_folds(recording.volume_times, split.within_story_folds, split.gap)
            ]
        else:
            rows_of = [np.arange(len(features))]
        parts = []
        for fold, rows in enumerate(rows_of):
            f2t = self.f2t(subject, fold)
            decoder = f2t.decoder(columns)
            parts.append(
                (
                    fold,
                    f2t,
                    decoder,
                    f2t.readout.predict(decoder.solution, features)[rows],
                    recording.volume_times[rows],
                )
            )
        return parts

    def _check_form(self, f2t: str) -> None:
        check_option("f2t", f2t, F2T_FORMS)
        if f2t not in self.forms:
            raise UserError("f2t: this run has no Bayesian F2T; train with --lm bigram, --lm smollm2 or --lm FOLDER")


def open_demo(device: str = "auto") -> Session:
    """The shipped models with the held-out stories of their simulated study.

    The stories are made on first use, in about a second each, and kept in the user's cache folder.
    """
    from ..demo import WEIGHTS
    from ..demo.cache import DemoStudy

    manifest = open_run(WEIGHTS)
    return Session(WEIGHTS, manifest, DemoStudy.open(), device)


def _span(report, low: float, high: float, message: str | None):
    """Progress of a part of the work, with the part's own message where none is given."""
    return lambda fraction, own: report(low + (high - low) * fraction, message or own)
