"""Asking a method from outside for scores: what it may do to a run, and what it may return."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch import Tensor

from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.outside import execute, line_of
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
