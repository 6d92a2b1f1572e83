"""Sanity checks that change the masks or the weights which a pruning leaves (random_tickets sheet, section 4.11).

They are settings of a ``Prune`` or ``Rewind`` phase. The network still holds its dense weights when they are called for
a rearrangement, because other weights survive then: masks first, then weights, then the masks act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from shared.protocol import Method
from shared.sanity import STRUCTURE_CHECKS as NAMES
from shared.sparsity import rearrange
from shared.training.state import State

Over = Literal["survivors", "layer"]


def structural(checks: Sequence[Method]) -> tuple[Method, ...]:
    """Those of some checks that act on masks or weights, not on data."""
    return tuple(c for c in checks if c.name in NAMES)


def dense_weights(state: State, checks: Sequence[Method]) -> dict[str, Tensor] | None:
    """Copies of the prunable weights before a pruning, if its checks will need them."""
    if not structural(checks):
        return None
    return {n: p.detach().clone() for n, p in state.masks.parameters.items()}


@torch.no_grad()
def apply_checks(state: State, checks: Sequence[Method], dense: Mapping[str, Tensor] | None = None) -> None:
    """Rearrange masks, shuffle weights, and apply the masks.

    Args:
        state: the run; its masks are those that the pruning chose.
        checks: of the phase; data checks among them are passed over.
        dense: the weights before the pruning; ``None``: the network holds them still.

    Raises:
        TypeError: for an option that a check does not have.
    """
    parameters = state.masks.parameters
    if dense is not None:
        for name, parameter in parameters.items():
            parameter.copy_(dense[name])
    for check in structural(checks):
        options: dict[str, Any] = dict(check.options)
        if check.name == "layerwise-rearrange":
            _rearrange(state, **options)
        else:
            _shuffle(state, **options)
    for name, parameter in parameters.items():
        if (frozen := state.kept.get(f"frozen/{name}")) is not None:
            parameter.mul_(frozen)
    state.masks.apply()


def _rearrange(state: State) -> None:
    for index, (name, live) in enumerate(_live(state).items()):
        order = state.draws.permutation(live.numel(), "check-rearrange", index=index)
        moved = rearrange.rearranged(live, order.to(live.device))
        if f"frozen/{name}" in state.kept:
            state.kept[f"frozen/{name}"] = moved.to(state.kept[f"frozen/{name}"])
        else:
            state.masks.live[name].copy_(moved)
    for factor, live in zip(state.masks.factors, state.masks.live.values(), strict=True):
        factor.copy_(live)


def _shuffle(state: State, *, over: Over = "survivors") -> None:
    for index, (name, live) in enumerate(_live(state).items()):
        weights = state.masks.parameters[name]
        n = int(live.sum()) if over == "survivors" else live.numel()
        order = state.draws.permutation(n, "check-shuffle", index=index).to(live.device)
        if over == "survivors":
            weights.copy_(rearrange.survivors_shuffled(weights, live, order))
        else:
            weights.copy_(rearrange.layer_shuffled(weights, order))


def _live(state: State) -> dict[str, Tensor]:
    """The masks in force: those of published SNIP live in ``kept`` (flipout sheet, trap T29)."""
    return {
        n: state.kept[f"frozen/{n}"] != 0 if f"frozen/{n}" in state.kept else m for n, m in state.masks.live.items()
    }
