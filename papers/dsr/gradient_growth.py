"""RigL as its authors' code runs it (Evci et al., 2020; dsr sheet, section 4.16). Outside the paper.

``--growth-rule gradient`` is its rule of growth inside events of DSR and SET; this is the whole method.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from shared.sparsity import rigl
from shared.training.components.masked_weights import keep_dormant
from shared.training.method import Component
from shared.training.state import State


class RigL(Component):
    """Every so many steps move a share of each tensor's weights to where the gradient is largest.

    The share falls along a cosine. An update takes the place of the gradient step of its batch: parameters and momentum
    are put back to what they were before it, and the next batch is the gradient step of the same number. A weight that
    was dropped and grows again in one update keeps its value and momentum; what was inactive starts at 0 without.

    The dense gradient is read before others mask it: this component then comes before them. The original adds noise of
    1e-5 to the magnitudes to break ties; here ties go by position.

    Args:
        periods: one number, the steps between two updates (the name under which scales cut it).
        fraction: share that the first update moves.
        begin: step of the first update.
        end: last step that may have one, where the share is 0.
        stop_epoch: the same in epochs (from 0) of the run's batches; give one of the two.

    Raises:
        TypeError: if there is not exactly one period and one end, after ``begin``.
    """

    def __init__(
        self,
        periods: list[int],
        fraction: float = 0.3,
        begin: int = 0,
        end: int | None = None,
        stop_epoch: int | None = None,
    ) -> None:
        if len(periods) != 1 or (end is None) == (stop_epoch is None) or (end is not None and end <= begin):
            raise TypeError("give one period, and either end after begin or stop_epoch")
        (self.period,), self.fraction, self.begin = periods, fraction, begin
        self.end, self.stop_epoch = end, stop_epoch
        self.step, self.updated_at, self.updating = 0, -1, False
        self.gradients: list[Tensor] = []
        self.before: list[tuple[Tensor, Tensor]] = []
        self.log: list[dict[str, Any]] = []

    def start(self, state: State) -> None:
        """Make room for the dense gradients, and know the end in steps."""
        keep_dormant(state)
        self.gradients = [torch.zeros_like(p, requires_grad=False) for p in state.masks.parameters.values()]
        if self.stop_epoch is not None:
            self.end = self.stop_epoch * state.batches_per_epoch

    @torch.no_grad()
    def draw(self, state: State) -> None:
        """If this batch is for an update: remember what its gradient step will change."""
        assert self.end is not None
        due = rigl.due(self.step, self.begin, self.end, self.period)
        self.updating = due and self.updated_at != self.step
        if self.updating:
            self.before = [(t, t.clone()) for t in _stepped(state)]

    def before_step(self, state: State) -> None:
        """Keep the dense gradient of the step."""
        dense = [p.grad for p in state.masks.parameters.values() if p.grad is not None]
        torch._foreach_copy_(self.gradients, dense)

    @torch.no_grad()
    def after_batch(self, state: State) -> None:
        """Count a gradient step, or undo it and move weights instead."""
        if not self.updating:
            self.step += 1
            return
        known = {id(tensor) for tensor, _ in self.before}
        for tensor in _stepped(state):
            if id(tensor) not in known:  # momentum that the step has just created
                tensor.zero_()
        for tensor, value in self.before:
            tensor.copy_(value)
        self.before, self.updated_at = [], self.step
        self.update(state)

    def update(self, state: State) -> None:
        """Drop the smallest weights of each tensor, grow as many where the gradient is largest."""
        assert self.end is not None
        masks = state.masks
        share = rigl.cosine_fraction(self.fraction, self.step, self.end - self.begin)
        new: dict[str, Tensor] = {}
        moved: list[int] = []
        for (name, live), gradient in zip(masks.live.items(), self.gradients, strict=True):
            moved.append(rigl.drop_count(int(live.sum()), share))
            weights = masks.parameters[name].detach().reshape(-1)
            new[name] = rigl.updated(weights, live.reshape(-1), gradient.reshape(-1), moved[-1]).view(live.shape)
        masks.wake()  # what is dropped keeps its value under the mask
        fresh = [new[name] & ~live for name, live in masks.live.items()]
        for p, grown in zip(masks.parameters.values(), fresh, strict=True):
            p.masked_fill_(grown, 0.0)
            buffer = _momentum(state, p)
            if buffer is not None:
                buffer.masked_fill_(grown, 0.0)
        masks.set(new)
        self.log.append({"step": self.step, "dropped": moved, "fresh": [int(f.sum()) for f in fresh], "share": share})

    def after_epoch(self, state: State) -> None:
        """Hand over this epoch's updates; ``fresh`` counts what was inactive before."""
        if not self.log:
            return
        columns = {key: [update[key] for update in self.log] for key in self.log[0]}
        remaining = [*state.masks.remaining_per_tensor().values()]
        state.events.append({"prune": "rigl", **columns, "remaining": remaining, "before_evaluation": True})
        self.log = []

    def plain(self) -> dict[str, Any]:
        """Gradient steps taken, and the one whose update has happened."""
        return {"step": self.step, "updated_at": self.updated_at}

    def load_plain(self, values: dict[str, Any]) -> None:
        """Put both back."""
        self.step, self.updated_at = values["step"], values["updated_at"]


def _stepped(state: State) -> list[Tensor]:
    """What an optimiser's step changes: parameters, what lies under masks, and momentum as far as there is any."""
    momentum = [_momentum(state, p) for p in state.model.parameters()]
    dormant = state.masks.dormant or []
    return [*state.model.parameters(), *dormant, *(b for b in momentum if b is not None)]


def _momentum(state: State, parameter: Tensor) -> Tensor | None:
    assert state.optimizer is not None
    buffer: Tensor | None = state.optimizer.state[parameter].get("momentum_buffer")
    return buffer
