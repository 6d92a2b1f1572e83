"""Numbers that need no training: counts of networks, masks from the original's initial weights, scores of VGG-19."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from papers.synflow import code_flops, theory
from papers.synflow.networks import SIZES, model_for
from papers.synflow.recipe import initial_network
from shared.sparsity.density import largest_exponent, of_exponent, of_ratio, removed_by_threshold, removed_exactly

if TYPE_CHECKING:
    from torch import Tensor, nn

FIGURE1 = ("lottery", "vgg16-bn", "cifar100")
SEEDS = (3, 1003, 2003)
"""Of the published runs of VGG-16-BN on CIFAR-100."""
VGG19 = ("imagenet", "vgg19", "imagenet")


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


@cache
def _magnitudes(seed: int) -> tuple[Tensor, list[Tensor]]:
    """Magnitudes of the published initial weights of Figure 1, sorted: of all layers together, and of each."""
    from shared.sparsity.masked import flat
    from shared.sparsity.masks import prunable_parameters

    weights = {n: p.detach() for n, p in prunable_parameters(initial_network(*FIGURE1, seed)).items()}
    scores = flat(weights).abs()
    return scores.sort().values, [w.abs().reshape(-1).sort().values for w in weights.values()]


@cache
def magnitude_layers(seed: int, exponent: float) -> tuple[int, ...]:
    """Weights that magnitude at initialisation keeps in each layer of Figure 1's network."""
    import torch

    ordered, layers = _magnitudes(seed)
    k = removed_by_threshold(len(ordered), of_exponent(exponent))
    if k < 1:
        return tuple(len(layer) for layer in layers)
    tau = ordered[k - 1 : k]
    return tuple(len(layer) - int(torch.searchsorted(layer, tau, right=True)) for layer in layers)


def magnitude_kept(seed: int, exponent: float) -> float:
    """The same in all layers together."""
    return sum(magnitude_layers(seed, exponent))


def magnitude_nonempty(exponent: float) -> float:
    """Layers that keep a weight, mean over the published seeds."""
    return sum(sum(n > 0 for n in magnitude_layers(seed, exponent)) for seed in SEEDS) / len(SEEDS)


def magnitude_critical() -> float:
    """Largest exponent of Figure 1 at which every layer keeps a weight, mean over the published seeds."""
    tested = [c / 4 for c in range(25)]
    return sum(max(c for c in tested if min(magnitude_layers(seed, c)) > 0) for seed in SEEDS) / len(SEEDS)


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


@cache
def _vgg19(pruner: str) -> dict[str, Tensor]:
    """Scores of weights and biases of the published VGG-19, ImageNet, at initialisation (needs about 4 GB)."""
    from shared.sparsity.synflow import flow_and_scores

    network = initial_network(*VGG19, 1)
    weights = {n: p.detach() for n, p in network.named_parameters()}
    if pruner == "mag":
        return {n: w.abs().double() for n, w in weights.items()}
    scores = flow_and_scores(network, weights, shape_of("imagenet"))[1]
    parts = scores.split([w.numel() for w in weights.values()])
    return {n: part.view_as(w) for part, (n, w) in zip(parts, weights.items(), strict=True)}


def conservation(pruner: str, metric: str) -> float:
    """A number of Figures 3 and 4, by its name in claims.csv."""
    import numpy as np

    scores = _vgg19(pruner)
    averages, inverse = theory.layer_averages(scores)
    if metric == "loglog_slope_avg_score_vs_inverse_size":
        return theory.loglog_slope(averages, inverse)
    if metric == "loglog_correlation":
        return float(np.corrcoef(np.log(inverse), np.log(averages))[0, 1])
    if metric == "layer_total_score_max_over_min":
        totals = theory.layer_totals(scores)
        return max(totals) / min(totals)
    units = theory.unit_sums(scores)
    if metric == "unit_in_out_score_correlation":
        return float(np.corrcoef(units.into.numpy(), units.out.numpy())[0, 1])
    return float(((units.into - units.out).abs() / units.out).max())


def cut_in_one_round(exponent: float) -> float:
    """Figure 7 with a single round: the share of the flow that it removes."""
    scores, total = _sorted_vgg19()
    k = removed_by_threshold(len(scores), of_exponent(exponent))
    return float(scores[:k].sum()) / total


@cache
def _sorted_vgg19() -> tuple[Tensor, float]:
    from shared.sparsity.masks import prunable_parameters
    from shared.sparsity.synflow import flow_and_scores

    network = initial_network(*VGG19, 1)
    flow, scores = flow_and_scores(
        network, {n: p.detach() for n, p in prunable_parameters(network).items()}, shape_of("imagenet")
    )
    return scores.sort().values, float(flow)


measure_remaining = partial(remaining, *FIGURE1)
