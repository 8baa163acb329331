"""Words of an ELAN annotation file (.eaf): XML with tiers of annotations, times in milliseconds.

An annotation has times of its own (ALIGNABLE_ANNOTATION, two references to time slots) or belongs to one of
another tier (REF_ANNOTATION), whose times it has where it is the only one there. ELAN draws annotations
without times evenly between their neighbours; here they are dropped and counted, as those of gentle are.
The elements are described in the ELAN Annotation Format, version 3.0, of the Max Planck Institute for
Psycholinguistics.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from ...errors import UserError, one_line
from .rows import Row, WordsReport, clean_word
from .source import Reader, WordsFile
from .tiers import Tier, report_tiers

DEEPEST = 20  # tiers below each other; more is a circle


class Span(NamedTuple):
    """Seconds of an annotation."""

    start: float
    end: float


def report_elan(file: WordsFile) -> WordsReport:
    """Words of one tier, times in seconds from where ELAN starts the recording.

    Raises
    ------
    UserError
        For a damaged file, another unit of time, and where the tier of the words is unclear or has no times.
    """
    root = _root(file)
    spans = _spans(root)
    tiers = [_tier(number, element, spans) for number, element in enumerate(root.iter("TIER"), start=1)]
    return report_tiers(file.path, tiers, file.tier, _origin_notes(file.path, root))


def _root(file: WordsFile) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(file.data)
    except DefusedXmlException as error:
        raise UserError(f"{file.path}: defines XML entities, which ELAN never does; save it again in ELAN") from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise UserError(f"{file.path}: is not readable XML ({one_line(error)}); copy it again") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise UserError(f"{file.path}: is not an ELAN file: its root is <{one_line(root.tag, 40)}>")
    units = next((header.get("TIME_UNITS", "milliseconds") for header in root.iter("HEADER")), "milliseconds")
    if units != "milliseconds":
        got = one_line(units, 40)
        raise UserError(f"{file.path}: counts time in {got}; save it in a newer ELAN, which counts milliseconds")
    return root


def _spans(root: Element) -> dict[str | None, Span]:
    """Times of every annotation that has some, by its identity."""
    slots = {slot.get("TIME_SLOT_ID"): _seconds(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    spans: dict[str | None, Span] = {}
    parents: dict[str | None, str | None] = {}
    for tier in root.iter("TIER"):
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            start, end = (slots.get(annotation.get(key)) for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
            if start is not None and end is not None:
                spans[annotation.get("ANNOTATION_ID")] = Span(start, end)
        owners = Counter(annotation.get("ANNOTATION_REF") for annotation in tier.iter("REF_ANNOTATION"))
        for annotation in tier.iter("REF_ANNOTATION"):
            owner = annotation.get("ANNOTATION_REF")
            if owners[owner] == 1:  # several share the time of their owner, and nobody knows how
                parents[annotation.get("ANNOTATION_ID")] = owner
    for identity in parents:
        owner = identity
        for _ in range(DEEPEST):
            owner = parents.get(owner)
            if owner in spans:
                spans[identity] = spans[owner]
                break
    return spans


def _seconds(milliseconds: str | None) -> float | None:
    """Seconds of a time slot; None where it has no time."""
    try:
        value = float(milliseconds or "") / 1000
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _tier(number: int, element: Element, spans: dict[str | None, Span]) -> Tier:
    name = element.get("TIER_ID") or f"tier {number}"
    rows, without = [], 0
    for k, annotation in enumerate(element.iter("ANNOTATION"), start=1):
        for inner in annotation:
            label = (inner.findtext("ANNOTATION_VALUE") or "").strip()
            span = spans.get(inner.get("ANNOTATION_ID"))
            if span is not None:
                place = f"tier {one_line(repr(name), 40)}, annotation {k}"
                rows.append(Row(place, label, span.start, span.end - span.start))
            elif clean_word(label) is not None:
                without += 1
    # Annotations stand in the order in which they were made.
    return Tier(name, tuple(sorted(rows, key=lambda row: row.start)), without)


def _origin_notes(path: Path, root: Element) -> list[str]:
    """A recording that ELAN does not play from its beginning."""
    notes = []
    for media in root.iter("MEDIA_DESCRIPTOR"):
        origin = _seconds(media.get("TIME_ORIGIN"))
        if origin:
            name = (media.get("RELATIVE_MEDIA_URL") or media.get("MEDIA_URL") or "").replace("\\", "/").rsplit("/", 1)
            notes.append(
                f"{path}: ELAN shows {one_line(repr(name[-1]), 60)} with an offset of {origin:g} s (TIME_ORIGIN); "
                "check that the words count from the start of the audio that was heard"
            )
    return notes


ELAN = Reader("an ELAN file", ".eaf", lambda file: True, report_elan)
