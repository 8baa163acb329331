"""The repetition time of a recording: the study file, else the BIDS sidecar, else the header of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError, one_line
from ..atomic import read_json
from ..bids_names import BidsName, split_name
from ..content import check_content
from .formats import header_tr
from .series import TR_TOLERANCE

# Scanners take a volume in this many seconds; a header outside has another unit, or none.
SHORTEST, LONGEST = 0.1, 20.0
MAX_SIDECAR = 4 * 2**20  # bytes; those with the slice times of a whole brain take a hundredth
UNKNOWN = (0.0, 1.0)  # what programs write that do not know the repetition time


@dataclass(frozen=True)
class RepetitionTime:
    """Seconds from the start of one volume to the next, and the file that says so: a sidecar, or the BOLD itself."""

    seconds: float
    file: Path

    @property
    def note(self) -> str:
        """Where it comes from, in words."""
        what = "RepetitionTime" if self.file.suffix == ".json" else "the header"
        return f"tr = {self.seconds:g} s ({what} of {self.file.name})"


def find_tr(path, top=None) -> RepetitionTime:
    """The repetition time that a recording's own files state.

    Parameters
    ----------
    path : BOLD file
    top : folder up to which sidecars count; None takes the folder of the file alone

    Raises
    ------
    UserError
        When neither a sidecar nor the header states one, or only a header that may not know it.
    """
    path = check_content(path)
    found = sidecar_tr(path, top)
    if found is not None:
        return found
    try:
        seconds = header_tr(path)
    except UserError:  # a damaged file is refused when it is read
        seconds = None
    if seconds is not None and not doubtful(seconds):
        return RepetitionTime(seconds, path)
    if seconds is None:
        raise UserError(f"{path}: no .json file beside it states RepetitionTime; add `tr = ...`")
    raise UserError(
        f"{path}: no .json file beside it states RepetitionTime, and its header says {seconds:g} s, as programs write "
        "that do not know it; add `tr = ...`"
    )


def sidecar_tr(path, top=None) -> RepetitionTime | None:
    """RepetitionTime of the most special .json file that goes with a BOLD file; see the inheritance of BIDS."""
    path = Path(path)
    name = split_name(path.name)
    top = path.parent if top is None else Path(top)
    folder = path.parent
    while True:
        # The more entities a name has, the more special it is; of equally special ones the first by name.
        for _, file in sorted(_sidecars(folder, path, name), key=lambda found: (-found[0], found[1].name)):
            seconds = _repetition_time(file)
            if seconds is not None:
                return RepetitionTime(seconds, file)
        if folder == top or folder == folder.parent or not folder.is_relative_to(top):
            return None
        folder = folder.parent


def _sidecars(folder: Path, path: Path, name: BidsName):
    """(number of entities, file) of the .json files of a folder that speak of a BOLD file."""
    own = path.name.removesuffix(name.ending)
    for file in folder.glob("*.json"):
        other = split_name(file.name)
        if file.name == f"{own}.json":
            yield len(name.entities) + 1, file
        # Narratives names its cleaned surfaces without the suffix `bold`.
        elif (
            name.entities and other.suffix in {"bold", name.suffix} and other.entities.items() <= name.entities.items()
        ):
            yield len(other.entities), file


def _repetition_time(file: Path) -> float | None:
    try:
        content = read_json(file, MAX_SIDECAR)
    except UserError as error:
        raise UserError(f"{error}; else add `tr = ...`") from error
    seconds = content.get("RepetitionTime") if isinstance(content, dict) else None
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= 100:
        raise UserError(
            f"{file}: RepetitionTime is {one_line(repr(seconds), 40)}; BIDS has it in seconds: correct it, or add `tr "
            "= ...`"
        )
    return float(seconds)


def check_sidecar(path, stated: float, top=None) -> None:
    """Refuse a stated repetition time that differs from the sidecar's, unless the sidecar cannot be read.

    Raises
    ------
    UserError
    """
    try:
        found = sidecar_tr(path, top)
    except UserError:  # what it says does not count
        return
    if found is not None and abs(found.seconds - stated) > TR_TOLERANCE:
        raise UserError(
            f"{found.file} says RepetitionTime {found.seconds:g} s for {Path(path).name}, but the study says tr = "
            f"{stated:g}; correct tr (or leave it out), or add ignore_header_tr = true where the .json is wrong"
        )


def doubtful(header: float) -> bool:
    """Whether a header's repetition time is what programs write that do not know it, or has another unit."""
    return header in UNKNOWN or not SHORTEST <= header <= LONGEST


def header_note(path, stated: float, header: float | None) -> str:
    """One line where the header of a file says something else than the study; empty where both agree.

    Raises
    ------
    UserError
        For a header that may well be right.
    """
    if header is None or abs(header - stated) <= TR_TOLERANCE:
        return ""
    if doubtful(header):
        why = "as programs write that do not know it" if header in UNKNOWN else "which is no repetition time"
        return f"TR {stated:g} s counts, as the study says; the header says {header:g} s, {why}"
    raise UserError(
        f"{path}: its header says TR {header:g} s, but the study says tr = {stated:g}; correct tr, or add "
        "ignore_header_tr = true where the header is wrong"
    )
