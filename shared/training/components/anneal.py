"""Annealing by sparsity (flipout sheet 4.8): not used in any published run."""

from __future__ import annotations

from typing import Literal

from shared.training.method import Component
from shared.training.optim import learning_rate, set_hyperparameters
from shared.training.state import State


class AnnealWeightDecay(Component):
    """Set the optimiser's decay to ``strength * (1 - sparsity)`` from the second epoch on.

    Args:
        strength: the regulariser's strength; applied to the decay even where the regulariser is L1, L2 or none, as in
            the original.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def before_epoch(self, state: State) -> None:
        """Epoch 1 keeps the optimiser's initial decay; later ones use the sparsity after the previous epoch."""
        if state.epoch > 1:
            assert state.optimizer is not None
            set_hyperparameters(state.optimizer, weight_decay=self.strength * (1 - state.sparsity))


class AnnealLearningRate(Component):
    """Scale the learning rate by ``1 - sparsity``.

    Args:
        mode: ``published`` overwrites the schedule with ``lr0 * (1 - sparsity)`` (trap T16); ``corrected`` multiplies
            the scheduled rate.
    """

    def __init__(self, mode: Literal["published", "corrected"] = "published") -> None:
        self.mode = mode

    def before_epoch(self, state: State) -> None:
        """Epoch 1 keeps the initial rate."""
        phase = state.phase
        assert state.optimizer is not None
        assert phase is not None
        if state.epoch > 1:
            rate = phase.optimizer.lr
            if self.mode == "corrected":
                rate = learning_rate(rate, phase.schedule, state.epoch)
            set_hyperparameters(state.optimizer, lr=rate * (1 - state.sparsity))
