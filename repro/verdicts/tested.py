"""A verdict before the table's correction for many tests, with the p-values that the correction needs."""

from __future__ import annotations

from dataclasses import dataclass

from repro.verdicts.verdict import Verdict


@dataclass(frozen=True)
class Tested:
    """A verdict at its own level, and the p-values for and against its claim (``None``: no such test was made)."""

    verdict: Verdict
    p_for: float | None = None
    p_against: float | None = None
