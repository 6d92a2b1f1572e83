"""Calling a method from outside (``shared.outside``), and refusing what it returns if that cannot be used."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.lazy import attribute
from shared.outside import load
from shared.sparsity.criteria import global_fraction, prune_lowest
from shared.training.components.one_shot import kept
from shared.training.method import Component
from shared.training.state import State


def scores(state: State, source: str, function: str, arguments: str) -> Tensor:
    """``[n]``: one number for each prunable entry, the lowest to be removed first.

    A function is called with the state; of a class the component that watches the run is asked (``outside_watch``), or
    a new instance where none does.

    Raises:
        ReproError: if what is returned is not one finite number for each prunable entry.
    """
    found = load(source, function)
    if isinstance(found, type):
        watcher = state.outside.get(function) or component(source, function)(**json.loads(arguments))
        returned = watcher.score(state)
    else:
        returned = found(state, **json.loads(arguments))
    return _flat(returned, state, function)


def _flat(returned: Any, state: State, function: str) -> Tensor:
    if isinstance(returned, Mapping):
        if lacking := [n for n in state.masks if n not in returned]:
            raise ReproError(f"{function} returned no score for {lacking[0]}; it must return one for each of masks.")
        returned = torch.cat([returned[n].reshape(-1) for n in state.masks])
    if not isinstance(returned, Tensor) or returned.shape != (state.masks.total,):
        shape = tuple(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise ReproError(
            f"{function} returned {shape}; it must return a tensor of {state.masks.total} scores, one for each "
            "prunable entry, or a dict of one tensor for each name in state.masks."
        )
    flat = returned.detach()
    if not bool(torch.isfinite(flat[state.masks.flat()]).all()):
        raise ReproError(f"{function} returned scores of live weights that are not finite.")
    return flat


def criterion(state: State, *, fraction: float, source: str, function: str, arguments: str) -> Tensor:
    """Remove a fraction of the live weights: those with the lowest scores over all tensors."""
    return global_fraction(scores(state, source, function, arguments), state.masks.flat(), fraction)


def component(source: str, function: str) -> Any:
    """The user's class.

    Raises:
        ReproError: if it is no component with ``score``.
    """
    cls = load(source, function)
    if not (isinstance(cls, type) and issubclass(cls, Component) and hasattr(cls, "score")):
        raise ReproError(
            f"The class {function} must derive from shared.training.method.Component and have score(state)."
        )
    return cls


def outside_watch(*, source: str, function: str, arguments: str) -> Component:
    """A component of the user's own class, which sees every step; ``scores`` finds it by its name."""
    cls: Any = component(source, function)

    class Watcher(cls):
        """The user's class, which makes itself known to the run."""

        def start(self, state: State) -> None:
            """Make itself known, then what the class does."""
            state.outside[function] = self
            super().start(state)

    watcher: Component = Watcher(**json.loads(arguments))
    return watcher


def outside_score(
    state: State,
    train: EpochLoader,
    *,
    source: str,
    function: str,
    arguments: str,
    instead_of: str,
    rounds: int = 1,
    spares: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Prune by scores from outside, down to exactly as many weights as the replaced method keeps.

    Args:
        state: the run; its masks are replaced.
        train: its training data, for the replaced method.
        source, function, arguments: of the method from outside.
        instead_of: ``"module:attribute"`` of the replaced method, which is tried on a copy of the run to learn how many
            weights it keeps.
        rounds: scores are taken anew in each, from what the last one left; densities fall by equal factors.
        spares: tensors that the replaced method leaves whole stay whole.
        options: of the replaced method.

    Returns:
        Weights kept, in all and per tensor.
    """
    masks, tried = state.masks, _tried(state, train, instead_of, options)
    whole = {n for n, left in tried.items() if spares and left == masks.live[n].numel()}
    before, after = masks.remaining, sum(tried.values())
    for index in range(1, rounds + 1):
        wanted = round(before * (after / before) ** (index / rounds)) if index < rounds else after
        found = scores(state, source, function, arguments)
        if whole:
            found = torch.cat(
                [torch.full_like(s, torch.inf) if n in whole else s for n, s in _by_name(found, state).items()]
            )
        masks.set_flat(prune_lowest(found, masks.flat(), masks.remaining - wanted))
    return kept(state)


def _by_name(flat: Tensor, state: State) -> dict[str, Tensor]:
    return dict(zip(state.masks, flat.split(state.masks.sizes), strict=True))


def _tried(state: State, train: EpochLoader, instead_of: str, options: dict[str, Any]) -> dict[str, int]:
    """Live weights per tensor after the replaced method, tried on a copy of the run."""
    shared = (state.protocol, state.draws, state.train, state.phase)
    trial = copy.deepcopy(state, {id(part): part for part in shared})
    attribute(instead_of)(trial, train, **options)
    return trial.masks.remaining_per_tensor()


class OutsidePenalty(Component):
    """A penalty from outside, added to the mean cross-entropy of every step.

    Args:
        source, function, arguments: of the method from outside; called with the state, it returns a scalar tensor.
    """

    def __init__(self, source: str, function: str, arguments: str) -> None:
        self.function, self.arguments = load(source, function), json.loads(arguments)
        self.name = function

    def penalty(self, state: State) -> Tensor:
        """What the function returns.

        Raises:
            ReproError: if that is no scalar tensor.
        """
        value = self.function(state, **self.arguments)
        if not isinstance(value, Tensor) or value.numel() != 1:
            raise ReproError(f"{self.name} must return a scalar tensor, the penalty of this step.")
        return value.reshape(())
