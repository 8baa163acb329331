"""A simulated study of a few stories, and settings that train every part of a run in seconds."""

from __future__ import annotations

from pathlib import Path

from fmri2ges.demo.study import write_bold, write_clip, write_study_file, write_truth, write_words
from fmri2ges.demo.world import CLIPS, TEST, TRAIN, World
from fmri2ges.training.presets import TrainConfig

TINY = TrainConfig(
    t2g_steps=6, f2g_steps=4, renditions=1, roi_choices=1, penalties=(3000.0, 10_000.0), lm="bigram", f2g_guidance=1.5
)


def write_small(world: World, root: Path, n_train: int = 3) -> Path:
    """Write a study of `n_train` training stories, one test story and four clips; its study file."""
    train, test, clips = TRAIN[:n_train], TEST[:1], CLIPS[:4]
    for story in (*train, *test):
        write_words(world, story, root)
        for subject in world.subject_names:
            write_bold(world, subject, story, root)
    for clip in clips:
        write_clip(world, clip, root)
    write_truth(world, test[0], root)
    write_study_file(world, root, test=test, train=train, validation=(), clips=clips)
    return root / "study.toml"
