"""Calling a method from outside (``shared.outside``), and refusing what it returns if that cannot be used."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.lazy import attribute
from shared.outside import execute, line_of
from shared.sparsity.criteria import global_fraction, prune_lowest
from shared.training.components.one_shot import kept
from shared.training.method import Component
from shared.training.state import State


def scores(state: State, source: str, function: str, arguments: str) -> Tensor:
    """``[n]``: one number for each prunable entry, the lowest to be removed first.

    A function is called with the state; of a class the component that watches the run is asked (``outside_watch``).
    Batch statistics, training modes and the global random numbers are put back afterwards.

    Raises:
        ReproError: if it fails, changes weights, or returns anything but one finite number for each prunable entry.
    """
    watcher = state.outside.get(f"watch {function}")
    ask = watcher.score if watcher is not None else _own(state, source, function)
    given = {} if watcher is not None else json.loads(arguments)
    with _unchanged(state, function), _said(function):
        returned = ask(state, **given)
    return _flat(returned, state, function)


def _own(state: State, source: str, function: str) -> Callable[..., Any]:
    """The function, from a module that this run alone has: what it remembers reaches no other run."""
    if function not in state.outside:
        state.outside[function] = execute(source, function)
    found: Callable[..., Any] = state.outside[function]
    if isinstance(found, type):
        raise ReproError(f"{function} is a class, which watches training; where pruning happens once it sees none.")
    return found


@contextmanager
def _said(function: str) -> Iterator[None]:
    """An error of the user's code is a sentence with its line; what it prints goes to stderr."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        if isinstance(error, ReproError):
            raise
        raise ReproError(f"{function} failed{line_of(error)}: {type(error).__name__}: {error}") from error


@contextmanager
def _unchanged(state: State, function: str) -> Iterator[None]:
    """Weights must be what they were; buffers, training modes and global random numbers are made so.

    The global numbers start from the run's own, for a method that draws them although it should use ``state.draws``.
    """
    weights = [p.detach().clone() for p in state.parameters]
    buffers = [(b, b.clone()) for b in state.model.buffers()]
    modes = [(m, m.training) for m in state.model.modules()]
    seed = state.draws.key("outside", (state.epoch, state.step, 0)) if isinstance(state.draws, KeyedDraws) else 0
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
    for module, mode in modes:
        module.training = mode
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
    if not all(torch.equal(p, w) for p, w in zip(state.parameters, weights, strict=True)):
        raise ReproError(f"{function} changed weights of the network; a score only looks at them.")


def _flat(returned: Any, state: State, function: str) -> Tensor:
    masks = state.masks
    if isinstance(returned, Mapping):
        for name, live in masks.live.items():
            one = returned.get(name)
            if not isinstance(one, Tensor) or one.shape != live.shape:
                what = "nothing" if one is None else tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__
                raise ReproError(f"{function} returned {what} for {name}; it must return {tuple(live.shape)} scores.")
        returned = torch.cat([returned[n].reshape(-1) for n in masks])
    if not isinstance(returned, Tensor) or returned.shape != (masks.total,):
        shape = tuple(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise ReproError(
            f"{function} returned {shape}; it must return a tensor of {masks.total} scores, one for each prunable "
            "entry, or a dict of one tensor for each name in state.masks."
        )
    if returned.is_complex():
        raise ReproError(f"{function} returned complex scores, which have no order.")
    flat = returned.detach()
    flat = flat if flat.is_floating_point() else flat.double()
    if not bool(torch.isfinite(flat[masks.flat()]).all()):
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
