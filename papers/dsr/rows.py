"""The rows of claims.csv: published numbers as they were read, with what was decided about them before any run.

The first fifteen columns are the source's; then: the table of ``repro verify`` a row is shown in, our experiment, the
margin and why, the rounding of the printed figure, whether the row may decide anything (``gating``), the single runs
where they are known, and ``same_as``: the row that states the same measurement.
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
    """The row's ``setting`` column as a mapping, e.g. ``granularity`` to ``kernel``."""
    pairs = (part.partition("=") for part in row["setting"].split(";") if part)
    return {key: value for key, _, value in pairs}


def same_as() -> dict[str, str]:
    """Rows that state a measurement which another row states too: a score over several tables counts it once."""
    return {row["claim_id"]: row["same_as"] for row in rows() if row["same_as"]}
