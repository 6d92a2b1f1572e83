"""From a wished sparsity to the interval that reaches it (sheet 6.1: refuse what no interval gives, never round)."""

from __future__ import annotations

import math

from shared.errors import ReproError
from shared.sparsity.schedule import interval_for

TOLERANCE = 0.03
"""Relative error of the remaining fraction that still counts as the same sparsity: 0.999 means 1 - 2^-10."""
MOST_ROUNDS = 16
SHOWN = 4


def interval_for_sparsity(sparsity: float, fraction: float, epochs: int) -> int:
    """Epochs between prunings so that ``fraction`` of what remains, taken each time, ends at ``sparsity``.

    Raises:
        ReproError: naming the sparsities that work.
    """
    rounds = max(1, round(math.log(1 - sparsity) / math.log(1 - fraction)))
    reached = (1 - fraction) ** rounds
    if abs(reached / (1 - sparsity) - 1) > TOLERANCE:
        raise ReproError(
            f"--sparsity {sparsity:g} is no whole number of prunings at --prune-fraction {fraction:g}; "
            f"within {epochs} epochs the nearest that work: {_works(sparsity, fraction, epochs)}."
        )
    try:
        return interval_for(epochs, rounds)
    except ReproError:
        raise ReproError(
            f"--sparsity {sparsity:g} takes {rounds} prunings, which no interval gives in {epochs} epochs; "
            f"the nearest that work: {_works(sparsity, fraction, epochs)}."
        ) from None


def _works(wished: float, fraction: float, epochs: int) -> str:
    """The nearest sparsities with an interval: ``0.9375 (interval 70), 0.96875 (interval 59)``."""
    found: list[tuple[float, float, int]] = []
    for rounds in range(1, MOST_ROUNDS + 1):
        remaining = (1 - fraction) ** rounds
        try:
            found.append((abs(math.log(remaining / (1 - wished))), 1 - remaining, interval_for(epochs, rounds)))
        except ReproError:
            continue
    nearest = sorted((sparsity, interval) for _, sparsity, interval in sorted(found)[:SHOWN])
    return ", ".join(f"{s:.6g} (interval {i})" for s, i in nearest) or "none; train for more epochs"
