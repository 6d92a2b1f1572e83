"""Numbers that need no training: counts of networks, masks from the original's initial weights.

The scores of VGG-19 are in ``papers.synflow.vgg19``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from papers.synflow import code_flops
from papers.synflow.networks import SIZES, model_for
from papers.synflow.recipe import initial_network
from papers.synflow.vgg19 import conservation as conservation
from papers.synflow.vgg19 import cut_in_one_round as cut_in_one_round
from shared.sparsity.density import largest_exponent, of_exponent, of_ratio, removed_by_threshold, removed_exactly

if TYPE_CHECKING:
    from torch import Tensor, nn

FIGURE1 = ("lottery", "vgg16-bn", "cifar100")
SEEDS = (3, 1003, 2003)
"""Of the published runs of VGG-16-BN on CIFAR-100."""


@cache
def skeleton(family: str, name: str, data: str) -> nn.Module:
    """A network without values."""
    from shared.models.initialise import unfilled
    from shared.models.registry import build

    with unfilled():
        return build(model_for(family, name, data))


def shape_of(data: str) -> tuple[int, int, int]:
    """Of one image: channels, height, width."""
    channels, side, _, _ = SIZES[data]
    return channels, side, side


@cache
def prunable(family: str, name: str, data: str) -> tuple[int, ...]:
    """Sizes of the prunable tensors, in order."""
    from shared.sparsity.masks import prunable_parameters

    return tuple(p.numel() for p in prunable_parameters(skeleton(family, name, data)).values())


def network_count(family: str, name: str, data: str, metric: str) -> float:
    """A count of sheet 2.7, by the name it has in claims.csv."""
    from shared.models.channel_scale import ChannelScale
    from shared.sparsity.accounting import layer_table, macs, parameter_count

    network = skeleton(family, name, data)
    if metric == "params":
        return parameter_count(network)
    if metric == "trainable_params":
        scales = sum(m.weight.numel() for m in network.modules() if isinstance(m, ChannelScale))
        return parameter_count(network) - scales
    if metric == "prunable_weights":
        return sum(prunable(family, name, data))
    if metric == "prunable_layers":
        return len(prunable(family, name, data))
    if metric == "weight_macs":
        return macs(layer_table(network, shape_of(data)))[0]
    return sum(row.operations for row in code_flops.table(network, shape_of(data)))


def max_compression(family: str, name: str, data: str) -> float:
    """log10 of weights over tensors."""
    sizes = prunable(family, name, data)
    return largest_exponent(sum(sizes), len(sizes))


def remaining(family: str, name: str, data: str, exponent: float) -> float:
    """Weights that the original's rule keeps at a compression exponent, without ties."""
    total = sum(prunable(family, name, data))
    return total - removed_by_threshold(total, of_exponent(exponent))


def remaining_at_ratio(family: str, name: str, data: str, ratio: float) -> float:
    """Weights that a plain ratio keeps."""
    total = sum(prunable(family, name, data))
    return total - removed_exactly(total, of_ratio(ratio))


TESTED = tuple(c / 4 for c in range(25))
"""Exponents of Figure 1."""


@cache
def _magnitude_layers(seed: int) -> dict[float, tuple[int, ...]]:
    """Weights that magnitude keeps in each layer of Figure 1's network, by exponent, at the published initial weights.

    Thresholds are found once for all exponents.
    """
    import torch

    from shared.sparsity.masks import prunable_parameters

    layers = [w.detach().abs() for w in prunable_parameters(initial_network(*FIGURE1, seed)).values()]
    ordered = torch.cat([layer.reshape(-1) for layer in layers]).numpy()
    removed = {c: removed_by_threshold(len(ordered), of_exponent(c)) for c in TESTED}
    ordered.partition(sorted({k - 1 for k in removed.values() if k}))  # each threshold comes to its place
    return {
        c: tuple(int((layer > ordered[k - 1]).sum()) if k else layer.numel() for layer in layers)
        for c, k in removed.items()
    }


def magnitude_layers(seed: int, exponent: float) -> tuple[int, ...]:
    """Weights that magnitude at initialisation keeps in each layer of Figure 1's network."""
    return _magnitude_layers(seed)[exponent]


def magnitude_kept(seed: int, exponent: float) -> float:
    """The same in all layers together."""
    return sum(magnitude_layers(seed, exponent))


def magnitude_nonempty(exponent: float) -> float:
    """Layers that keep a weight, mean over the published seeds."""
    return sum(sum(n > 0 for n in magnitude_layers(seed, exponent)) for seed in SEEDS) / len(SEEDS)


def magnitude_critical() -> float:
    """Largest exponent of Figure 1 at which every layer keeps a weight, mean over the published seeds."""
    return sum(max(c for c in TESTED if min(magnitude_layers(seed, c)) > 0) for seed in SEEDS) / len(SEEDS)


@cache
def _one_shot(family: str, name: str, data: str, seed: int) -> tuple[Tensor, list[int]]:
    """SynFlow scores of the original's initial network, in float64, and the tensors' sizes."""
    from shared.sparsity.masks import prunable_parameters
    from shared.sparsity.synflow import flow_and_scores

    network = initial_network(family, name, data, seed)
    weights = {n: p.detach() for n, p in prunable_parameters(network).items()}
    return flow_and_scores(network, weights, shape_of(data))[1], [w.numel() for w in weights.values()]


def _kept_in_one_shot(exponent: float) -> dict[str, int]:
    scores, sizes = _one_shot("lottery", "vgg16", "cifar10", 1)
    tau = scores.kthvalue(removed_by_threshold(len(scores), of_exponent(exponent))).values
    parts = scores.split(sizes)
    from shared.sparsity.masks import prunable_parameters

    names = prunable_parameters(skeleton("lottery", "vgg16", "cifar10"))
    return {n: int((part > tau).sum()) for n, part in zip(names, parts, strict=True)}


def student_share(exponent: float) -> float:
    """Operations left by SynFlow in one round on the assignment's VGG-16, seed 1 (sheet 7.5)."""
    rows = code_flops.table(skeleton("lottery", "vgg16", "cifar10"), shape_of("cifar10"))
    return code_flops.reported(rows, _kept_in_one_shot(exponent)).operation_share


def student_layer(index: int, exponent: float) -> float:
    """Multiply-adds left in the layer of that position; all of them at exponent 0."""
    from shared.sparsity.accounting import layer_table

    layer = layer_table(skeleton("lottery", "vgg16", "cifar10"), shape_of("cifar10"))[index]
    if not exponent:
        return layer.macs_dense
    return _kept_in_one_shot(exponent)[layer.name] * layer.positions
