"""When to prune. Epochs count from 1; no tensors here."""

from __future__ import annotations

import math

from shared.errors import ReproError


def prune_due(epoch: int, epochs: int, interval: int, stop: int | None = None) -> bool:
    """Whether a pruning follows this epoch: a multiple of the interval, never the last, and below the stop epoch.

    Source: flipout sheet, section 4.2.
    """
    return epoch % interval == 0 and epoch != epochs and (stop is None or epoch < stop)


def prune_epochs(epochs: int, interval: int, stop: int | None = None) -> list[int]:
    """All epochs that are followed by a pruning; ``floor((epochs - 1) / interval)`` of them without a stop epoch."""
    return [e for e in range(1, epochs + 1) if prune_due(e, epochs, interval, stop)]


def interval_for(epochs: int, prunings: int) -> int:
    """The smallest interval with exactly so many prunings: ``ceil(epochs / (prunings + 1))``.

    Raises:
        ReproError: if no interval gives that number (flipout sheet, section 6.1: refuse, do not round).
    """
    if prunings < 1:
        raise ReproError(f"{prunings} prunings have no interval; ask for at least one.")
    interval = math.ceil(epochs / (prunings + 1))
    if (epochs - 1) // interval == prunings:
        return interval
    longer = next(e for e in range(epochs + 1, epochs + prunings * prunings + 2) if _fits(e, prunings))
    raise ReproError(
        f"No interval gives {prunings} prunings in {epochs} epochs; train {longer} epochs, or prune less often."
    )


def _fits(epochs: int, prunings: int) -> bool:
    return (epochs - 1) // math.ceil(epochs / (prunings + 1)) == prunings
