"""Decode held-out recordings with a trained run: the one place that joins models and data.

A session keeps its models and the features of recently used recordings, so that another choice of
ROIs costs one closed-form solve and the sampling.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path

import numpy as np

from ..brain.atlas import load_atlas
from ..data.study import Study, load_study, within_story_folds
from ..errors import Cancelled, UserError, check_option, check_positive
from ..models.conditions import TokenTrack, volume_track, word_track
from ..models.device import resolve_device
from ..motion.features import from_bones
from ..provenance import build_manifest
from ..runs.folder import open_run
from ..text.embeddings import load_vectors
from ..training import store
from ..types import Motion, Recording, Words
from .types import Decoded

BRANCHES = ("text", "direct", "both")
FADE = 1.0  # seconds over which two folds of one story are blended


class Session:
    """A trained run with its study.

    Parameters
    ----------
    run : folder of the trained models
    manifest : the run's manifest
    study : the study whose recordings are decoded
    device : resolved device name
    """

    def __init__(self, run: Path, manifest: dict, study: Study, device: str):
        self.run, self.manifest, self.study, self.device = Path(run), manifest, study, device
        self.n_folds = int(manifest["folds"])
        self.t2g = store.read_generator(self.run / "t2g.safetensors", device)
        self._f2g, self._text, self._f2t, self._basis = {}, {}, {}, {}
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
        return cls(Path(run), manifest, load_study(path), resolve_device(device))

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
        """Names of the ROIs of a table study; empty on fsaverage5, where the atlas names them."""
        return tuple(self.manifest["columns"])

    def recording(self, subject: str, story: str) -> Recording:
        """One held-out recording; the last few are kept."""
        source = self.study.recording(subject, story)
        if story not in self.stories:
            raise UserError(f"story: {story!r} was used in training; allowed: {', '.join(self.stories)}")
        key = (subject, story)
        if key not in self._recordings:
            self._recordings[key] = self.study.read_recording(source)
            while len(self._recordings) > 3:
                self._recordings.popitem(last=False)
        self._recordings.move_to_end(key)
        return self._recordings[key]

    def reference(self, story: str) -> Motion | None:
        """The gesture that a speaker of this story made: simulated truth, for display and evaluation."""
        return self.study.truth(story)

    def columns(self, rois, subject: str) -> np.ndarray:
        """Feature columns of a choice of ROIs."""
        basis = self.basis(subject)
        if self.space == "table":
            unknown = [r for r in rois if r != "all" and r not in basis.names]
            if unknown:
                raise UserError(f"rois: {unknown[0]!r} is not an ROI of this study; allowed: all, {', '.join(basis.names)}")
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
            self._basis[k] = store.read_basis(self.run / f"basis-{k}.safetensors")
        return self._basis[k]

    def f2t(self, subject: str, fold: int):
        k = self.manifest["subjects"].index(subject)
        if (k, fold) not in self._f2t:
            self._f2t[k, fold] = store.read_f2t(self.run / f"f2t-{k}-{fold}.safetensors", self.statistics(fold))
        return self._f2t[k, fold]

    def statistics(self, fold: int):
        if fold not in self._text:
            self._text[fold] = store.read_text(self.run / f"text-{fold}.safetensors", load_vectors())
        return self._text[fold]

    def f2g(self, fold: int):
        if fold not in self._f2g:
            self._f2g[fold] = store.read_generator(self.run / f"f2g-{fold}.safetensors", self.device)
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

        Raises
        ------
        UserError
            For unknown names, a story of the training set or an empty stretch.
        Cancelled
            When `should_stop` says so.
        """
        check_option("branch", branch, BRANCHES)
        check_positive("samples", samples)
        begun = time.time()
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
            texts = self._texts(parts, recording, samples, np.random.default_rng([seed, 1]))
            vectors = load_vectors()
            tracks = [word_track(w, vectors.matrix(w.text)) for w in texts]
            bones = self.t2g.sample_bones(
                tracks,
                start,
                stop - start,
                speaker,
                _generator(seed, 2),
                progress=_span(report, 0.4, 0.7, "text branch"),
                should_stop=should_stop,
            )
            text = _motion(bones, start)
            texts = tuple(w.slice(start, stop) for w in texts)
        if branch != "text":
            direct = self._direct(
                parts, start, stop, samples, speaker, seed, _span(report, 0.7, 1.0, "direct branch"), should_stop
            )
        manifest = build_manifest(
            "decode", {}, seed, {}, self.simulated, self.device, study=str(self.study.path.resolve()), study_name=self.study.name,
            run=str(self.run), run_created=self.manifest.get("created"), subject=subject, story=story, rois=list(rois), branch=branch,
            samples=samples, start=start, stop=stop, speaker=speaker, space=self.space, seconds=round(time.time() - begun, 2),
            guidance={"text": self.t2g.guidance, "direct": self.f2g(0).guidance},
        )  # fmt: skip
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

    def read(self, recording: Recording, subject: str, columns: np.ndarray) -> list[tuple]:
        """(fold, decoder, prediction, rows) of each stretch of volumes, in order of time."""
        features = store.dequantise(store.quantise(self.basis(subject).transform(recording.bold)))
        if self.study.split.within_story_folds:
            split = self.study.split
            rows_of = [
                np.flatnonzero(t) for _, t in within_story_folds(recording.volume_times, split.within_story_folds, split.gap)
            ]
        else:
            rows_of = [np.arange(len(features))]
        parts = []
        for fold, rows in enumerate(rows_of):
            f2t = self.f2t(subject, fold)
            decoder = f2t.decoder(columns)
            parts.append(
                (fold, f2t, decoder, f2t.readout.predict(decoder.solution, features)[rows], recording.volume_times[rows])
            )
        return parts

    def _texts(self, parts, recording: Recording, n: int, rng: np.random.Generator) -> tuple[Words, ...]:
        drawn = [f2t.decode_texts(decoder, p, times, recording.tr, n, rng) for _, f2t, decoder, p, times in parts]
        joined = []
        for k in range(n):
            text = tuple(w for part in drawn for w in part[k].text)
            onset = np.concatenate([part[k].start for part in drawn])
            length = np.concatenate([part[k].duration for part in drawn])
            order = np.argsort(onset, kind="stable")  # the lead of a fold's first word may cross the border
            joined.append(Words(tuple(text[i] for i in order), onset[order], length[order]))
        return tuple(joined)

    def _direct(self, parts, start: float, stop: float, samples: int, speaker: int, seed: int, progress, should_stop) -> Motion:
        bones = total = None
        n = int(round((stop - start) * 15))
        for fold, f2t, decoder, prediction, times in parts:
            half = (times[1] - times[0]) / 2
            lo, hi = max(start, times[0] - half - FADE / 2), min(stop, times[-1] + half + FADE / 2)
            if len(parts) == 1:
                lo, hi = start, stop
            if hi - lo < 0.2:
                continue
            track: TokenTrack = volume_track(f2t.tokens(decoder, prediction), times)
            made = self.f2g(fold).sample_bones(
                [track] * samples, lo, hi - lo, speaker, _generator(seed, 3 + fold), progress=progress, should_stop=should_stop
            )
            first = int(round((lo - start) * 15))
            made = made[:, : n - first]
            weight = _fade(made.shape[1], lo > start + 1e-6, hi < stop - 1e-6)
            if bones is None:
                bones, total = np.zeros((samples, n, made.shape[2])), np.full(n, 1e-9)
            bones[:, first : first + made.shape[1]] += weight[:, None] * made
            total[first : first + made.shape[1]] += weight
        return _motion(bones / total[:, None], start)


def open_demo(device: str = "auto") -> Session:
    """The shipped models with the held-out stories of their simulated study.

    The stories are made on first use, in about a second each, and kept in the user's cache folder.
    """
    from ..demo import WEIGHTS
    from ..demo.cache import DemoStudy

    manifest = open_run(WEIGHTS)
    return Session(WEIGHTS, manifest, DemoStudy.open(), resolve_device(device))


def _generator(seed: int, stream: int):
    import torch

    return torch.Generator().manual_seed(int(np.random.default_rng([seed, stream]).integers(2**62)))


def _motion(bones: np.ndarray, start: float) -> Motion:
    samples = from_bones(bones)
    return Motion(samples[0], fps=15.0, start=start, samples=samples)


def _fade(n: int, at_start: bool, at_end: bool) -> np.ndarray:
    weight = np.ones(n)
    ramp = np.linspace(0.02, 1.0, min(n, int(FADE * 15)))
    if at_start:
        weight[: len(ramp)] *= ramp
    if at_end:
        weight[n - len(ramp) :] *= ramp[::-1]
    return weight


def _span(report, low: float, high: float, message: str):
    return lambda fraction, _: report(low + (high - low) * fraction, message)
