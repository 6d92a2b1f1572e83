"""Pruning between epochs by a criterion (flipout sheet 4.2 and 4.5)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

from torch import Tensor

from shared.errors import unknown
from shared.outside import CRITERION
from shared.sparsity import choosers, criteria
from shared.sparsity.schedule import prune_due, prune_epochs
from shared.training.components import outside
from shared.training.method import Component
from shared.training.state import State

Criterion = Callable[..., Tensor]
Counts = Literal["published", "corrected"]


def global_magnitude(state: State, *, fraction: float, counts: Counts = "corrected") -> Tensor:
    """Smallest ``|w|`` over all tensors; ``published`` counts zero weights as already pruned (trap T17)."""
    masks = state.masks
    zeros_from: criteria.ZerosFrom = "weights" if counts == "published" else "mask"
    return criteria.global_magnitude(masks.flat_weights(), masks.flat(), fraction, zeros_from=zeros_from)


def layerwise_magnitude(state: State, *, fraction: float) -> Tensor:
    """Smallest ``|w|`` in each tensor."""
    masks = state.masks
    return criteria.layerwise_magnitude(masks.flat_weights(), masks.flat(), masks.sizes, fraction)


def random(state: State, *, fraction: float, counts: Counts = "corrected") -> Tensor:
    """Random live weights over all tensors; ``published`` counts through a floating-point sparsity."""
    masks = state.masks
    choose = choosers.keyed(state.draws, epoch=state.epoch, step=state.step)
    zeros_from: criteria.ZerosFrom = "weights" if counts == "published" else "mask"
    return criteria.random(masks.flat_weights(), masks.flat(), fraction, choose, zeros_from=zeros_from)


def threshold(state: State, *, threshold: float) -> Tensor:
    """Every weight with ``|w| < threshold``."""
    return criteria.threshold(state.masks.flat_weights(), state.masks.flat(), threshold)


def sensitivity(state: State, *, sensitivity: float) -> Tensor:
    """Every weight below so many standard deviations of its tensor; replaces the mask."""
    return criteria.sensitivity(state.masks.flat_weights(), state.masks.sizes, sensitivity)


CRITERIA: dict[str, Criterion] = {
    "global-magnitude": global_magnitude,
    "layerwise-magnitude": layerwise_magnitude,
    "random": random,
    "threshold": threshold,
    "sensitivity": sensitivity,
    CRITERION: outside.criterion,
}


class PeriodicPruning(Component):
    """Prune by a criterion after every ``interval`` epochs, never after the last.

    Args:
        criterion: name of the criterion.
        interval: epochs between prunings.
        stop_epoch: prune only while ``epoch < stop_epoch``.
        known: the criteria there are; a paper passes its own beside the shared ones.
        options: what the criterion takes; anything else is refused.
    """

    def __init__(
        self,
        criterion: str,
        interval: int,
        stop_epoch: int | None = None,
        known: Mapping[str, Criterion] = CRITERIA,
        **options: Any,
    ) -> None:
        if criterion not in known:
            raise unknown("criterion", criterion, known)
        self.criterion, self.interval, self.stop_epoch = known[criterion], interval, stop_epoch
        inspect.signature(self.criterion).bind(None, **options)  # a TypeError names what the criterion does not take
        self.name, self.options = criterion, options

    def first_event(self, state: State) -> int | None:
        """The first pruning."""
        assert state.phase is not None
        return next(iter(prune_epochs(state.phase.epochs, self.interval, self.stop_epoch)), None)

    def after_epoch(self, state: State) -> None:
        """Prune if due; the event carries exact counts per tensor."""
        assert state.phase is not None
        if not prune_due(state.epoch, state.phase.epochs, self.interval, self.stop_epoch):
            return
        before = state.masks.remaining
        state.masks.set_flat(self.criterion(state, **self.options))
        remaining = state.masks.remaining_per_tensor()
        state.events.append(
            {"prune": self.name, "before": before, "after": sum(remaining.values()), "remaining": [*remaining.values()]}
        )
