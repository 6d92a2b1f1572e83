"""Values that change at stated epochs: learning rates, rewiring periods, temperatures (dsr sheet, section 4.13)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.training.method import Component
from shared.training.optim import set_hyperparameters
from shared.training.state import State


def in_force(epochs: Sequence[int], values: Sequence[float], epoch: int) -> float:
    """The value of the last entry whose epoch is not larger than ``epoch``; epochs count from 0 here, as in the tables.

    Raises:
        ValueError: if the table starts after ``epoch``, or its columns differ in length.
    """
    found = [v for e, v in zip(epochs, values, strict=True) if e <= epoch]
    if not found:
        raise ValueError(f"the table starts at epoch {epochs[0]}, after epoch {epoch}")
    return found[-1]


class LearningRateTable(Component):
    """Set the learning rate of every epoch from a table; it replaces the phase's schedule.

    Args:
        epochs: 0-based epochs at which a value takes effect, increasing from 0.
        values: the learning rates; 0 is allowed (only the statistics of batch normalisation move then).
    """

    def __init__(self, epochs: list[int], values: list[float]) -> None:
        self.epochs, self.values = epochs, values

    def before_epoch(self, state: State) -> None:
        """The rate is part of what a captured graph depends on: the engine asks the optimiser for it."""
        assert state.optimizer is not None
        set_hyperparameters(state.optimizer, lr=in_force(self.epochs, self.values, state.epoch - 1))
