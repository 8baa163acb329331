"""Write a study of the varied family as a user brings one: BOLD files, tables of words, BVH, and a study file."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ...data.atomic import write_bytes, write_json, write_npz, write_text
from ...data.motion.npz import write_motion
from ...data.words.files import write_words_tsv
from ...storage.folder import NewFolder
from ...work import QUIET, Work
from .laws import Place
from .rigs import rig_text
from .world import Sizes, VariedWorld

VOXEL = 3.0  # mm


def simulate_varied(
    out, world: int = 0, null: bool = False, sizes: Sizes | None = None, force: bool = False, work: Work = QUIET
) -> Path:
    """Write a study whose laws are drawn from the number of its world; see docs/simulated-studies.md.

    Parameters
    ----------
    out : folder to make
    world : the same number gives the same bytes; 0, 1, 2, 3 ... have in turn a table of areas, a surface, voxels
    null : plant nothing in any brain
    sizes : stories, minutes and listeners
    force : replace a finished study of this name
    work : told after each file how far the writing is

    Returns
    -------
    Path of ``study.toml``. ``truth/`` holds the gestures of held-out stories, the laws, and where something is planted.

    Raises
    ------
    UserError
        When `out` holds something already that may not be replaced, or a size is out of range.
    Cancelled
        When the work shall stop; nothing is left under `out`.
    """
    chosen = VariedWorld(world, null, sizes or Sizes())
    with NewFolder(out, force) as folder:
        _write(chosen, folder.path, work)
    return Path(out) / "study.toml"


def _write(world: VariedWorld, root: Path, work: Work) -> None:
    sizes = world.sizes
    stories, held_out = (*sizes.train, *sizes.validation, *sizes.test), (*sizes.validation, *sizes.test)
    total = len(stories) * (1 + sizes.subjects) + len(sizes.clips) + len(held_out)
    steps = iter(range(1, total + 1))

    def step(message: str) -> None:
        work.report(next(steps) / total, message)

    for story in stories:
        write_words_tsv(root / "words" / f"{story}.tsv", world.script(story).words)
        step(f"words of {story}")
        for subject in sizes.names_of_subjects:
            write_bold(world, subject, story, root)
            step(f"BOLD of {subject}, {story}")
    for clip in sizes.clips:
        performance = world.performance(clip, world.speaker(clip))
        write_text(root / "gesture" / f"{clip}.bvh", rig_text(world.laws.gesture, performance))
        write_words_tsv(root / "gesture" / f"{clip}.tsv", world.script(clip).words)
        step(f"gesture of {clip}")
    for story in held_out:
        for rendition, ending in enumerate(("npz", "rerendition.npz")):
            write_motion(root / "truth" / f"{story}.{ending}", world.truth(story, rendition))
        step(f"held-out gesture of {story}")
    write_truth(world, root)
    write_text(root / "study.toml", "\n".join(study_lines(world)))


def bold_file(world: VariedWorld, subject: str, story: str) -> str:
    """The file of a recording as the study file names it; of a surface the left hemisphere."""
    name = {Place.TABLE: f"{story}.tsv", Place.SURFACE: f"lh.{story}.mgh", Place.VOXELS: f"{story}.nii"}
    return f"bold/{subject}/{name[world.laws.brain.place]}"


def write_bold(world: VariedWorld, subject: str, story: str, root: Path) -> None:
    """Write a recording: a table with names, a pair of FreeSurfer overlays, or a volume and its mask."""
    bold, path = world.bold(subject, story), root / bold_file(world, subject, story)
    if world.laws.brain.place is Place.TABLE:
        rows = ["\t".join(names_of_areas(world)), *("\t".join(f"{x:.3f}" for x in row) for row in bold.tolist())]
        write_text(path, "\n".join(rows) + "\n")
    elif world.laws.brain.place is Place.SURFACE:
        import nibabel

        for side, part in zip("lr", np.split(_stored(bold), 2, axis=1), strict=True):
            image = nibabel.MGHImage(part.T[:, None, None, :], np.eye(4))
            image.header.set_zooms((1.0, 1.0, 1.0, 1000 * world.laws.brain.tr))
            write_bytes(path.with_name(f"{side}h.{story}.mgh"), image.to_bytes())
    else:
        _write_volume(world, subject, path, _stored(bold))


def _write_volume(world: VariedWorld, subject: str, path: Path, bold: np.ndarray) -> None:
    import nibabel

    mask = world.listener(subject).body.mask
    assert mask is not None, "voxels have a mask"
    affine = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
    affine[:3, 3] = -VOXEL * (world.laws.brain.side - 1) / 2
    volume = np.zeros((*mask.shape, len(bold)), np.int16)
    volume[mask] = bold.T
    image = nibabel.Nifti1Image(volume, affine)
    image.header.set_zooms((VOXEL, VOXEL, VOXEL, world.laws.brain.tr))
    image.header.set_xyzt_units("mm", "sec")
    write_bytes(path, image.to_bytes())
    inside = nibabel.Nifti1Image(mask.astype(np.uint8), affine)
    write_bytes(path.with_name("mask.nii.gz"), gzip.compress(inside.to_bytes(), mtime=0))


def _stored(bold: np.ndarray) -> np.ndarray:
    return np.round(bold).astype(np.int16)


def names_of_areas(world: VariedWorld) -> tuple[str, ...]:
    """Names of the columns of a table."""
    return tuple(f"area-{k + 1:03d}" for k in range(world.laws.brain.areas))


def write_truth(world: VariedWorld, root: Path) -> None:
    """Write what is true: the laws, and for each listener where something is planted and how it responds."""
    for subject in world.sizes.names_of_subjects:
        listener = world.listener(subject)
        arrays = {
            "area": listener.body.area.astype(np.int32),
            "carries": listener.body.carries & (not world.null),
            "peak": listener.peak,
            "width": listener.width,
        }
        write_npz(root / "truth" / f"brain-{subject}.npz", **arrays)
    about = {"family": "varied", "number": world.number, "null": world.null, **asdict(world.sizes)}
    write_json(root / "truth" / "planted.json", {"world": about, "laws": asdict(world.laws)})


def study_lines(world: VariedWorld) -> list[str]:
    """The lines of the study file."""
    sizes, tr = world.sizes, world.laws.brain.tr
    lines = [f'name = "varied-{world.number}"', "simulated = true", ""]
    for subject in sizes.names_of_subjects:
        for story in (*sizes.train, *sizes.validation, *sizes.test):
            lines += ["[[recording]]", f'subject = "{subject}"', f'story = "{story}"']
            lines += [f'bold = "{bold_file(world, subject, story)}"', f"tr = {tr}"]
            lines += [f"first_volume_at = {world.first_volume_at:.3f}", f'words = "words/{story}.tsv"']
            if world.laws.brain.place is Place.VOXELS:
                lines += [f'mask = "bold/{subject}/mask.nii.gz"']
            lines += [""]
    for clip in sizes.clips:
        lines += ["[[gesture]]", f'clip = "{clip}"', f'motion = "gesture/{clip}.bvh"']
        lines += [f'words = "gesture/{clip}.tsv"', f'speaker = "{world.speaker(clip) + 1}"', ""]
    quoted = [", ".join(f'"{s}"' for s in names) for names in (sizes.test, sizes.validation)]
    return [*lines, "[split]", f"test_stories = [{quoted[0]}]", f"validation_stories = [{quoted[1]}]", ""]
