"""Word rate in the report: of each listener, and of several listeners who heard the same story."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..decoding.stories import DecodedStory
from ..evaluation.measure import Measure, pool, row
from ..evaluation.nulls import N_NULL
from ..evaluation.rows import Row, Setting
from ..evaluation.wordrate import listeners_rate, word_rate
from ..text.timing import unit_rate

LEAST = 2  # listeners of a mean


def rate_measures(story: DecodedStory) -> list[Measure]:
    """Word rate of one listener over the volumes whose whole TR lies inside the decoded stretch."""
    assert story.source is not None and story.heard is not None, "the words come from the study's recording"
    first, last = _volumes(story)
    rate = _rate(story)
    if rate is not None:
        last = min(last, len(rate) - 1)
        rate = rate[first : last + 1]
    times = story.source.first_volume_at + story.source.tr * np.arange(first, last + 1)
    note = str(story.decoded.manifest.get("rate_note") or "")
    return word_rate(story.heard, story.decoded.words, times, story.source.tr, rate, note)


def listeners_rows(stories: list[DecodedStory], rng: np.random.Generator, notes: list[str]) -> list[Row]:
    """Rows of all listeners of a story together, where several were decoded from the same ROIs.

    Parameters
    ----------
    stories : decoded stories, each of a listener once
    rng : random generator of the intervals
    notes : told where listeners heard other words or were scanned at other times, so that there is no such row
    """
    groups: dict[tuple, list[DecodedStory]] = {}
    for story in stories:
        if story.heard is not None and story.source is not None and story.decoded.rate is not None:
            key = story.story, story.setting.rois, story.setting.samples, str(story.decoded.manifest.get("study"))
            groups.setdefault(key, []).append(story)
    measured: dict[Setting, list[tuple[str, list[Measure]]]] = {}
    for group in groups.values():
        if len(group) < LEAST:
            continue
        if not _heard_the_same(group):
            notes.append(f"{group[0].story}: listeners differ in words or times of volumes, so there is no row of all")
            continue
        together = Setting(f"{len(group)} listeners", group[0].setting.rois, group[0].setting.samples)
        measured.setdefault(together, []).append((group[0].story, _together(group)))
    rows: list[Row] = []
    for setting, several in measured.items():
        found = [row(m, rng, story) for story, measures in several for m in measures]
        if len(several) > 1 and all(measures for _, measures in several):
            found += [pool([measures[k] for _, measures in several], rng, N_NULL) for k in range(len(several[0][1]))]
        rows += [replace(line, setting=setting) for line in found]
    return rows


def rate_notes(stories: list[DecodedStory]) -> list[str]:
    """How the word rate of each listener was decoded and is scored, as sentences for the report."""
    told: dict[str, list[str]] = {}
    for story in stories:
        if story.heard is not None and (note := str(story.decoded.manifest.get("rate_note") or "")):
            told.setdefault(note, []).append(story.subject)
    who = {note: "" if len(told) == 1 else f" of {', '.join(dict.fromkeys(names))}" for note, names in told.items()}
    lines = [f"word rate{who[note]}: {note}" for note in told]
    if any(story.study is not None and story.study.split.within_story_folds for story in stories):
        lines.append(
            "every fold of a story has models of its own: r of gestures takes each at its own mean, r of word rates "
            "each at mean 0 and variance 1"
        )
    return lines


def _together(group: list[DecodedStory]) -> list[Measure]:
    """The measures of several listeners of one story, over the volumes that all of them were decoded in."""
    source, heard = group[0].source, group[0].heard
    assert source is not None and heard is not None, "only stories with words come here"
    spans = [_volumes(story) for story in group]
    rates = [_rate(story) for story in group]
    known = [rate for rate in rates if rate is not None]
    first, stop = max(low for low, _ in spans), min(high for _, high in spans) + 1
    stop = min(stop, *map(len, known))
    times = source.first_volume_at + source.tr * np.arange(first, stop)
    return listeners_rate(heard, times, source.tr, np.stack([rate[first:stop] for rate in known]))


def _heard_the_same(group: list[DecodedStory]) -> bool:
    """Whether listeners heard the same words and have volumes at the same times."""

    def what(story: DecodedStory) -> tuple:
        assert story.source is not None and story.heard is not None, "only stories with words come here"
        return story.source.tr, story.source.first_volume_at, story.heard.text, tuple(story.heard.start)

    return all(what(story) == what(group[0]) for story in group)


def _rate(story: DecodedStory) -> np.ndarray | None:
    """Decoded words per volume of the whole recording, each fold at mean 0 and variance 1, array (n_volumes,)."""
    rate, study, source = story.decoded.rate, story.study, story.source
    if rate is None or study is None or source is None:
        return None
    parts = [rate[:, 1]]
    if story.joins:
        parts = np.split(rate[:, 1], np.searchsorted(rate[:, 0], story.joins))
    elif study.split.within_story_folds:  # results of earlier versions
        parts = np.array_split(rate[:, 1], study.split.within_story_folds)
    return np.concatenate([unit_rate(part) for part in parts if len(part)])


def _volumes(story: DecodedStory) -> tuple[int, int]:
    """First and last volume whose whole TR lies inside the decoded stretch."""
    assert story.source is not None, "a decoded story with words has its recording"
    (start, stop), tr, origin = story.span, story.source.tr, story.source.first_volume_at
    first = max(0, int(np.ceil((start + tr / 2 - origin) / tr - 1e-6)))
    return first, int(np.floor((stop - tr / 2 - origin) / tr + 1e-6))
