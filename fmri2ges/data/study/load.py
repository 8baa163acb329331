"""Open a study: its file, the words that it names, and the rule that protects every later number.

A story, and its text, is in training or held out, for all subjects and for both kinds of source.
Every problem is reported at once.
"""

from __future__ import annotations

from ...brain.hrf import RESPONSE_SECONDS
from ...errors import StudyError, UserError
from .file import parse_study
from .model import Split, Study, sources

N_GRAM = 8  # words
MAX_SHARED = 0.02  # share of the shorter text's n-grams that two separate texts may have in common
ONE_TR = 0.01  # share by which TRs of one subject may differ: it moves a delay of 10 s by a tenth of a second


def load_study(path) -> Study:
    """Read and validate a study file and the words that it names.

    Raises
    ------
    StudyError
        With every problem found, one line each.
    """
    study, problems = parse_study(path)
    if study is not None:
        problems += [*word_problems(study), *shared_text(study)]
    if study is None or problems:
        raise StudyError(problems)
    return study


def word_problems(study: Study) -> list[str]:
    """Every problem of the words files, one line each."""
    problems: dict[tuple, list[str]] = {}
    for label, _, source in sources(study):
        if source.words_key in problems:
            continue
        try:
            report = study.words_report(source)
        except UserError as error:
            problems[source.words_key] = [str(error)]
            continue
        found = list(report.problems)
        if not found and not len(report.words):
            found = [f"{source.words}: holds no words (pauses and marks are not counted); {label} needs them"]
        problems[source.words_key] = found
    # One file under several keys (tiers, onsets) has the same problems under each.
    return list(dict.fromkeys(line for lines in problems.values() for line in lines))


def word_notes(study: Study) -> list[str]:
    """What was dropped from words files or is unusual in them, one line each."""
    notes: dict[str, None] = {}
    for _, _, source in sources(study):
        try:
            notes.update(dict.fromkeys(study.words_report(source).notes))
        except UserError:
            continue  # reported by word_problems
    return list(notes)


def assumed_timing(study: Study) -> list[str]:
    """One line per timing that the study file does not state and a reader supplied."""
    assumed: dict[str, list[str]] = {}
    for source in study.recordings:
        if source.assumed:
            assumed.setdefault(source.assumed, []).append(f"{source.subject}/{source.story}")
    return [
        f"{text} assumed for {len(names)} recordings ({names[0]}, ...)"
        if len(names) > 1
        else f"{text} assumed for recording {names[0]}"
        for text, names in assumed.items()
    ]


def tr_problems(study: Study) -> list[str]:
    """One line for each subject whose recordings differ in TR: its readout has one set of delays, in volumes."""
    problems = []
    for subject in study.subjects:
        first, *others = (r for r in study.recordings if r.subject == subject)
        odd = [r for r in others if abs(r.tr - first.tr) > ONE_TR * first.tr]
        if odd:
            more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
            problems.append(
                f"{study.path.name}: subject {subject}: {odd[0].story}{more} has TR {odd[0].tr:g} s, but {first.story} "
                f"has {first.tr:g} s; one decoder needs one TR: correct tr, resample the BOLD, or give the stories of "
                "another TR a subject of their own"
            )
    return problems


def training_problems(study: Study) -> list[str]:
    """Why a study could not be trained, as far as its file tells; `train` refuses for the same reasons.

    A simulated study may hold nothing but what was held out (the demo's does), and a study of clips alone
    may still be looked at.
    """
    if study.split.within_story_folds or not study.recordings or not study.split.test_stories:
        return []
    where = f"{study.path.name}: split"
    if not study.train_stories:
        line = f"{where}: no story is left for training; take some out of test_stories or validation_stories"
        return [] if study.simulated else [line]
    trained = {r.subject for r in study.recordings if r.story in study.train_stories}
    return [
        f"{where}: subject {subject} has no training story (all of its are held out); add one or remove the subject"
        for subject in study.subjects
        if subject not in trained
    ]


def gap_notes(study: Study) -> list[str]:
    """One line where the gap beside a test block is shorter than the BOLD that a word is decoded from."""
    split = study.split
    if not split.within_story_folds or split.gap >= RESPONSE_SECONDS:
        return []
    return [
        f"{study.path.name}: split: gap = {split.gap:g} s is shorter than the {RESPONSE_SECONDS:g} s of BOLD from "
        "which a word is decoded: the last words of a test block are read from volumes that trained; write gap = "
        f"{Split().gap:g}"
    ]


def shared_text(study: Study) -> list[str]:
    """One line per text that stands on two sides of the split.

    Two texts count as the same when more than 2 % of the 8-word sequences of the shorter one also
    stand in the other: a story under another name, an excerpt or a new edition is found, a
    saying used twice is not.
    """
    side_of = dict.fromkeys(study.split.test_stories, "test")
    side_of.update(dict.fromkeys(study.split.validation_stories, "validation"))
    if study.split.within_story_folds:  # then every part of the story is a test block once
        side_of = dict.fromkeys(study.stories, "test")
    texts: dict[tuple, tuple[str, str, frozenset]] = {}
    for label, story, source in sources(study):
        key = (source.words, source.tier, story)
        if key in texts:
            continue
        try:
            words = study.read_words(source).text
        except UserError:
            continue  # reported by word_problems
        texts[key] = (label, side_of.get(story, "train"), _n_grams(words))
    problems = []
    held_out = [t for t in texts.values() if t[1] != "train"]
    for i, (label, side, grams) in enumerate(held_out):
        others = [t for t in texts.values() if t[1] == "train"] + held_out[i + 1 :]
        for other_label, other_side, other in others:
            if other_side == side or not grams or not other:
                continue
            share = len(grams & other) / min(len(grams), len(other))
            if share > MAX_SHARED:
                problems.append(
                    f"{study.path.name}: split: {100 * share:.0f} % of the {N_GRAM}-word sequences of {label} ({side}) "
                    f"also stand in {other_label} ({other_side}); put both on the same side or remove one"
                )
    return problems


def _n_grams(words: tuple[str, ...]) -> frozenset:
    n = min(N_GRAM, len(words))
    return frozenset(words[i : i + n] for i in range(len(words) - n + 1)) if n else frozenset()
