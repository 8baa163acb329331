"""Where a story lies in a scan, by its BIDS `_events.tsv`: what to add to the times of its words, and which volumes.

The times of an alignment count from the start of the audio FILE. A file may hold more than the story: in
Narratives, music comes first, and one file holds two stories. The file starts at the earliest event that
names it as `stim_file`, and that onset is added, whichever event the words are from.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import UserError, one_line
from .rows import WordsReport
from .source import WordsFile

STORY = frozenset({"story", "audio", "stimulus", "speech", "listen"})  # trial types that are the story
# Trial types that are no story, though they may lie on the file of one.
NO_STORY = frozenset(
    "music silence rest fixation baseline blank pause tone beep noise instruction instructions question questions "
    "response movie video".split()
)
SOUND = re.compile(r".+\.(wav|mp3|flac|ogg|oga|opus|m4a|aac|aif|aiff|wma)", re.IGNORECASE)
FILM = re.compile(r".+\.(mp4|m4v|mov|avi|mkv|webm)", re.IGNORECASE)
FEW = 9  # more events than this are parts of one story
TAIL = 10.0  # seconds for which BOLD still answers to the last words


@dataclass(frozen=True)
class Event:
    """One line of an events file.

    Parameters
    ----------
    line : its number
    onset, duration : seconds; NaN where the file gives none
    written : the onset as it is written
    names : under which it may be asked for, lower case
    stim : the stimulus file, lower case without folder; empty where there is none
    """

    line: int
    onset: float
    duration: float
    written: str
    names: frozenset[str]
    stim: str

    @property
    def is_called_story(self) -> bool:
        """Whether one of the names says that a story begins."""
        return bool(self.names & STORY)

    @property
    def may_be_story(self) -> bool:
        """Whether no name says that this is something else than a story."""
        return self.is_called_story or not self.names & NO_STORY


@dataclass(frozen=True)
class Window:
    """A stretch of the scan, seconds: start <= t < stop."""

    start: float
    stop: float


@dataclass(frozen=True)
class StoryPlace:
    """Where a story lies in the scan.

    Parameters
    ----------
    onset : seconds to add to times that count from the start of the audio file
    note : what was added and why, one line
    words : where its words lie in the scan; None where the file holds no other story
    volumes : where its volumes lie in the scan; None where the scan holds no other story
    """

    onset: float
    note: str
    words: Window | None = None
    volumes: Window | None = None


def place_story(events, stim: str | None = None) -> StoryPlace:
    """Find a story in a scan.

    Parameters
    ----------
    events : path of a BIDS `_events.tsv` with `onset`
    stim : name of the story, compared with `stim_file` (with and without folder and ending), `trial_type` and
        `story`; of several events of one name, `NAME#2` is the second; None takes the events of a story-like
        trial type, or the only event or stimulus file

    Raises
    ------
    UserError
        When no event fits, or events of several stimulus files; the message lists what there is.
    """
    path = Path(events)
    found = _read(path)
    chosen = _chosen(path, found, stim)
    file = [e for e in found if e.stim and e.stim == chosen[0].stim] or chosen
    for event in file:
        if math.isnan(event.onset):
            got = one_line(repr(event.written), 40)
            raise UserError(f"{path}, line {event.line}: onset must be seconds; got {got}")
    onset, begun = file[0].onset, chosen[0].onset
    where = f"onset of the story in {path.name}"
    if begun > onset:
        where = f"{one_line(file[0].stim, 60)} starts at {onset:g} s in {path.name}, its story at {begun:g} s"
    note = f"{onset:g} s added to the words ({where})"
    stories = [e for e in chosen if e.is_called_story]
    if 1 < len(stories) <= FEW:
        note += f"; its {len(stories)} stories are taken together, `stim` = NAME#2 takes the second of a name alone"
    rivals = [e for e in found if e not in chosen and (e.is_called_story or (e in file and e.may_be_story))]
    if not rivals:
        return StoryPlace(onset, note)
    volumes = Window(begun, _stop(chosen, found))
    stretch = f"{begun:g} to {volumes.stop:g} s" if math.isfinite(volumes.stop) else f"{begun:g} s on"
    note += f"; the scan holds other stories, so its volumes from {stretch} are taken"
    return StoryPlace(onset, note, _words_window(chosen, [e for e in rivals if e in file]), volumes)


def heard_in_scan(report: WordsReport, path: Path, events, stim: str | None) -> WordsReport:
    """Words of an audio file on the clock of the scan, without those of other stories on the file.

    Parameters
    ----------
    report : what the file of words holds, times from the start of the audio file
    path : the file of words, for messages
    events, stim : see `place_story`
    """
    place = place_story(events, stim)
    words, notes = report.words.shift(place.onset), [*report.notes, f"{path}: {place.note}"]
    problems = list(report.problems)
    if place.words is not None and len(words):
        kept = words.slice(place.words.start, place.words.stop)
        left = len(words) - len(kept)
        if not len(kept):
            problems.append(
                f"{path}: no word lies in the story from {place.words.start:g} s on; if its audio was played again "
                "from the start, leave `events` out and count first_volume_at from that onset"
            )
        elif left:
            notes.append(f"{path}: {left} of {len(words)} words belong to other stories on the file and are left out")
        words = kept
    return replace(report, words=words, problems=tuple(problems), notes=tuple(notes))


def _read(path: Path) -> list[Event]:
    """All events; those without a readable onset come first, the others in the order of time."""
    table = WordsFile(path).table
    if "onset" not in table.header:
        raise UserError(f"{path}, line 1: an events file must have the column onset")
    lines = [(number, dict(zip(table.header, fields, strict=True))) for number, fields in table.lines]
    column = _file_column(table.header, [fields for _, fields in lines])
    events = [_event(number, fields, column) for number, fields in lines]
    if not events:
        raise UserError(f"{path}: holds no event")
    return sorted(events, key=lambda e: -math.inf if math.isnan(e.onset) else e.onset)


def _file_column(header: tuple[str, ...], lines: list[dict[str, str]]) -> str:
    """The column of stimulus files: stim_file of BIDS where it names any; else the first of sounds, else of films."""
    if any(fields.get("stim_file", "").strip().lower() not in ("", "n/a") for fields in lines):
        return "stim_file"
    named = (c for kind in (SOUND, FILM) for c in header if any(kind.fullmatch(fields[c].strip()) for fields in lines))
    return next(named, "")


def _event(number: int, fields: dict[str, str], file_column: str) -> Event:
    names: set[str] = set()
    for column in (file_column, "trial_type", "story"):
        value = fields.get(column, "").strip().lower()
        if value not in ("", "n/a"):
            names |= {value, _file(value), _file(value).split(".")[0]}
    stim = fields.get(file_column, "").strip().lower()
    return Event(
        number,
        _seconds(fields["onset"]),
        _seconds(fields.get("duration", "n/a")),
        fields["onset"],
        frozenset(names),
        "" if stim == "n/a" else _file(stim),
    )


def _file(value: str) -> str:
    """The name of a file without its folder."""
    return value.replace("\\", "/").rsplit("/", 1)[-1]


def _seconds(text: str) -> float:
    """A number of seconds; NaN where it is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _chosen(path: Path, events: list[Event], stim: str | None) -> list[Event]:
    """The events that are the story: all on one file, or a single one without a file."""
    if stim is not None:
        found = _called(events, stim.strip().lower())
    else:
        alone = len({e.stim for e in events}) == 1 and (events[0].stim or len(events) == 1)
        found = [e for e in events if e.is_called_story] or (events if alone else [])
    if found and (len(found) == 1 or (found[0].stim and len({e.stim for e in found}) == 1)):
        return found
    wanted = "a story" if stim is None else repr(stim)
    count = "several events are" if found else "no event is"
    raise UserError(
        f"{path}: {count} {one_line(wanted, 60)}; name one event with `stim`; the file names: {_names(events)} "
        "(NAME#2 is the second of a name)"
    )


def _called(events: list[Event], name: str) -> list[Event]:
    found = [e for e in events if name in e.names]
    base, _, number = name.rpartition("#")
    if not found and number.isdecimal():
        found = [e for e in events if base in e.names][int(number[:6]) - 1 :][:1] if int(number[:6]) else []
    return found


def _names(events: list[Event]) -> str:
    return one_line(", ".join(sorted(set().union(*(e.names for e in events)))) or "none")


def _stop(chosen: list[Event], events: list[Event]) -> float:
    """When the volumes of a story end: some seconds after its last word, or when something else begins."""
    last = max(chosen, key=lambda e: e.onset)
    following = min((e.onset for e in events if e not in chosen and e.onset > last.onset), default=math.inf)
    end = last.onset + last.duration
    return following if math.isnan(end) else min(end + TAIL, max(following, end))


def _words_window(chosen: list[Event], rivals: list[Event]) -> Window | None:
    """From the beginning of a story to that of the next on the same file; None without another one there."""
    if not rivals:
        return None
    begun, last = min(e.onset for e in chosen), max(e.onset for e in chosen)
    start = begun if any(e.onset < begun for e in rivals) else -math.inf
    return Window(start, min((e.onset for e in rivals if e.onset > last), default=math.inf))
