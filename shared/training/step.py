"""One training step, in the order that DESIGN fixes for every paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.training.method import Component, overrides
from shared.training.precision import autocast, compiled
from shared.training.state import Batch, State
from shared.training.team import Team


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

    Where several processes train, each takes its rows of the batch: ``state.loss`` is then its share of the mean loss,
    and the totals are its shares of the sums, while gradients are whole before ``before_step`` sees them.

    Args:
        state: the run; its optimiser and model are the ones stepped.
        components: the method, in the order in which each hook runs over it.
        totals: sums to add to.
        team: what several processes need; ``None`` for one.
    """

    def __init__(self, state: State, components: Sequence[Component], totals: Totals, team: Team | None = None) -> None:
        self.state, self.totals, self.team = state, totals, team
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
        with nullcontext() if self.team is None else self.team.step(batch):
            with autocast(state.protocol.precision, state.device):
                logits = self.network(batch)(batch.images)
            if logits.dtype == torch.bfloat16:
                logits = logits.float()
            if self.team is None:
                loss = F.cross_entropy(logits, batch.labels)
                penalty = own = self._penalty()
            else:
                loss = self.team.loss(logits, batch)
                penalty = self._penalty()
                own = None if penalty is None else penalty / self.team.world.size
            (loss if own is None else loss + own).backward()
        state.loss, state.penalty = loss.detach(), None if penalty is None else penalty.detach()
        for component in self.before:
            component.before_step(state)
        optimizer.step()
        state.masks.apply()
        for component in self.after:
            component.after_step(state)
        self._add(logits.detach(), batch)

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

    def _add(self, logits: Tensor, batch: Batch) -> None:
        assert self.state.loss is not None
        count = batch.labels.numel()
        self.totals.loss += self.state.loss * (batch.whole or count)
        if self.state.penalty is not None:
            self.totals.penalty += self.state.penalty * count
        self.totals.correct += (logits.argmax(1) == batch.labels).sum()
