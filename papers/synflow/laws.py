"""Theorems 1 to 3 and the suite's own promises as numbers that are checked in seconds, without data or training."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from papers.synflow import theory
from papers.synflow.networks import SIZES
from papers.synflow.recipe import initial_network
from shared.sparsity.density import Kind, densities, largest_exponent

if TYPE_CHECKING:
    from torch import Tensor, nn

PLAIN = (("default", "fc", "mnist"), ("default", "conv", "cifar10"), ("lottery", "vgg11", "cifar10"))
"""Chains without shortcuts, where every layer carries the whole flow."""
DEEP = (
    ("lottery", "vgg19-bn", "cifar10"),
    ("lottery", "resnet110", "cifar10"),
    ("tinyimagenet", "resnet50", "cifar10"),
)


class Untrained(NamedTuple):
    """A network as initialised, in float64 and with biases at zero.

    Attributes:
        model: the network.
        weights: its prunable tensors by name, in index order.
        shape: of one image.
    """

    model: nn.Module
    weights: dict[str, Tensor]
    shape: tuple[int, int, int]


@lru_cache(maxsize=1)
def untrained(family: str, name: str, data: str) -> Untrained:
    """The network that the laws are checked on; a bias would be a source of flow of its own."""
    from shared.sparsity.masks import prunable_parameters

    network = initial_network(family, name, data, 1).double()
    for key, parameter in network.named_parameters():
        if key.endswith("bias"):
            parameter.data.zero_()
    channels, side, _, _ = SIZES[data]
    weights = {n: p.detach() for n, p in prunable_parameters(network).items()}
    return Untrained(network, weights, (channels, side, side))


@lru_cache(maxsize=1)
def flow_and_layers(family: str, name: str, data: str) -> tuple[float, dict[str, Tensor]]:
    """R, and the SynFlow scores of each layer by parameter name; float64."""
    from shared.sparsity.synflow import flow_and_scores

    network, weights, shape = untrained(family, name, data)
    flow, scores = flow_and_scores(network, weights, shape)
    parts = scores.split([w.numel() for w in weights.values()])
    return float(flow), {n: part.view_as(w) for part, (n, w) in zip(parts, weights.items(), strict=True)}


def layer_deviation(family: str, name: str, data: str) -> float:
    """Theorem 2 for SynFlow: largest relative difference between a layer's total score and the flow."""
    flow, scores = flow_and_layers(family, name, data)
    return max(abs(total / flow - 1) for total in theory.layer_totals(scores))


def unit_deviation(family: str, name: str, data: str) -> float:
    """Theorem 1 for SynFlow: largest relative difference between what enters and leaves a hidden unit."""
    _, scores = flow_and_layers(family, name, data)
    units = theory.unit_sums(scores)
    return float(((units.into - units.out).abs() / units.out.clamp_min(units.out.max() * 1e-12)).max())


def saliency_deviation() -> float:
    """Theorem 2 for ``w dL/dw`` of a ReLU network on random inputs: spread of the layer sums, relative."""
    import torch
    import torch.nn.functional as F

    from shared.sparsity.masked import leaves, run

    network, weights, _ = untrained("default", "fc", "mnist")
    theta = leaves(weights)
    images = torch.randn(16, 1, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    loss = F.cross_entropy(run(network, theta, images), torch.arange(16) % 10)
    gradients = torch.autograd.grad(loss, list(theta.values()))
    sums = [float((w.detach() * g).sum()) for w, g in zip(theta.values(), gradients, strict=True)]
    return (max(sums) - min(sums)) / max(abs(x) for x in sums)


def nonfinite_scores(family: str, name: str, data: str) -> float:
    """SynFlow scores in float64 that are not finite."""
    _, scores = flow_and_layers(family, name, data)
    return float(sum(int((~s.isfinite()).sum()) for s in scores.values()))


def _small() -> tuple[nn.Module, dict[str, Tensor], tuple[int, ...]]:
    """A convolutional chain small enough to score after every single weight."""
    import torch

    from shared.models.layers import sequential
    from shared.sparsity.masks import prunable_parameters

    layers: list[Mapping[str, object]] = [
        {"type": "conv", "in": 1, "out": 3, "kernel": 3, "padding": 1, "bias": False},
        {"type": "relu"},
        {"type": "conv", "in": 3, "out": 4, "kernel": 3, "padding": 1, "bias": False},
        {"type": "relu"},
        {"type": "avgpool", "kernel": 4},
        {"type": "flatten"},
        {"type": "linear", "in": 4, "out": 3, "bias": False},
    ]
    network = sequential(layers, torch.Generator().manual_seed(1)).double()
    return network, {n: p.detach() for n, p in prunable_parameters(network).items()}, (1, 4, 4)


def critical_by_single_weights() -> float:
    """Theorem 3: layers alive when SynFlow, re-scored after every weight, is pruned to one weight for each layer."""
    network, weights, shape = _small()
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    total = sum(w.numel() for w in weights.values())
    plan = [left / total for left in range(total - 1, len(weights) - 1, -1)]
    out = prune_in_rounds(synflow_scores(network, shape), weights, plan)
    assert out.remaining == len(weights)
    return float(sum(n > 0 for n in out.kept[-1]))


def alive_in_one_round() -> float:
    """The same network pruned to one weight for each layer in a single round."""
    network, weights, shape = _small()
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    total = sum(w.numel() for w in weights.values())
    out = prune_in_rounds(synflow_scores(network, shape), weights, densities(len(weights) / total, 1))
    return float(sum(n > 0 for n in out.kept[-1]))


def emptied_against_size() -> float:
    """Q13: layers of FC that one round at 10x empties while a larger one is left, and one more if the largest is left.

    Conserved scores are lowest where there are most of them.
    """
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    network, weights, shape = untrained("default", "fc", "mnist")
    kept = prune_in_rounds(synflow_scores(network, shape), weights, [0.1]).kept[-1]
    sizes = [w.numel() for w in weights.values()]
    most_left = max((size for size, n in zip(sizes, kept, strict=True) if n), default=0)
    against = sum(n == 0 and size < most_left for size, n in zip(sizes, kept, strict=True))
    return float(against + (most_left == max(sizes)))


def mask_differences() -> float:
    """Q17: positions at which two masks of one seed differ, each from a network and scores of its own."""
    import torch

    from shared.sparsity.masked import flat
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    def mask() -> Tensor:
        network, weights, shape = untrained.__wrapped__("lottery", "resnet20", "cifar10")
        return flat(prune_in_rounds(synflow_scores(network, shape), weights, densities(0.1, 5)).live)

    return float(torch.count_nonzero(mask() ^ mask()))


def cut_exceeds_flow(kind: Kind, rounds: int) -> float:
    """Q11: 1 if some round of a schedule for FC towards 10^3 removes as much as the whole flow, else 0 (Figure 7).

    Both schedules of 100 rounds stay below it on a network too small to have many weights for each round.
    """
    network, weights, shape = untrained("default", "fc", "mnist")
    assert largest_exponent(sum(w.numel() for w in weights.values()), len(weights)) > 3
    return float(theory.cut_over_flow(network, weights, shape, 10**-3, rounds, kind) >= 1)


def kept_at_extreme(density: float) -> float:
    """Weights of VGG-11 that remain at an extreme density, after one round in float64."""
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    network, weights, shape = untrained("lottery", "vgg11", "cifar10")
    return float(prune_in_rounds(synflow_scores(network, shape), weights, [density]).remaining)
