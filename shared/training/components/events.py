"""When weights are reallocated: between steps, at a period that changes with the epoch (dsr sheet, section 4.0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.training.components.tables import in_force


@dataclass(frozen=True)
class Clock:
    """Events after the optimiser step of iteration t if ``t > 0``, ``t mod P(epoch) = 0`` and ``epoch < stop``.

    Attributes:
        period_epochs, periods: table of the period P in iterations; epochs count from 0.
        stop_epoch: first epoch (from 0) without events; ``None`` for no stop.
    """

    period_epochs: Sequence[int]
    periods: Sequence[int]
    stop_epoch: int | None = None

    def due(self, iteration: int, epoch: int) -> bool:
        """Whether an event follows iteration ``iteration`` (from 0, over all epochs) of epoch ``epoch`` (from 0)."""
        if iteration == 0 or (self.stop_epoch is not None and epoch >= self.stop_epoch):
            return False
        return iteration % int(in_force(self.period_epochs, self.periods, epoch)) == 0

    def iterations(self, epochs: int, per_epoch: int) -> list[list[int]]:
        """All iterations with an event, epoch by epoch."""
        return [[t for t in range(e * per_epoch, (e + 1) * per_epoch) if self.due(t, e)] for e in range(epochs)]
