"""Which part of a decoded result a report shows."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError
from ..request import as_text
from ..results import Decoded


@dataclass(frozen=True)
class Stretch:
    """Which part of a result is shown.

    Parameters
    ----------
    sample : the sample in the player, from 1
    start, stop : seconds on the story's clock; None is the beginning or the end of what was decoded
    """

    sample: int = 1
    start: float | None = None
    stop: float | None = None

    def of(self, decoded: Decoded) -> Decoded:
        """The part of a result, with the chosen sample in front.

        Raises
        ------
        UserError
            For a sample or a stretch that the result does not have.
        """
        if not 1 <= self.sample <= decoded.request.samples:
            most = decoded.request.samples
            raise UserError(f"sample: must be from 1 to {most}, the samples that were decoded; got {self.sample}")
        return decoded.window(self.start, self.stop).sample(self.sample - 1)

    @property
    def options(self) -> list[str]:
        """The same on the command line."""
        named = {"--sample": self.sample if self.sample > 1 else None, "--start": self.start, "--stop": self.stop}
        return [word for name, value in named.items() if value is not None for word in (name, as_text(value))]


WHOLE = Stretch()
