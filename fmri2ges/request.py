"""What can be asked of a trained run: one value for the command line, the app, links, manifests and caches.

A field is named once, here. Everything that shows or reads a request (a command, lines of Python, the address
of a page, the manifest of a result) is made from the fields of `DecodeRequest`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .config import from_dict, to_dict
from .errors import UserError, check_option, check_seconds, one_line, shown
from .provenance import digest_json
from .results import BRANCHES

WHOLE_CORTEX = ("all",)
DEMO = "demo"
F2T_FORMS = ("fast", "bayes")
MAX_SAMPLES = 256
MAX_BEAM = 10_000
MAX_SEED = 2**63 - 1


def _help(sentence: str) -> dict[str, str]:
    """Metadata of a field: the sentence that command line and app show for it."""
    return {"help": sentence}


@dataclass(frozen=True)
class DecodeRequest:
    """One decoding that can be asked for.

    Parameters
    ----------
    run : 'demo' for the models that ship with the package, or the folder of a trained run
    subject, story : whose recording of what; empty = the first that the run has
    rois : names of ROIs; ('all',) is everything that was recorded
    branch : 'text', 'direct' or 'both'
    samples : gestures of each branch (and texts of the text branch) to draw
    start, stop : seconds on the story's clock; None = the beginning or the end of the recording
    seed : of texts and gestures
    speaker : whose style of gesture is used, an index of T2G's speakers
    f2t : 'fast', or 'bayes' in a run that was trained with a language model
    beam : width of the search of the Bayesian F2T

    Raises
    ------
    UserError
        For a value that no run could answer; the message names the field.

    Examples
    --------
    >>> request = DecodeRequest(subject="sub-01", story="test-1", rois=("Broca", "AG"), start=10, stop=40)
    >>> print(request)
    demo, sub-01, test-1, 10 to 40 s, ROIs Broca, AG
    >>> request.text
    'subject=sub-01&story=test-1&rois=Broca,AG&start=10&stop=40'
    >>> DecodeRequest.from_text(request.text) == request
    True
    """

    run: str = field(
        default=DEMO, metadata=_help("A trained run, or the word demo for the models that come with the package.")
    )
    subject: str = field(default="", metadata=_help("Whose BOLD is decoded; default: the first subject of the run."))
    story: str = field(
        default="", metadata=_help("A story that was held out from training; default: the first of the run.")
    )
    rois: tuple[str, ...] = field(default=WHOLE_CORTEX, metadata=_help("ROI names with commas between; default: all."))
    branch: str = field(default="both", metadata=_help(f"One of: both, {', '.join(BRANCHES)}."))
    samples: int = field(default=8, metadata=_help("Gestures and texts to draw of each branch."))
    start: float | None = field(default=None, metadata=_help("First second of the story; default: the beginning."))
    stop: float | None = field(default=None, metadata=_help("Last second of the story; default: the end."))
    seed: int = field(default=0, metadata=_help("Seed of texts and gestures."))
    speaker: int = field(default=0, metadata=_help("Number of the speaker whose style of gesture is used."))
    f2t: str = field(default="fast", metadata=_help("fast, or bayes in a run trained with --lm."))
    beam: int = field(default=20, metadata=_help("Width of the search of the Bayesian F2T."))

    def __post_init__(self):
        if isinstance(self.rois, str) or not all(isinstance(name, str) and name.strip() for name in self.rois):
            raise UserError(f"rois: must be a list of names; got {shown(self.rois)}")
        object.__setattr__(self, "rois", tuple(dict.fromkeys(name.strip() for name in self.rois)))
        object.__setattr__(self, "run", str(self.run))
        if not self.run:
            raise UserError("run: must be 'demo' or the folder of a trained run; got an empty name")
        if not self.rois:
            raise UserError("rois: choose at least one ROI, or all")
        check_option("branch", self.branch, ("both", *BRANCHES))
        check_option("f2t", self.f2t, F2T_FORMS)
        for name, low, high in (
            ("samples", 1, MAX_SAMPLES),
            ("seed", 0, MAX_SEED),
            ("speaker", 0, MAX_SAMPLES),
            ("beam", 1, MAX_BEAM),
        ):
            object.__setattr__(self, name, _whole(name, getattr(self, name), low, high))
        for name in ("start", "stop"):
            object.__setattr__(self, name, check_seconds(name, getattr(self, name)))
        if self.start is not None and self.stop is not None and not self.start < self.stop:
            raise UserError(f"start, stop: stop must be later than start; got {self.start:g} and {self.stop:g} s")

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of a complete request, seconds on the story's clock."""
        assert self.start is not None and self.stop is not None, "only a complete request has a stretch"
        return self.start, self.stop

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches asked for, in the order in which they are always shown."""
        return BRANCHES if self.branch == "both" else (self.branch,)

    def __str__(self) -> str:
        start = "the beginning" if self.start is None else f"{self.start:.10g}"
        stop = "the end" if self.stop is None else f"{self.stop:.10g} s"
        parts = [self.run, self.subject or "first subject", self.story or "first story", f"{start} to {stop}"]
        return ", ".join([*parts, f"ROIs {', '.join(self.rois)}"])

    # The same values in other clothes.

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "request") -> DecodeRequest:
        """The request of `to_dict`; an unknown key or a value of another type is a `UserError`."""
        return from_dict(cls, values, where)

    def to_json(self) -> str:
        """All fields as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> DecodeRequest:
        """The request of `to_json`; text that is none is a `UserError`."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UserError(f"request: is not valid JSON ({one_line(error)})") from error
        return cls.from_dict(values)

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, 64 hexadecimal digits."""
        return digest_json(self.to_dict())

    def to_query(self, base: DecodeRequest | None = None) -> dict[str, str]:
        """The fields that differ from `base` (by default a new request), as texts: the address of a page."""
        default = base or DecodeRequest()
        return {
            f.name: as_text(getattr(self, f.name))
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }

    @classmethod
    def from_query(cls, query: Mapping[str, str], base: DecodeRequest | None = None) -> DecodeRequest:
        """`base` (by default a new request) with the fields that texts name.

        Raises
        ------
        UserError
            For an unknown field, or a text that is no value of its field.
        """
        base = base or cls()
        kinds = {f.name: str(f.type) for f in fields(cls)}
        changes = {}
        for name, text in query.items():
            check_option("request", name, kinds)
            changes[name] = _from_text(name, text, kinds[name])
        return replace(base, **changes)

    @property
    def text(self) -> str:
        """One line for logs, links and keys: ``field=value`` pairs joined by ``&``, empty for the default request."""
        from urllib.parse import quote

        return "&".join(f"{name}={quote(value, safe=',/ ')}" for name, value in self.to_query().items())

    @classmethod
    def from_text(cls, text: str) -> DecodeRequest:
        """The request of `text`."""
        from urllib.parse import unquote

        pairs = [pair.partition("=") for pair in text.split("&") if pair]
        return cls.from_query({name: unquote(value) for name, _, value in pairs})

    def as_command(self, out: str = "decoded", device: str = "auto") -> str:
        """The same decoding as one shell command that writes the folder `out`."""
        from shlex import join

        return join(["fmri2ges", *self.as_arguments(out, device)])

    def as_arguments(self, out: str = "decoded", device: str = "auto") -> list[str]:
        """What stands behind `fmri2ges` in that command, word by word."""
        words = ["decode", self.run]
        for name, value in self.to_query().items():
            if name != "run":
                words += [f"--{name}", value]
        return [*words, *([] if device == "auto" else ["--device", device]), "--out", out]

    def as_python(self, device: str = "auto", result: str = "decoded") -> str:
        """The same decoding as a few lines of Python that run in any folder; `result` is what they call it."""
        default = DecodeRequest()
        given = [
            f"    {f.name}={getattr(self, f.name)!r},\n"
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        ]
        return (
            "import fmri2ges\n\n"
            f"request = fmri2ges.DecodeRequest(\n{''.join(given)})\n"
            f"{result} = fmri2ges.open_run({self.run!r}, device={device!r}).decode(request)\n"
        )


