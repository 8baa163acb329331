"""Numbers and intervals of tables: six digits, never NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..evaluation.intervals import Interval
from .schema import short


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows of values as tab-separated text under the names of their columns, six digits a number."""
    lines = [columns, *(map(cell, row) for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def cell(value: Any) -> str:
    """A value as a cell of a table; empty where there is none."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace("\t", " ").replace("\n", " ")


def finite(value: Any) -> float:
    """A number; NaN, infinity and anything else raise ValueError or TypeError, as damage does."""
    number = float(value)
    if not math.isfinite(number) or isinstance(value, (bool, str)):
        raise ValueError(f"{short(value)} is no number")
    return number


def rounded(value: float | None) -> float | None:
    """A number to six digits, as it is kept."""
    return None if value is None else float(f"{value:.6g}")


def interval_to_dict(ci: Interval | None) -> dict[str, Any] | None:
    """An interval as JSON values."""
    if ci is None:
        return None
    return {"low": rounded(ci.low), "high": rounded(ci.high), "n": ci.n, "method": ci.method}


def interval_from_dict(ci: dict[str, Any] | None) -> Interval | None:
    """The interval that `interval_to_dict` described."""
    return None if not ci else Interval(finite(ci["low"]), finite(ci["high"]), int(ci["n"]), str(ci["method"]))
