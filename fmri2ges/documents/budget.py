"""How large a report may become: what no longer fits is left out, and the report says so."""

from __future__ import annotations

MEGABYTE = 1_000_000


class Budget:
    """Bytes that parts of a report share; the first are kept, and none after the first that does not fit.

    Parameters
    ----------
    size : bytes
    """

    def __init__(self, size: int):
        self._left = size
        self.is_spent = False

    def keeps(self, part: str) -> bool:
        """Whether a part still fits; then its bytes are gone."""
        self._left -= len(part.encode("utf-8"))
        self.is_spent = self.is_spent or self._left < 0
        return not self.is_spent
