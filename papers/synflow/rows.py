"""The rows of claims.csv: published numbers as they were read, with what we decided about them before any run.

The first fifteen columns are the source's; then: the table of ``repro verify`` a row is shown in, our experiment (empty
where a number is computed without a run), the margin and why (or why a row never decides), the rounding of the printed
figure, ``gating``, the values of the single runs where they are known, and the epoch a value belongs to.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("claims.csv")

Row = dict[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in file order."""
    with FILE.open(newline="", encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def settings_of(row: Row) -> dict[str, str]:
    """The row's ``setting`` column as a mapping, e.g. ``levels`` to ``3``."""
    pairs = (part.partition("=") for part in row["setting"].split(";") if part)
    return {key: value for key, _, value in pairs}
