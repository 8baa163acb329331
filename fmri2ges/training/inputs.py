"""What training takes from a study: gesture clips, parcel features of the BOLD, and the names of the files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..brain.parcels import ParcelBasis
from ..data.study.model import RecordingSource, Study
from ..errors import UserError
from ..motion.features import resample, to_bones
from ..provenance import digest_file, git_commit, versions
from ..storage import models as store
from ..types import Recording
from ..work import QUIET, Work
from .corpus import GestureStory
from .presets import TrainConfig


def input_files(study: Study) -> list[Path]:
    """Files that the models were trained on, without the BOLD itself (too large to digest each time)."""
    files = [
        study.path,
        *(r.words for r in study.recordings),
        *(mask for r in study.recordings for mask in r.mask),
        *(file for r in study.recordings if r.pycortex for file in r.pycortex.files()),
        *(r.confounds.file for r in study.recordings if r.confounds),
        *(g.words for g in study.gestures),
        *(g.motion for g in study.gestures),
    ]
    return list(dict.fromkeys(files))


def by_name(study: Study, files: Iterable[Path]) -> dict[str, Path]:
    """Files by the names that manifests give them: relative to the study's folder where they lie in it."""
    return {str(p.relative_to(study.root)) if p.is_relative_to(study.root) else p.name: p for p in files}


def made_for(study: Study, config: TrainConfig, device: str, seed: int) -> dict[str, Any]:
    """All that decides the weights of a training, see `storage.checkpoint.Checkpoint`.

    BOLD is told by the size of its files and when they were changed, the rest of the study by its digests.
    """
    digested = by_name(study, input_files(study))
    others = by_name(study, (file for r in study.recordings for file in r.files))
    files = {name: _told(path, name in digested) for name, path in {**others, **digested}.items()}
    return {
        "seed": seed,
        "device": device,
        "config": asdict(config),
        "versions": versions() | {"commit": git_commit() or ""},
        "files": files,
    }


def _told(path: Path, digested: bool) -> str:
    try:
        found = path.stat()
        return digest_file(path) if digested else f"{found.st_size} bytes, {found.st_mtime_ns}"
    except OSError:  # whoever reads the file says what is wrong with it
        return "not there"


def regressed_out(study: Study) -> dict[str, list[str]]:
    """Names of the confounds that are regressed out of each recording, by subject/story; empty where none are."""
    return {f"{r.subject}/{r.story}": list(r.confounds.read()[0]) for r in study.recordings if r.confounds}


def read_clips(study: Study, work: Work = QUIET) -> list[GestureStory]:
    """The gesture clips of the training speakers, at 15 fps; speakers are numbered by name."""
    names = sorted({g.speaker for g in study.train_gestures})
    clips = []
    for k, source in enumerate(study.train_gestures):
        clip = study.read_clip(source)
        motion = resample(clip.motion, 15.0)
        clips.append(
            GestureStory(clip.clip, names.index(clip.speaker), to_bones(motion.positions), motion.start, clip.words)
        )
        work.report((k + 1) / len(study.train_gestures), "reading gesture clips")
    return clips


def read_brains(study: Study, n_components: int, work: Work = QUIET) -> tuple[dict[str, ParcelBasis], list[Recording]]:
    """Parcel basis of each subject, and the training recordings with BOLD replaced by features.

    Parameters
    ----------
    n_components : principal components per area
    work : told after each subject how far the reading is

    Raises
    ------
    UserError
        When a subject has no training story, or subjects differ in their space or ROI columns.
    """
    bases: dict[str, ParcelBasis] = {}
    out: list[Recording] = []
    for k, subject in enumerate(study.subjects):
        brain = read_brain(study, training_sources(study, subject), n_components)
        bases[subject] = brain.basis
        out += brain.stories
        work.report((k + 1) / len(study.subjects), f"parcel features of {subject}")
    check_spaces(study, out)
    return bases, out


@dataclass(frozen=True)
class Brain:
    """One subject: the parcel basis, and the training recordings with BOLD replaced by features."""

    basis: ParcelBasis
    stories: list[Recording]


def read_brain(study: Study, sources: list[RecordingSource], n_components: int) -> Brain:
    """Basis and features of one subject.

    Parameters
    ----------
    sources : its training recordings
    n_components : principal components per area
    """
    basis = fit_basis(study, sources, n_components)
    stories = []
    for source in sources:
        r = study.read_recording(source)
        # Quantised as they will be stored, so that a stored run decodes exactly as trained.
        stories.append(replace(r, bold=store.dequantise(store.quantise(basis.transform(r.bold)))))
    return Brain(basis, stories)


def training_sources(study: Study, subject: str) -> list[RecordingSource]:
    """The recordings of a subject that train; a `UserError` where there is none."""
    wanted = study.stories if study.split.within_story_folds else study.train_stories
    if not wanted:
        raise UserError(
            f"{study.path}: split: no story is left for training; take some out of test_stories or validation_stories"
        )
    sources = [r for r in study.recordings if r.story in wanted and r.subject == subject]
    if not sources:
        raise UserError(f"{study.path}: subject {subject} has no training story; add one or remove the subject")
    return sources


def check_spaces(study: Study, stories: list[Recording]) -> None:
    """See that the recordings of all subjects fit together; a `UserError` where they do not."""
    if not all(stories[0].space.fits_with(r.space) for r in stories):
        raise UserError(f"{study.path}: subjects differ in their space or ROI columns; train them as separate studies")


def fit_basis(study: Study, sources: list[RecordingSource], n_components: int) -> ParcelBasis:
    """Parcel components of one subject. One story is in memory at a time, so each is read again later."""
    first = study.read_recording(sources[0])
    space, story = first.space, first.story
    del first

    def stories():
        for source in sources:
            r = study.read_recording(source)
            if differs := space.difference(r.space):
                raise UserError(
                    f"{study.path}: {r.story} of {r.subject} has other columns than {story} ({differs}); give all "
                    "stories the same ROIs or mask, in one order"
                )
            yield r.bold

    return space.fit_basis(stories(), n_components)
