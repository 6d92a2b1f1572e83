"""VGG-19 of the published weights, ImageNet: what Figures 3, 4 and 7 need of it, in one pass and under 2 GB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from papers.synflow import theory
from papers.synflow.chain import ROWS, flow_by_layer
from papers.synflow.networks import SIZES
from papers.synflow.recipe import initial_network
from shared.sparsity.density import of_exponent, removed_by_threshold

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

NAME = ("imagenet", "vgg19", "imagenet")
EXPONENTS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Of Figure 7."""


@dataclass(frozen=True)
class Summary:
    """What the figures need of a network's scores.

    Attributes:
        totals: sum of the scores of each weight and bias tensor, by name.
        sizes: their entries.
        units: sums of hidden units of the convolutions.
        cuts: share of the flow in the lowest scores, by compression exponent; for SynFlow alone.
    """

    totals: Mapping[str, float]
    sizes: Mapping[str, int]
    units: theory.Units
    cuts: Mapping[float, float]

    @property
    def averages(self) -> tuple[list[float], list[float]]:
        """As ``theory.layer_averages``."""
        return theory.averages_of(self.totals, self.sizes)


@cache
def summaries() -> dict[str, Summary]:
    """Of Mag and SynFlow at initialisation, seed 1."""
    channels, side, _, _ = SIZES["imagenet"]
    return summarise(initial_network(*NAME, 1), (channels, side, side), EXPONENTS)


def summarise(
    network: nn.Module, input_shape: tuple[int, int, int], exponents: tuple[float, ...]
) -> dict[str, Summary]:
    """Both scores of a chain without batch normalisation, whose weights are lost: scores take their place.

    Scores are made and summed in float64. Only their order and the sums of the lowest, for ``cuts``, are taken from a
    copy in float32, in which the figure was published.
    """

    parameters = {n: p.detach() for n, p in network.named_parameters()}
    sizes = {n: p.numel() for n, p in parameters.items()}
    totals = dict.fromkeys(parameters, 0.0)
    for_units = _for_units(parameters)
    kept: dict[str, Tensor] = {}

    def take(name: str, first: int, block: Tensor) -> None:
        totals[name] += float(block.sum())
        if name in for_units:
            kept[name] = _pooled(block)
        parameters[name][first : first + len(block)] = block

    magnitude = Summary(
        {n: sum(float(rows.abs().double().sum()) for rows in p.split(ROWS)) for n, p in parameters.items()},
        sizes,
        theory.unit_sums({n: _pooled(parameters[n].abs().double()) for n in for_units}),
        {},
    )
    flow = flow_by_layer(network, input_shape, take)
    scores = _moved([p for p in parameters.values() if p.ndim > 1])
    cuts = lowest_sums(scores.numpy(), [removed_by_threshold(len(scores), of_exponent(c)) for c in exponents])
    shares = {c: cut / flow for c, cut in zip(exponents, cuts, strict=True)}
    units = theory.unit_sums({n: kept[n] for n in for_units})
    return {"mag": magnitude, "synflow": Summary(totals, sizes, units, shares)}


def _moved(tensors: list[Tensor]) -> Tensor:
    """One vector of all tensors, each of which is given up once it is copied."""
    import torch

    out = torch.empty(sum(t.numel() for t in tensors), dtype=tensors[0].dtype)
    for tensor, part in zip(tensors, out.split([t.numel() for t in tensors]), strict=True):
        part.copy_(tensor.reshape(-1))
        tensor.untyped_storage().resize_(0)
    return out


def _for_units(parameters: Mapping[str, Tensor]) -> list[str]:
    """Kernels of convolutions and their biases."""
    kernels = {n.removesuffix("weight") for n, p in parameters.items() if p.ndim == 4}
    return [n for n in parameters if n.rpartition(".")[0] + "." in kernels]


def _pooled(scores: Tensor) -> Tensor:
    """Kernels ``[out, in, kh, kw]`` summed over positions, which is all that units need of them; biases as they are."""
    return scores.sum((2, 3), keepdim=True) if scores.ndim == 4 else scores


def lowest_sums(scores: np.ndarray, counts: list[int]) -> list[float]:
    """Sums of the lowest ``k`` scores for each count; the array is left partly sorted."""
    import numpy as np

    scores.partition([k - 1 for k in sorted(set(counts)) if k])
    return [float(scores[:k].sum(dtype=np.float64)) for k in counts]


def conservation(pruner: str, metric: str) -> float:
    """A number of Figures 3 and 4, by its name in claims.csv."""
    import numpy as np

    summary = summaries()[pruner]
    averages, inverse = summary.averages
    if metric == "loglog_slope_avg_score_vs_inverse_size":
        return theory.loglog_slope(averages, inverse)
    if metric == "loglog_correlation":
        return float(np.corrcoef(np.log(inverse), np.log(averages))[0, 1])
    if metric == "layer_total_score_max_over_min":
        totals = [a / i for a, i in zip(averages, inverse, strict=True)]
        return max(totals) / min(totals)
    units = summary.units
    if metric == "unit_in_out_score_correlation":
        return float(np.corrcoef(units.into.numpy(), units.out.numpy())[0, 1])
    return float(((units.into - units.out).abs() / units.out).max())


def cut_in_one_round(exponent: float) -> float:
    """Figure 7 with a single round: the share of the flow that it removes."""
    return summaries()["synflow"].cuts[exponent]
