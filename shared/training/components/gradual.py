"""Iterative magnitude pruning within each tensor towards a target (dsr sheet, section 4.8)."""

from __future__ import annotations

import torch

from shared.sparsity import gradual
from shared.sparsity.reallocation import fraction_count, smallest
from shared.training.method import Component
from shared.training.state import State


class GradualPruning(Component):
    """Prune ``steps`` times, after the training and before the evaluation of the due epochs.

    Args:
        conv, linear: target sparsity of convolutions and linear layers.
        steps: prunings.
        first: first epoch (from 1) that is followed by one.
        interval: epochs between them.
        shape: ``exponential`` or ``cubic``.
        extra: weights dropped beside the fraction (1 in the later published generation, 0 in the earlier).
        spare_last: hold the last linear layer at 0.9 where the target is higher; the others make up for it.
    """

    def __init__(
        self,
        conv: float = 0.0,
        linear: float = 0.0,
        steps: int = 1,
        first: int = 1,
        interval: int = 2,
        shape: gradual.Shape = "exponential",
        extra: int = 1,
        spare_last: bool = False,
    ) -> None:
        self.conv, self.linear, self.shape, self.extra, self.spare_last = conv, linear, shape, extra, spare_last
        self.epochs = gradual.step_epochs(first, interval, steps)
        self.batches = 0
        self.fractions: dict[str, list[float]] = {}
        self.last: dict[str, object] | None = None

    def start(self, state: State) -> None:
        """Fractions of every tensor."""
        parameters = state.masks.parameters
        targets = {n: self.conv if p.ndim == 4 else self.linear for n, p in parameters.items()}
        if self.spare_last:
            *others, last = [n for n, p in parameters.items() if p.ndim == 2]
            sizes = [parameters[n].numel() for n in others]
            common, own = gradual.last_layer_targets(self.linear, sum(sizes), parameters[last].numel())
            targets |= dict.fromkeys(others, common) | {last: own}
        self.fractions = {n: gradual.step_fractions(t, len(self.epochs), self.shape) for n, t in targets.items()}

    def before_epoch(self, state: State) -> None:
        """Count the batches of the epoch from 0."""
        self.batches = 0

    @torch.no_grad()
    def after_batch(self, state: State) -> None:
        """Prune after the last batch, so that the epoch's evaluation sees the pruned network."""
        assert state.batches_per_epoch
        self.batches += 1
        if self.batches < state.batches_per_epoch or state.epoch not in self.epochs:
            return
        step = self.epochs.index(state.epoch)
        masks, after = state.masks, {}
        before = masks.remaining
        for name, live in masks.live.items():
            flat = live.reshape(-1)
            k = fraction_count(int(flat.sum()), self.fractions[name][step], self.extra)
            gone = smallest(masks.parameters[name].detach().abs().reshape(-1), flat, k)
            after[name] = (flat & ~gone).view(live.shape)
        masks.set(after)
        for dormant in masks.dormant or ():
            dormant.zero_()
        remaining = masks.remaining_per_tensor()
        self.last = {"prune": "magnitude-per-tensor", "before": before, "after": sum(remaining.values())}
        self.last |= {"remaining": [*remaining.values()], "before_evaluation": True}

    def after_epoch(self, state: State) -> None:
        """Hand over the pruning of this epoch."""
        if self.last is not None:
            state.events.append(self.last)
            self.last = None
