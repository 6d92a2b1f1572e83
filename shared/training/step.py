"""One training step, in the order that DESIGN fixes for every paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.training.method import Component, overrides
from shared.training.precision import autocast, compiled
from shared.training.state import Batch, State


@dataclass
class Totals:
    """Running sums of an epoch, on the device: read once, at its end."""

    loss: Tensor
    penalty: Tensor
    correct: Tensor

    @classmethod
    def zeros(cls, device: torch.device) -> Totals:
        """Sums in float64, counts in int64."""
        zero = torch.zeros((), dtype=torch.float64, device=device)
        return cls(zero, zero.clone(), torch.zeros((), dtype=torch.int64, device=device))

    def reset(self) -> None:
        """Back to zero, in place: a captured graph keeps adding to the same tensors."""
        for tensor in (self.loss, self.penalty, self.correct):
            tensor.zero_()


class Step:
    """A training step over a batch.

    Args:
        state: the run; its optimiser and model are the ones stepped.
        components: the method, in the order in which each hook runs over it.
        totals: sums to add to.
    """

    def __init__(self, state: State, components: Sequence[Component], totals: Totals) -> None:
        self.state, self.totals = state, totals
        self.compiled = torch.compile(state.model, dynamic=False) if compiled(state.protocol.precision) else None
        self.full_batch = state.phase.batch_size if state.phase is not None else 0
        hooks = ("draw", "penalty", "before_step", "after_step", "after_batch")
        self.drawing, self.penalising, self.before, self.after, self.settling = (
            [c for c in components if overrides(c, hook)] for hook in hooks
        )

    def draw(self) -> None:
        """Random numbers of the step about to be taken; never part of a captured graph."""
        for component in self.drawing:
            component.draw(self.state)

    def settle(self) -> None:
        """What follows the step; never part of a captured graph."""
        for component in self.settling:
            component.after_batch(self.state)

    def __call__(self, batch: Batch) -> None:
        """Forward, loss + penalty, backward, before_step, optimiser, masks, after_step."""
        state, optimizer = self.state, self.state.optimizer
        assert optimizer is not None
        optimizer.zero_grad(set_to_none=True)
        with autocast(state.protocol.precision, state.device):
            logits = self.network(batch)(batch.images)
        if logits.dtype == torch.bfloat16:
            logits = logits.float()
        loss = F.cross_entropy(logits, batch.labels)
        penalty = self._penalty()
        (loss if penalty is None else loss + penalty).backward()
        state.loss, state.penalty = loss.detach(), None if penalty is None else penalty.detach()
        for component in self.before:
            component.before_step(state)
        optimizer.step()
        state.masks.apply()
        for component in self.after:
            component.after_step(state)
        self._add(logits.detach(), batch.labels)

    def network(self, batch: Batch) -> Callable[[Tensor], Tensor]:
        """The compiled network for full batches; the last partial batch does not pay for a second compilation."""
        if self.compiled is not None and len(batch.labels) == self.full_batch:
            return self.compiled
        return self.state.model

    def _penalty(self) -> Tensor | None:
        total: Tensor | None = None
        for component in self.penalising:
            term = component.penalty(self.state)
            if term is not None:
                total = term if total is None else total + term
        return total

    def _add(self, logits: Tensor, labels: Tensor) -> None:
        assert self.state.loss is not None
        count = labels.numel()
        self.totals.loss += self.state.loss * count
        if self.state.penalty is not None:
            self.totals.penalty += self.state.penalty * count
        self.totals.correct += (logits.argmax(1) == labels).sum()
