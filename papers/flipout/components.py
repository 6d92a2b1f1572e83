"""FlipOut's own components: sign-flip counters, and the criteria that read them."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from papers.flipout import historical, methods, structured
from shared.training.blocks import Block, block_length, buffers, cut, parts
from shared.training.components.prune import CRITERIA, Criterion, PeriodicPruning
from shared.training.fuse import fused
from shared.training.method import Component
from shared.training.state import State


class CountFlips(Component):
    """Count, for every prunable weight, how often an update changed its sign (sheet 4.1 steps 2 and 9, and 4.3).

    Only updates in training batches count, prunings do not. Inside an epoch the weights after one step are those before
    the next, so that no copy has to be taken before each update.
    """

    def start(self, state: State) -> None:
        """Counters start at 0 and are kept for the whole run."""
        parameters = state.masks.parameters
        self.counts = {n: torch.zeros_like(p) for n, p in parameters.items()}
        self.before = [torch.empty_like(p, requires_grad=False) for p in parameters.values()]
        self.blocks: list[Block] = []
        if state.device.type == "cpu":
            self.blocks = cut(state.masks.sizes, block_length())
            scratch = self.before[0].new_empty(max(b.length for b in self.blocks))
            lists = (list(self.counts.values()), self.before, list(parameters.values()))
            self.cut = [*(parts(tensors, self.blocks) for tensors in lists), buffers(scratch, self.before, self.blocks)]
            self.zeroed = -1  # the masks under which the counters of what they remove are 0, see ``Masks.changes``
        else:
            self.count = fused(count_and_remember_, state.device)
        state.signals["flips"] = self.counts

    @torch.no_grad()
    def before_epoch(self, state: State) -> None:
        """Remember the weights (on a CPU: their signs) as they are before the first update."""
        weights: list[Tensor] = list(state.masks.parameters.values())
        torch._foreach_copy_(self.before, torch._foreach_sign(weights) if self.blocks else weights)

    @torch.no_grad()
    def after_step(self, state: State) -> None:
        """Compare with the weights after update and masks; a pruned weight's counter becomes 0."""
        masks, counts = state.masks, list(self.counts.values())
        weights: list[Tensor] = list(masks.parameters.values())
        if not self.blocks:
            self.count(counts, self.before, weights, masks.factors)
            return
        for block in zip(*self.cut, strict=True):
            count_by_signs_(*block)
        if self.zeroed != masks.changes:  # later steps find what is removed 0 before and after, and count nothing
            torch._foreach_mul_(counts, masks.factors)
            self.zeroed = masks.changes

    def tensors(self) -> dict[str, Tensor]:
        """The counters."""
        return self.counts


def count_and_remember_(counts: list[Tensor], before: list[Tensor], after: list[Tensor], live: list[Tensor]) -> None:
    """Count the flips of a step, then let ``before`` be the weights after it."""
    methods.count_flips_(counts, before, after, live)
    torch._foreach_copy_(before, after)


def count_by_signs_(counts: list[Tensor], before: list[Tensor], weights: list[Tensor], scratch: list[Tensor]) -> None:
    """The same on a CPU, where passes over memory are what costs: called for one block after another.

    Args:
        counts: changed in place; those of masked weights are left to the caller.
        before: signs before the step; afterwards those after it.
        weights: after the step.
        scratch: of the same shapes.
    """
    for weight, old, signs in zip(weights, before, scratch, strict=True):
        torch.sign(weight, out=signs)
        torch.ne(signs, old, out=old)
    torch._foreach_add_(counts, before)
    torch._foreach_copy_(before, scratch)


def _flips(state: State) -> Tensor:
    return torch.cat([counts.reshape(-1) for counts in state.signals["flips"].values()])


Counts = Literal["published", "corrected"]


def flipout(
    state: State,
    *,
    fraction: float,
    p: float = 2,
    signed: bool = False,
    offset: float = 1,
    counts: Counts = "corrected",
) -> Tensor:
    """``w^p / (F + 1)``, lowest first, over all tensors (sheet 4.3); ``offset`` is the 1 (trap T4)."""
    scores = methods.saliency(state.masks.flat_weights(), _flips(state), p, signed=signed, offset=offset)
    return methods.prune(scores, state.masks.flat(), fraction, counts)


def squared_flips(state: State, *, fraction: float, counts: Counts = "corrected") -> Tensor:
    """``|w| / (F^2 + 1)`` (sheet 4.9)."""
    scores = methods.squared_flips_saliency(state.masks.flat_weights(), _flips(state))
    return methods.prune(scores, state.masks.flat(), fraction, counts)


def topflip(state: State, *, fraction: float) -> Tensor:
    """The weights with most flips (sheet 4.9)."""
    return historical.topflip(state.masks.flat(), _flips(state), fraction)


def topflip_layer(state: State, *, fraction: float) -> Tensor:
    """The weights with most flips in each tensor (sheet 4.9)."""
    return historical.topflip_layer(state.masks.flat(), _flips(state), state.masks.sizes, fraction)


def flip(state: State, *, threshold: float = 1) -> Tensor:
    """Every weight with at least so many flips (sheet 4.9)."""
    return historical.flip(state.masks.flat(), _flips(state), threshold)


def structured_magnitude(state: State, *, fraction: float) -> Tensor:
    """Filters of a chain with the lowest mean ``|w|``, and all that belongs to them (sheet 4.5)."""
    masks = state.masks
    units = structured.chain(state.model)
    after = structured.structured_magnitude(dict(masks.parameters), masks.live, units, fraction)
    return torch.cat([after[name].reshape(-1) for name in masks])


OWN_CRITERIA: dict[str, Criterion] = {
    "flipout": flipout,
    "flipout-squared-flips": squared_flips,
    "topflip": topflip,
    "topflip-layer": topflip_layer,
    "flip": flip,
    "structured-magnitude": structured_magnitude,
}


def prune(criterion: str, interval: int, stop_epoch: int | None = None, **options: Any) -> PeriodicPruning:
    """Periodic pruning that also knows the paper's own criteria."""
    return PeriodicPruning(criterion, interval, stop_epoch, known={**CRITERIA, **OWN_CRITERIA}, **options)


COMPONENTS = {
    "count-flips": "papers.flipout.components:CountFlips",
    "prune": "papers.flipout.components:prune",
}
