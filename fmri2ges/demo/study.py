"""Write a simulated study to disk: what `fmri2ges simulate` does."""

from __future__ import annotations

from pathlib import Path

from ..storage.folder import NewFolder
from ..work import QUIET, Work
from .bold import TR
from .world import CLIPS, FIRST_VOLUME_AT, TEST, TRAIN, VALIDATION, World


def simulate_study(
    out,
    seed: int = 0,
    subjects: int = 1,
    null: bool = False,
    planted=None,
    semantics_only: bool = False,
    signal: float = 1.0,
    work: Work = QUIET,
) -> Path:
    """Write a study with known truth; see `write_study`.

    Parameters
    ----------
    out : folder to make
    seed : the same seed gives the same bytes
    subjects, null, planted, semantics_only, signal : what is true in the study, see `World`
    work : told after each file how far the writing is
    """
    world = World(seed, subjects, null, None if planted is None else tuple(planted), semantics_only, signal)
    return write_study(world, out, work=work)


def write_study(world: World, out, force: bool = False, work: Work = QUIET) -> Path:
    """Write the study of a simulated world.

    Parameters
    ----------
    out : folder to make
    force : replace a finished study of this name
    work : told after each file how far the writing is

    Returns
    -------
    Path of ``study.toml``. ``truth/`` holds the held-out gestures and the planted map; only
    evaluation and display read it.

    Raises
    ------
    UserError
        When `out` holds something already that may not be replaced.
    Cancelled
        When the work shall stop; nothing is left under `out`.
    """
    with NewFolder(out, force) as folder:
        _write(world, folder.path, work)
    return Path(out) / "study.toml"


def _write(world: World, root: Path, work: Work) -> None:
    stories = (*TRAIN, *VALIDATION, *TEST)
    total = len(stories) * (1 + world.subjects) + len(CLIPS) + len(TEST) + len(VALIDATION)
    done = 0

    def step(message: str):
        nonlocal done
        done += 1
        work.report(done / total, message)

    for story in stories:
        write_words(world, story, root)
        step(f"words of {story}")
        for subject in world.subject_names:
            write_bold(world, subject, story, root)
            step(f"BOLD of {subject}, {story}")
    for clip in CLIPS:
        write_clip(world, clip, root)
        step(f"gesture of {clip}")
    for story in (*VALIDATION, *TEST):
        write_truth(world, story, root)
        step(f"held-out gesture of {story}")
    write_study_file(world, root)


def write_words(world: World, story: str, root: Path) -> None:
    """Write the words of a story as TSV."""
    from ..data.words.files import write_words_tsv

    write_words_tsv(root / "words" / f"{story}.tsv", world.script(story).words)


def write_bold(world: World, subject: str, story: str, root: Path) -> None:
    """Write the BOLD of a subject and a story as .npy, array (n_volumes, n_columns)."""
    import io

    import numpy as np

    from ..data.atomic import write_bytes

    buffer = io.BytesIO()
    np.save(buffer, world.bold(subject, story), allow_pickle=False)
    write_bytes(root / "bold" / subject / f"{story}.npy", buffer.getvalue())


def write_clip(world: World, clip: str, root: Path) -> None:
    """Write motion and words of a training clip of the speaker."""
    from ..data.motion.npz import write_motion
    from ..data.words.files import write_words_tsv

    script, motion, _ = world.clip(clip)
    write_motion(root / "gesture" / f"{clip}.npz", motion)
    write_words_tsv(root / "gesture" / f"{clip}.tsv", script.words)


def write_truth(world: World, story: str, root: Path) -> None:
    """Write the speaker's gesture of a story, and a second rendition of it."""
    from ..data.motion.npz import write_motion

    write_motion(root / "truth" / f"{story}.npz", world.truth(story))
    write_motion(root / "truth" / f"{story}.rerendition.npz", world.truth(story, rendition=1))


def write_study_file(world: World, root: Path, test=TEST, train=TRAIN, validation=VALIDATION, clips=CLIPS) -> None:
    """The study file and the planted map, for all stories or for the few that were written."""
    from ..data.atomic import write_json, write_text
    from .gestures import make_speakers

    speakers = make_speakers()
    lines = [f'name = "simulated-{world.seed}"', "simulated = true", ""]
    for subject in world.subject_names:
        for story in (*train, *validation, *test):
            lines += [
                "[[recording]]",
                f'subject = "{subject}"',
                f'story = "{story}"',
                f'bold = "bold/{subject}/{story}.npy"',
                f"tr = {TR}",
                f"first_volume_at = {FIRST_VOLUME_AT}",
                f'words = "words/{story}.tsv"',
                "",
            ]
    for clip in clips:
        lines += [
            "[[gesture]]",
            f'clip = "{clip}"',
            f'motion = "gesture/{clip}.npz"',
            f'words = "gesture/{clip}.tsv"',
            f'speaker = "{speakers[CLIPS.index(clip) % len(speakers)].name}"',
            "",
        ]
    quoted = [", ".join(f'"{s}"' for s in names) for names in (test, validation)]
    lines += ["[split]", f"test_stories = [{quoted[0]}]", f"validation_stories = [{quoted[1]}]", ""]
    write_json(root / "truth" / "planted.json", {"planted": world.table, "world": _describe(world)})
    write_text(root / "study.toml", "\n".join(lines))


def _describe(world: World) -> dict:
    return {
        "seed": world.seed,
        "subjects": world.subjects,
        "null": world.null,
        "planted": None if world.planted is None else list(world.planted),
        "semantics_only": world.semantics_only,
        "signal": world.signal,
    }
