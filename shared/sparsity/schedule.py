"""When to prune, and the learning rate and decay of each epoch. Epochs count from 1; no tensors here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

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


def learning_rate(epoch: int, initial: float, milestones: Sequence[int] = (), gamma: float = 0.1) -> float:
    """The rate used in an epoch: multiplied by ``gamma`` after each milestone epoch.

    Milestones 150 and 250 mean: the initial rate in epochs 1-150, a tenth in 151-250, a hundredth from 251.
    """
    return initial * gamma ** sum(m < epoch for m in milestones)


def annealed(initial: float, sparsity: float) -> float:
    """``initial * (1 - sparsity)``, with the sparsity after the previous epoch (flipout sheet, section 4.8)."""
    return initial * (1 - sparsity)


def annealed_learning_rate(
    initial: float, scheduled: float, sparsity: float, variant: Literal["published", "corrected"]
) -> float:
    """The annealed rate: ``published`` overwrites the schedule (trap T16), ``corrected`` is a factor on it.

    Args:
        initial: rate of epoch 1.
        scheduled: rate of the schedule in this epoch.
        sparsity: after the previous epoch, as a fraction.
        variant: which of the two.
    """
    return annealed(initial if variant == "published" else scheduled, sparsity)