def join_names(names: Iterable[str]) -> str:
    r"""Names with commas between; a comma or backslash inside a name gets a backslash in front."""
    return ",".join(name.replace("\\", "\\\\").replace(",", "\\,") for name in names)


def split_names(text: str) -> tuple[str, ...]:
    """The names that `join_names` joined, without empty ones and without blanks around them."""
    names, current, quoted = [], "", False
    for character in text:
        if quoted or character not in ",\\":
            current, quoted = current + character, False
        elif character == "\\":
            quoted = True
        else:
            names.append(current)
            current = ""
    return tuple(name.strip() for name in [*names, current] if name.strip())


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) and not (hasattr(value, "__index__")):
        raise UserError(f"{name}: must be a whole number from {low} to {high}; got {shown(value)}")
    if not low <= int(value) <= high:
        raise UserError(f"{name}: must be a whole number from {low} to {high}; got {shown(value)}")
    return int(value)


def as_text(value: Any) -> str:
    """A value of a field as links and commands hold it; a number with as few digits as give the same number back."""
    if isinstance(value, tuple):
        return join_names(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def _from_text(name: str, text: str, kind: str) -> Any:
    """The value of a field from its text."""
    if kind.startswith("tuple"):
        return split_names(text)
    if kind == "str":
        return text
    number = int if kind == "int" else float
    try:
        return number(text)
    except ValueError:
        unit = "a whole number" if number is int else "a number of seconds"
        raise UserError(f"{name}: must be {unit}; got {text[:60]!r}") from None
