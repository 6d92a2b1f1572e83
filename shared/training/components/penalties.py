"""Explicit penalties, added to the cross-entropy (flipout sheet 4.7 and 4.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from torch import Tensor

from shared.sparsity import regularisers
from shared.training.method import Component
from shared.training.state import State


class Penalty(Component):
    """``strength * function(tensors)``, through ``last_epoch`` where given.

    Args:
        function: from parameter tensors to a scalar.
        strength: the factor lambda.
        last_epoch: last epoch (inclusive) in which the penalty acts; all of them by default (trap T5).
        tensors: ``all`` parameters of the network, batch normalisation and biases too (trap T6), or the prunable ones.
        anneal: multiply by one minus the sparsity after the previous epoch.
    """

    def __init__(
        self,
        function: Callable[[Iterable[Tensor]], Tensor],
        strength: float,
        last_epoch: int | None = None,
        tensors: Literal["all", "prunable"] = "all",
        anneal: bool = False,
    ) -> None:
        self.function, self.strength, self.last_epoch = function, strength, last_epoch
        self.over, self.annealed = tensors, anneal

    def factor(self, state: State) -> float:
        """The strength in force in this epoch; 0 once the penalty has stopped."""
        if self.last_epoch is not None and state.epoch > self.last_epoch:
            return 0.0
        return self.strength * (1 - state.sparsity) if self.annealed else self.strength

    def penalty(self, state: State) -> Tensor | None:
        """The scalar to add, or ``None`` once the penalty has stopped."""
        factor = self.factor(state)
        if not factor:
            return None
        return factor * self.function(state.parameters if self.over == "all" else state.masks.parameters.values())

    def capture_key(self, state: State) -> tuple[Any, ...]:
        """The strength is a host value."""
        return (self.factor(state),)


def hoyer_square(strength: float, **options: Any) -> Penalty:
    """Hoyer-Square over all parameters whose absolute sum is positive."""
    return Penalty(regularisers.hoyer_square_penalty, strength, **options)


def group_hoyer(strength: float, **options: Any) -> Penalty:
    """Historical group Hoyer: tensors with fewer than two dimensions are skipped."""
    return Penalty(regularisers.group_hoyer_penalty, strength, **options)


def l1(strength: float, **options: Any) -> Penalty:
    """``strength * sum |w|``."""
    return Penalty(regularisers.l1_penalty, strength, **options)


def l2(strength: float, **options: Any) -> Penalty:
    """``strength * sum w^2``: twice the pull of a weight decay of the same strength."""
    return Penalty(regularisers.l2_penalty, strength, **options)
