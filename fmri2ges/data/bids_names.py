"""Names of BIDS: entities, suffix and ending of a file, such as sub-01_task-x_bold.nii.gz."""

from __future__ import annotations

from dataclasses import dataclass

# Longer endings first.
ENDINGS = (
    ".func.gii.gz",
    ".time.gii.gz",
    ".func.gii",
    ".time.gii",
    ".dtseries.nii.gz",
    ".dtseries.nii",
    ".nii.gz",
    ".nii",
    ".mgz",
    ".mgh",
    ".json",
    ".tsv",
)


@dataclass(frozen=True)
class BidsName:
    """A name in its parts.

    Parameters
    ----------
    entities : such as {'sub': '01', 'task': 'pieman'}
    suffix : the last part where it is no entity, such as 'bold'; else empty
    ending : such as '.nii.gz'; empty where it is not one of `ENDINGS`
    """

    entities: dict[str, str]
    suffix: str
    ending: str


def split_name(name: str) -> BidsName:
    """The parts of a file's name."""
    ending = next((e for e in ENDINGS if name.endswith(e)), "")
    parts = name.removesuffix(ending).split("_")
    suffix = "" if "-" in parts[-1] else parts.pop()
    return BidsName(dict(p.split("-", 1) for p in parts if "-" in p), suffix, ending)


def same_value(a: str | None, b: str | None) -> bool:
    """Whether two values of an entity are the same: 1 and 01 are, in upper or lower case they differ."""
    if a is None or b is None:
        return a is b
    return a == b or (a.isdecimal() and b.isdecimal() and int(a) == int(b))
