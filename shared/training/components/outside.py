"""The places of a run at which a method from outside acts (``shared.outside``)."""

from __future__ import annotations

import copy
import json
from typing import Any

from torch import Tensor

from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.lazy import attribute
from shared.outside import execute, line_of
from shared.sparsity.criteria import global_fraction, prune_lowest
from shared.training.components.one_shot import kept
from shared.training.method import Component
from shared.training.outside_scores import scores
from shared.training.state import State


def criterion(state: State, *, fraction: float, source: str, function: str, arguments: str) -> Tensor:
    """Remove a fraction of the live weights: those with the lowest scores over all tensors."""
    return global_fraction(scores(state, source, function, arguments), state.masks.flat(), fraction)


def component(source: str, function: str) -> Any:
    """The user's class.

    Raises:
        ReproError: if it is no component with ``score``.
    """
    cls = execute(source, function)
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
            state.outside[f"watch {function}"] = self
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
    replaced: str,
    rounds: int = 1,
) -> dict[str, Any]:
    """Prune by scores from outside, down to exactly as many weights as the replaced method keeps.

    Args:
        state: the run; its masks are replaced.
        train: its training data, for the replaced method.
        source, function, arguments: of the method from outside.
        instead_of: ``"module:attribute"`` of the replaced method, which is tried on a copy of the run to learn how many
            weights it keeps.
        replaced: its options, as JSON.
        rounds: scores are taken anew in each, from what the last one left; densities fall by equal factors.

    Returns:
        Weights kept, in all and per tensor.
    """
    masks, after = state.masks, _tried(state, train, instead_of, json.loads(replaced))
    before = masks.remaining
    for index in range(1, rounds + 1):
        wanted = round(before * (after / before) ** (index / rounds)) if index < rounds else after
        found = scores(state, source, function, arguments)
        masks.set_flat(prune_lowest(found, masks.flat(), masks.remaining - wanted))
    return kept(state)


def _tried(state: State, train: EpochLoader, instead_of: str, options: dict[str, Any]) -> int:
    """Live weights after the replaced method, tried on a copy of the run."""
    shared = (state.protocol, state.draws, state.train, state.phase, state.outside)
    trial = copy.deepcopy(state, {id(part): part for part in shared})
    attribute(instead_of)(trial, train, **options)
    return trial.masks.remaining


class OutsidePenalty(Component):
    """A penalty from outside, added to the mean cross-entropy of every step.

    Args:
        source, function, arguments: of the method from outside; called with the state, it returns a scalar tensor.
    """

    def __init__(self, source: str, function: str, arguments: str) -> None:
        self.function, self.arguments = execute(source, function), json.loads(arguments)
        self.name = function

    def penalty(self, state: State) -> Tensor:
        """What the function returns.

        Raises:
            ReproError: if it fails, or returns no scalar tensor.
        """
        try:
            value = self.function(state, **self.arguments)
        except Exception as error:
            raise ReproError(f"{self.name} failed{line_of(error)}: {type(error).__name__}: {error}") from error
        if not isinstance(value, Tensor) or value.numel() != 1:
            raise ReproError(f"{self.name} must return a scalar tensor, the penalty of this step.")
        return value.reshape(())
