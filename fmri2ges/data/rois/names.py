"""Names in label tables that stand for no ROI: the medial wall, and what was not labelled."""

from __future__ import annotations

import re

# As letters alone, without the mark of a hemisphere in front.
NOTHING = frozenset({"", "unknown", "none", "noname", "background", "undefined", "unlabeled", "unlabelled"})
INSIDE = ("medialwall", "corpuscallosum")  # also within names, as in FreeSurfer_Defined_Medial_Wall
SIDE = re.compile(r"^(ctx[-_.])?([lr]h?|left|right)[-_. ]+", re.IGNORECASE)


def is_empty(name: str) -> bool:
    """Whether a name says that there is no ROI here: `???`, unknown, Medial_wall, L_???, ctx-lh-unknown ..."""
    letters = re.sub(r"[\W_]", "", SIDE.sub("", name.strip()).lower())
    return letters in NOTHING or any(part in letters for part in INSIDE)
