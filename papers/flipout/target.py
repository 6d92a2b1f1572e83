"""From a wished sparsity to the interval that reaches it (sheet 6.1: refuse what no interval gives, never round)."""

from __future__ import annotations

import math

from shared.errors import ReproError
from shared.sparsity.schedule import interval_for

TOLERANCE = 0.03
"""Relative error of the remaining fraction that still counts as the same sparsity: 0.999 means 1 - 2^-10."""
MOST = 16


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
            f"within {epochs} epochs these work: {_works(fraction, epochs)}."
        )
    try:
        return interval_for(epochs, rounds)
    except ReproError:
        raise ReproError(
            f"--sparsity {sparsity:g} takes {rounds} prunings, which no interval gives in {epochs} epochs; "
            f"these work: {_works(fraction, epochs)}."
        ) from None


def _works(fraction: float, epochs: int) -> str:
    """Sparsities with an interval: ``0.75 (interval 117), ...``."""
    found = []
    for rounds in range(1, MOST + 1):
        try:
            found.append(f"{1 - (1 - fraction) ** rounds:.6g} (interval {interval_for(epochs, rounds)})")
        except ReproError:
            continue
    return ", ".join(found) or "none; train for more epochs"
