"""XML that others have made: no entities, no references to other files, and a bounded number of elements."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import TreeBuilder

MAX_ELEMENTS = 1_000_000  # an hour of GIFTI volumes has a tenth of it
CHUNK = 2**20  # bytes given to the parser at a time


class Handler:
    """What is done at the elements of a file; the base does nothing."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text inside an element, perhaps a part of it."""

    def close(self):
        """The end of the file."""


class _Counted:
    """A handler that gives up where a file has too many elements."""

    def __init__(self, handler: Handler | TreeBuilder, limit: int):
        self.left, self.handler = limit, handler
        self.end, self.data, self.close = handler.end, handler.data, handler.close

    def start(self, tag, attributes):
        self.left -= 1
        if self.left < 0:
            raise ValueError("it has too many elements")
        self.handler.start(tag, attributes)


def parse_xml(stream, handler: Handler | TreeBuilder, max_elements: int = MAX_ELEMENTS) -> Any:
    """Hand the elements of a stream of bytes to a handler as they come, and return what its `close` returns.

    Only a `TreeBuilder` keeps them all.

    Raises
    ------
    ValueError, SyntaxError
        For damage, declared entities, and too many elements; call it inside `reading`.
    """
    from defusedxml.ElementTree import XMLParser

    parser = XMLParser(target=_Counted(handler, max_elements))
    parser.parser.buffer_size = CHUNK  # fewer pieces of a long text
    while chunk := stream.read(CHUNK):
        parser.feed(chunk)
    return parser.close()
