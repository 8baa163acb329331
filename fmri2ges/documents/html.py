"""HTML of reports: what is put in is escaped unless it is HTML already."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from ..motion.amount import LearntFrom, T2GOrigin

VOID = ("br", "meta")  # elements without an end
SIMULATED = (
    "Simulated data. They were made by a program, with a known truth: they test software and say nothing about brains."
)
BORROWED = (
    "Simulated gestures. T2G learnt from gestures that a program made: motion shows the pipeline and says nothing "
    "about how people gesture."
)
FINE_TUNED = (
    "Partly simulated gestures. T2G learnt which gesture goes with a word from gestures that a program made, and was "
    "fine-tuned on clips of the study: motion takes over their style, and says nothing about how people gesture."
)


class Html(str):
    """Text that is HTML already; any other text is escaped where it is put in."""


def element(name: str, /, *content: str, **attributes: str) -> Html:
    """An element with its content and attributes.

    Parameters
    ----------
    name : of the element, such as 'p'
    content : texts, which are escaped, and `Html`, which is not
    attributes : an underscore stands for a hyphen, one at the end for nothing: ``class_="wide"``
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    inside = joined(content)
    return Html(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{inside}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Texts and HTML one after the other."""
    return Html(escape(between).join(part if isinstance(part, Html) else escape(part) for part in parts))


def paragraph(*content: str, **attributes: str) -> Html:
    """A paragraph."""
    return element("p", *content, **attributes)


def heading(text: str) -> Html:
    """A heading inside a section."""
    return element("h3", text)


def listing(items: Iterable[str]) -> Html:
    """A list with a dot for each item."""
    return element("ul", *(element("li", item) for item in items))


def code(text: str) -> Html:
    """Lines to type, with their line ends."""
    return element("pre", element("code", text))


def facts(pairs: Mapping[str, str]) -> Html:
    """Names with their values, a line each."""
    rows = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in pairs.items()]
    return element("div", element("table", *rows, class_="facts"), class_="scroll")


def table(rows: Sequence[Mapping[str, str]], caption: str, left: tuple[str, ...] = ()) -> Html:
    """A table; a page that is too narrow for it scrolls it sideways.

    Parameters
    ----------
    rows : for each column its text or HTML; all rows have the columns of the first
    caption : what the table holds
    left : columns of words, which stand to the left; the others hold numbers and stand to the right
    """
    columns = list(rows[0]) if rows else []
    side = {column: "words" if column in left else "number" for column in columns}
    head = element("tr", *(element("th", column, scope="col", class_=side[column]) for column in columns))
    body = [element("tr", *(element("td", row[column], class_=side[column]) for column in columns)) for row in rows]
    inside = element("table", element("thead", head), element("tbody", *body), aria_label=caption)
    # A figure, because the caption of a table would be as wide as the table.
    scroll = element("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption)
    return element("figure", element("figcaption", caption), scroll, class_="table")


def figure(picture: Html, caption: str) -> Html:
    """A picture with its caption."""
    return element("figure", element("div", picture, class_="scroll"), element("figcaption", caption))


def download(text: str, file_name: str, label: str) -> Html:
    """A link that saves a text which the page itself holds."""
    data = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return element("a", label, href=f"data:text/plain;charset=utf-8;base64,{data}", download=file_name, class_="file")


@dataclass(frozen=True)
class Mark:
    """Where what is shown comes from, as far as it is simulated.

    Parameters
    ----------
    simulated : whether the recordings are simulated
    origin : whose gestures T2G learnt from
    """

    simulated: bool
    origin: T2GOrigin

    @property
    def sentence(self) -> str:
        """What the head of the report says; empty where nothing is simulated."""
        if self.simulated or not self.origin.borrowed:
            return SIMULATED if self.simulated else ""
        return FINE_TUNED if self.origin.learnt_from is LearntFrom.FINE_TUNED else BORROWED


@dataclass(frozen=True)
class Section:
    """A part of a report with a line in the list of contents.

    Parameters
    ----------
    id : what links name
    title : its heading
    body : what stands below it
    """

    id: str
    title: str
    body: Html


@dataclass(frozen=True)
class Document:
    """A report that is one file and loads nothing.

    Parameters
    ----------
    title, subtitle : what it is about, and of whom
    mark : where what is shown comes from
    sections : its parts in their order
    script : a module of JavaScript, or nothing
    """

    title: str
    subtitle: str
    mark: Mark
    sections: tuple[Section, ...]
    script: str = ""

    def render(self) -> str:
        """The file as text. No script but its own runs, and nothing is fetched: the head of the page forbids it."""
        head = (
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", http_equiv="Content-Security-Policy", content=_policy(self.script)),
            element("meta", name="color-scheme", content="light dark"),
            element("title", f"{self.title}: {self.subtitle}"),
            element("style", Html(_style())),
        )
        contents = [element("li", element("a", s.title, href=f"#{s.id}")) for s in self.sections]
        parts = [element("section", element("h2", s.title), s.body, id=s.id) for s in self.sections]
        sentence = self.mark.sentence
        top = element(
            "header",
            element("h1", self.title),
            element("p", self.subtitle, class_="about"),
            element("p", sentence, class_="mark", role="note") if sentence else Html(),
        )
        body = (
            element("nav", element("strong", "Contents"), element("ol", *contents), aria_label="Contents"),
            element("main", top, *parts),
        )
        script = element("script", Html(self.script), type="module") if self.script else Html()
        page = element("html", element("head", *head), element("body", *body, script), lang="en")
        return f"<!doctype html>\n{page}\n"


def _policy(script: str) -> str:
    """What the browser may do: run the one script, if there is one, and show pictures that are in the file."""
    allowed = "'none'"
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        allowed = f"'sha256-{digest}'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
