"""How docstrings are read for the site: ``name : sentence`` describes a parameter, it is no type.

numpydoc puts a type behind the colon. Here a short parameter is described there and then, and types stand in the
signatures; without this extension every such sentence would be set as if it were code.
"""

from __future__ import annotations

import griffe

SECTIONS = (
    griffe.DocstringSectionKind.parameters,
    griffe.DocstringSectionKind.attributes,
    griffe.DocstringSectionKind.returns,
    griffe.DocstringSectionKind.yields,
)


class Sentences(griffe.Extension):
    """Moves a sentence from the place of a type to that of the description."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Change the docstring of one object, in place."""
        if obj.is_alias or obj.docstring is None:
            return
        for section in obj.docstring.parsed:
            if section.kind in SECTIONS:
                for item in section.value:
                    described = getattr(obj.parameters[item.name], "annotation", None) if _has(obj, item.name) else None
                    if item.annotation is not None and str(item.annotation) != str(described):
                        item.description = ". ".join(filter(None, (str(item.annotation), item.description)))
                        item.annotation = described


def _has(obj: griffe.Object, name: str) -> bool:
    return obj.is_function and name in obj.parameters
