"""How sure decoded texts are against how right they are, as a table."""

from __future__ import annotations

from ..evaluation.reliability import SECONDS, Reliability
from ..evaluation.report import format_number

TITLE = "Reliability of decoded words"


def reliability_cells(found: Reliability) -> list[dict[str, str]]:
    """A row for words that the other texts say about as often."""
    return [
        {
            "Other texts say it": f"{b.others:.2f}",
            "Said": f"{b.said:.2f}",
            "Heard": f"{b.heard:.2f}",
            "Heard, 95 % CI": f"{b.interval.low:.2f} to {b.interval.high:.2f}" if b.interval else "-",
            "n": f"{b.n:,}",
        }
        for b in found.curve
    ]


def reliability_note(found: Reliability) -> str:
    """What the table means, and the error in one number."""
    others = found.n_texts - 1
    stories = "1 story" if found.stories == 1 else f"{found.stories} stories"
    interval = f"over {stories}" if any(b.interval for b in found.curve) else f"none: {stories}, five are needed"
    return (
        f"Times that a word is said and heard in windows of {SECONDS:g} s, by how often the {others} other texts say "
        "it; n: pairs of a word and a window, one for each text left out. Heard less often than said: the decoder is "
        f"too sure. Expected calibration error {format_number(found.error)}. Interval: {interval}."
    )
