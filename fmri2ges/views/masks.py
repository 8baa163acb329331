"""Choices of ROIs as masks on one cortex: the areas of each, and those of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from ..brain.atlas import load_atlas
from .area_map import STRONG, AreaColours

BOTH = "#F0E442"  # yellow of Okabe and Ito, which no track has
TOLD = 60  # areas that are named one by one; of more the number is told


@dataclass(frozen=True)
class Mask:
    """A choice of ROIs on the cortex.

    Parameters
    ----------
    letter : "A" or "B"; empty where there is one choice
    name : how the choice is described
    colour : of its areas, #rrggbb
    areas : names of its areas
    """

    letter: str
    name: str
    colour: str
    areas: frozenset[str]


def mask_of(letter: str, name: str, colour: str, rois: Iterable[str]) -> Mask:
    """The mask of a choice of ROIs of the atlas."""
    return Mask(letter, name, colour, frozenset(load_atlas().expand(rois)))


def parts_of(masks: list[Mask]) -> list[Mask]:
    """What is told apart: each mask without what it shares, and what both have; of one mask it alone."""
    if len(masks) < 2:
        return masks
    first, second = masks
    both = first.areas & second.areas
    alone = [Mask(m.letter, m.name, m.colour, m.areas - both) for m in masks]
    return [*alone, Mask(f"{first.letter} and {second.letter}", "in both", BOTH, both)]


def mask_colours(parts: list[Mask]) -> AreaColours:
    """The colours of the areas of `parts_of`; each area's line says which masks it is in."""
    looks: dict[str, str] = {}
    for part in parts:
        look = f"{part.colour.removeprefix('#').lower()}{STRONG:02x}{part.letter and f'in {part.letter}'}"
        looks |= {area: look for area in part.areas}
    return AreaColours.of(looks)


def areas_text(areas: Iterable[str]) -> str:
    """The names of areas in words: "44, 45 left"; an area without a side is there on both."""
    there = set(areas)
    if not there:
        return "no area"
    if len(there) > TOLD:
        return f"{len(there)} areas"
    names = []
    for area in load_atlas().areas:
        other = ("R" if area[0] == "L" else "L") + area[1:]
        if area in there and other in there:
            names += [area[2:]] if area[0] == "L" else []
        elif area in there:
            names.append(f"{area[2:]} {'left' if area[0] == 'L' else 'right'}")
    return ", ".join(names)


def masks_text(parts: list[Mask]) -> str:
    """The masks in words, for who does not see the cortex."""
    told = [f"{part.letter or 'Chosen'}: {areas_text(part.areas)}." for part in parts]
    return " ".join(["Cortex from the side and from the middle.", *told])


def legend_html(masks: list[Mask]) -> str:
    """What each colour is and how many areas have it, for `st.html`; app/style.css dresses it."""
    rows = []
    for part in parts_of(masks):
        whole = next((mask for mask in masks if mask.letter == part.letter), part)
        name = ": ".join(filter(None, (part.letter, whole.name)))
        n = len(whole.areas)
        rows.append(
            f'<li title="{escape(areas_text(whole.areas))}"><i style="background:{part.colour}"></i>'
            f"<b>{escape(name)}</b> {n} {'area' if n == 1 else 'areas'}</li>"
        )
    return f'<ul class="masks">{"".join(rows)}</ul>'
