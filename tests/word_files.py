"""Files of timed words as aligners and annotation programs write them, made from lists of (word, start, end)."""

from __future__ import annotations

import csv
import io
import json
from xml.sax.saxutils import escape, quoteattr

Timed = tuple[str, float, float]  # word, start and end in seconds


def timed(text: str, start: float = 0.5, step: float = 0.5, length: float = 0.25) -> list[Timed]:
    """The words of a text at regular times."""
    return [(word, start + k * step, start + k * step + length) for k, word in enumerate(text.split())]


def phones(words: list[Timed]) -> list[Timed]:
    """Two phones for each word."""
    return [
        phone for _, start, end in words for phone in (("AH0", start, (start + end) / 2), ("T", (start + end) / 2, end))
    ]


def textgrid(tiers: list[tuple[str, list[Timed]]], short: bool = False, stop: float = 1000.0) -> str:
    """A TextGrid of Praat; names may occur twice, as Praat allows."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    head = [f"0\n{stop}\n<exists>\n{len(tiers)}"]
    lines += (
        head if short else ["xmin = 0 ", f"xmax = {stop} ", "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    )
    for number, (name, words) in enumerate(tiers, start=1):
        rows, clock = [], 0.0
        for word, start, end in words:
            rows += [(clock, start, "")] if start > clock else []
            rows.append((start, end, word.replace('"', '""')))
            clock = end
        rows.append((clock, stop, ""))
        if short:
            lines += ['"IntervalTier"', f'"{name}"', "0", str(stop), str(len(rows))]
            lines += [f'{start}\n{end}\n"{word}"' for start, end, word in rows]
            continue
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {stop} ", f"        intervals: size = {len(rows)} "]
        for k, (start, end, word) in enumerate(rows, start=1):
            lines += [f"        intervals [{k}]:", f"            xmin = {start} ", f"            xmax = {end} "]
            lines += [f'            text = "{word}" ']
    return "\n".join(lines) + "\n"


def _mfa_tiers(speakers: dict[str, list[Timed]]) -> list[tuple[str, list[Timed]]]:
    several = len(speakers) > 1
    kinds = (("words", lambda words: words), ("phones", phones))
    return [
        (f"{who} - {kind}" if several else kind, of(words)) for who, words in speakers.items() for kind, of in kinds
    ]


def mfa_textgrid(speakers: dict[str, list[Timed]]) -> str:
    """What the Montreal Forced Aligner writes by default: two tiers for each speaker."""
    return textgrid(_mfa_tiers(speakers))


def mfa_json(speakers: dict[str, list[Timed]]) -> str:
    """`mfa align --output_format json`."""
    tiers = {
        name: {"type": "interval", "entries": [[start, end, word] for word, start, end in words]}
        for name, words in _mfa_tiers(speakers)
    }
    return json.dumps({"start": 0, "end": 1000.0, "tiers": tiers}, indent=4, ensure_ascii=False)


def mfa_csv(speakers: dict[str, list[Timed]]) -> str:
    """`mfa align --output_format csv`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=["Begin", "End", "Label", "Type", "Speaker"])
    writer.writeheader()
    for who, words in speakers.items():
        for kind, rows in (("words", words), ("phones", phones(words))):
            for word, start, end in rows:
                writer.writerow({"Begin": start, "End": end, "Label": word, "Type": kind, "Speaker": who})
    return out.getvalue()


def _segments(words: list[Timed], entry, n: int = 4) -> list[dict]:
    segments = []
    for k, lo in enumerate(range(0, len(words), n)):
        part = words[lo : lo + n]
        segments.append(
            {
                "id": k,
                "seek": 0,
                "start": part[0][1],
                "end": part[-1][2],
                "text": "".join(f" {word}" for word, _, _ in part),
                "tokens": [50364, 4410],
                "temperature": 0.0,
                "avg_logprob": -0.43,
                "compression_ratio": 1.2,
                "no_speech_prob": 0.06,
                "words": [entry(*word) for word in part],
            }
        )
    return segments


def whisper(words: list[Timed]) -> str:
    """`whisper --word_timestamps True --output_format json`; a word begins with a space."""

    def entry(word, start, end):
        return {"word": f" {word}", "start": start, "end": end, "probability": 0.98}

    text = "".join(f" {word}" for word, _, _ in words)
    return json.dumps({"text": text, "segments": _segments(words, entry), "language": "en"})


