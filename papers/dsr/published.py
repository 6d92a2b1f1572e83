"""The rows of claims.csv."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shared import claim_file
from shared.claim_file import Row


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in file order."""
    return claim_file.read(Path(__file__).with_name("claims.csv"))
