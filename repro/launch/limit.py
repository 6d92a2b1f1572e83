"""Time limits as typed: ``9m``, ``90s``, ``1h30m``."""

from __future__ import annotations

import re

from shared.errors import ReproError

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
NUMBER = r"(\d+(?:\.\d+)?)"
SHAPE = re.compile("".join(f"(?:{NUMBER}{unit})?" for unit in UNITS))
RESERVE, LARGEST_RESERVE = 0.05, 10.0
"""Part of the limit, and at most so many seconds, that is kept for the last checkpoint and the report."""


def seconds(text: str) -> float:
    """A duration in seconds; a number alone is seconds, and behind a unit it needs its own (1h30: minutes or seconds?).

    Raises:
        ReproError: if it is none, or not above 0.
    """
    typed = text.strip().lower()
    found = SHAPE.fullmatch(f"{typed}s" if re.fullmatch(NUMBER, typed) else typed)
    total = sum(float(n) * u for n, u in zip(found.groups(), UNITS.values(), strict=True) if n) if found else 0.0
    if total <= 0:
        raise ReproError(f"--time-limit {text!r} is no duration such as 9m, 90s or 1h30m.")
    return total


def deadline(text: str | None, began: float) -> float | None:
    """Seconds since 1970 by which everything has left; ``None`` without a limit.

    Args:
        text: the limit as typed.
        began: when the command began, in seconds since 1970.

    Raises:
        ReproError: as ``seconds``.
    """
    return began + usable(seconds(text)) if text else None


def usable(limit: float) -> float:
    """Seconds in which runs may go on, so that everything has left within the limit."""
    return limit - min(LARGEST_RESERVE, RESERVE * limit)