def whisper_timestamped(words: list[Timed]) -> str:
    """`whisper_timestamped --output_format json`."""

    def entry(word, start, end):
        return {"text": word, "start": start, "end": end, "confidence": 0.93}

    segments = [{**segment, "confidence": 0.5} for segment in _segments(words, entry)]
    return json.dumps({"text": "...", "segments": segments, "language": "en"}, indent=2)


def whisperx(words: list[Timed], speakers: list[str] | None = None, unaligned: tuple[int, ...] = ()) -> str:
    """whisperX's JSON: no times for what it cannot align, a speaker where it was asked to tell them apart."""
    entries = [
        {"word": word} if k in unaligned else {"word": word, "start": start, "end": end, "score": 0.85}
        for k, (word, start, end) in enumerate(words)
    ]
    for entry, speaker in zip(entries, speakers, strict=True) if speakers else ():
        entry["speaker"] = speaker
    text = " ".join(word for word, _, _ in words)
    segments = [{"start": words[0][1], "end": words[-1][2], "text": f" {text}", "words": entries}]
    return json.dumps({"segments": segments, "word_segments": entries, "language": "en"})


def gentle(words: list[Timed], missing: tuple[str, ...] = ()) -> str:
    """gentle's align.json, with words of the transcript that it did not find at the end."""
    found = [
        {"alignedWord": word, "case": "success", "start": start, "end": end, "word": word, "phones": []}
        for word, start, end in words
    ]
    lost = [{"case": "not-found-in-audio", "word": word} for word in missing]
    return json.dumps({"transcript": " ".join(word for word, _, _ in words), "words": [*found, *lost]})


def eaf(
    tiers: dict[str, list[Timed]],
    below: dict[str, tuple[str, list[str]]] | None = None,
    shared: dict[str, tuple[str, str]] | None = None,
    units: str = "milliseconds",
    media: str = 'MEDIA_URL="file:///a/talk.wav" RELATIVE_MEDIA_URL="./talk.wav"',
) -> str:
    """An ELAN file of format 3.0.

    Parameters
    ----------
    tiers : name -> annotations with times of their own; NaN times are slots without a time
    below : name -> (parent tier, one annotation for each of its own): a tier of references, one to one
    shared : name -> (parent tier, text): all words of the text below the first annotation of the parent
    """
    slots, body, count, first = [], [], 0, {}
    for name, words in tiers.items():
        body.append(f'    <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="p" TIER_ID={quoteattr(name)}>')
        for word, start, end in words:
            count += 1
            first.setdefault(name, []).append(f"a{count}")
            for k, seconds in ((1, start), (2, end)):
                value = f' TIME_VALUE="{round(seconds * 1000)}"' if seconds == seconds else ""
                slots.append(f'        <TIME_SLOT TIME_SLOT_ID="ts{2 * count - 2 + k}"{value}/>')
            body += [
                "        <ANNOTATION>",
                f'            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{count}" '
                f'TIME_SLOT_REF1="ts{2 * count - 1}" TIME_SLOT_REF2="ts{2 * count}">',
                f"                <ANNOTATION_VALUE>{escape(word)}</ANNOTATION_VALUE>",
                "            </ALIGNABLE_ANNOTATION>",
                "        </ANNOTATION>",
            ]
        body.append("    </TIER>")
    references = {name: list(zip(first[parent], words, strict=True)) for name, (parent, words) in (below or {}).items()}
    for name, (parent, text) in (shared or {}).items():
        references[name] = [(first[parent][0], word) for word in text.split()]
    for k, (name, pairs) in enumerate(references.items()):
        body.append(f'    <TIER LINGUISTIC_TYPE_REF="ref-lt" PARENT_REF="p" TIER_ID={quoteattr(name)}>')
        for n, (owner, word) in enumerate(pairs):
            body += [
                f'        <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="r{k}-{n}" ANNOTATION_REF="{owner}">',
                f"            <ANNOTATION_VALUE>{escape(word)}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>",
            ]
        body.append("    </TIER>")
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-05-01T12:00:00+01:00" FORMAT="3.0" VERSION="3.0" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">',
            f'    <HEADER MEDIA_FILE="" TIME_UNITS="{units}">',
            f'        <MEDIA_DESCRIPTOR {media} MIME_TYPE="audio/x-wav"/>',
            '        <PROPERTY NAME="lastUsedAnnotationId">0</PROPERTY>',
            "    </HEADER>",
            "    <TIME_ORDER>",
            *slots,
            "    </TIME_ORDER>",
            *body,
            '    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>',
            "</ANNOTATION_DOCUMENT>",
            "",
        ]
    )
