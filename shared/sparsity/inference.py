"""How long a pruned network takes to answer, beside a dense one and beside what is left when dead channels are cut out.

A masked layer multiplies by its zeros like by any other number, so sparsity alone saves no time (synflow sheet, trap
22). Networks are timed in pairs: in every round each once, in alternating order, so that whatever else the machine does
meets all of them alike. Seconds are of this machine; the ratios within a round are what can be compared.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from shared.sparsity.compaction import compacted, largest_difference, size_of

ROUNDS = (9, 40)
"""Fewest and most rounds after the one that warms up."""
SECONDS = 2.0
"""After so long no further round begins, once there are the fewest."""


@torch.no_grad()
def inference(model: nn.Module, prunable: Sequence[str], images: Tensor, **limits: Any) -> dict[str, Any]:
    """Time a network as it is, with its removed weights filled in, and without its dead channels.

    Args:
        model: the network after pruning; it is left as it is.
        prunable: names of its prunable parameters.
        images: one batch ``[N, C, H, W]`` on the network's device.
        limits: of ``rounds_of``.

    Returns:
        ``images``, ``rounds``, ``threads``; ``dense``, ``pruned`` and, where whole channels are gone, ``compact``: each
        with ``parameters``, ``macs`` (dense, one sample), ``seconds`` (median of a batch), ``ratio`` (median over the
        rounds of its time over the dense network's) and ``low``, ``high`` (quartiles of it). ``difference`` is the
        largest relative difference of the compact network's outputs.
    """
    shape = tuple(images.shape[1:])
    pruned = copy.deepcopy(model).eval()
    networks = {"dense": filled(model, prunable), "pruned": pruned}
    small = compacted(model)
    found: dict[str, Any] = {"images": len(images), "threads": torch.get_num_threads()}
    if size_of(small, shape) != size_of(pruned, shape):
        networks["compact"] = small.to(memory_format=torch.channels_last)
        found["difference"] = largest_difference(pruned, small, images)
    times = rounds_of({name: _forward(network, images) for name, network in networks.items()}, **limits)
    found["rounds"] = len(times["dense"])
    for name, network in networks.items():
        ratios = [a / b for a, b in zip(times[name], times["dense"], strict=True)]
        low, ratio, high = statistics.quantiles(ratios, n=4, method="inclusive")
        seconds = statistics.median(times[name])
        found[name] = {**size_of(network, shape), "seconds": seconds, "ratio": ratio, "low": low, "high": high}
    return found


@torch.no_grad()
def filled(model: nn.Module, prunable: Sequence[str]) -> nn.Module:
    """A copy in evaluation mode, its zeros replaced by noise of the size of the tensor: a dense network to time."""
    dense = copy.deepcopy(model).eval()
    parameters = dict(dense.named_parameters())
    for name in prunable:
        weight = parameters[name]
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(weight.shape, generator=generator, dtype=weight.dtype).to(weight.device)
        size = weight.square().mean().sqrt().clamp_min(1e-3)
        weight.copy_(torch.where(weight == 0, noise * size, weight))
    return dense


def rounds_of(
    ways: Mapping[str, Callable[[], None]], *, rounds: tuple[int, int] = ROUNDS, seconds: float = SECONDS
) -> dict[str, list[float]]:
    """Seconds of each way in each round; every way runs once before to warm up, forwards and backwards in turn after.

    Args:
        ways: functions that return when their work is done.
        rounds: fewest and most.
        seconds: after which no further round begins.
    """
    for run in ways.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in ways}
    began, fewest, most = time.perf_counter(), *rounds
    order = list(ways)
    for i in range(most):
        if i >= fewest and time.perf_counter() - began > seconds:
            break
        for name in order if i % 2 == 0 else reversed(order):
            started = time.perf_counter()
            ways[name]()
            times[name].append(time.perf_counter() - started)
    return times


def _forward(network: nn.Module, images: Tensor) -> Callable[[], None]:
    def run() -> None:
        if images.is_cuda:
            torch.cuda.synchronize(images.device)
        network(images)
        if images.is_cuda:
            torch.cuda.synchronize(images.device)

    return run
