"""The last few results of a slow function, for several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LastFew(Generic[Value]):
    """Values by key, of which those used last are kept; each is made once, however many threads ask for it.

    Parameters
    ----------
    most : how many are kept
    """

    def __init__(self, most: int):
        self.most = most
        self._lock = Lock()
        self._places: OrderedDict[Hashable, _Place[Value]] = OrderedDict()  # longest unused first

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key; the first that asks makes it, others wait for it."""
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self.most:
                self._places.popitem(last=False)
        with place.lock:
            if not place.values:
                place.values.append(make())
            return place.values[0]

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._places.clear()


class _Place(Generic[Value]):
    """Where the value of a key lies as soon as it is made."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.values: list[Value] = []
