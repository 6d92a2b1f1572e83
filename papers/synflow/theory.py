"""The conservation laws of the paper and the quantities behind its Figures 3, 4, 5b and 7 (sheet, section 4.8).

Scores come by parameter name; everything is computed in the precision of the scores, float64 unless stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.sparsity.density import Kind, densities, removed_by_threshold

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Units:
    """Flow into and out of every hidden unit of the convolutions, concatenated over layers."""

    into: Tensor
    out: Tensor


def unit_sums(scores: Mapping[str, Tensor]) -> Units:
    """Theorem 1, unit by unit: incoming kernel and bias scores, and the outgoing slice of the next kernel.

    Args:
        scores: of convolution weights ``[out, in, kh, kw]`` and biases by parameter name, in module order; linear
            layers among them are passed over.
    """
    import torch

    kernels = {n: s for n, s in scores.items() if s.ndim == 4}
    into = []
    for name, kernel in list(kernels.items())[:-1]:
        bias = scores.get(name.removesuffix("weight") + "bias")
        total = kernel.sum((1, 2, 3))
        into.append(total if bias is None else total + bias)
    out = [kernel.sum((0, 2, 3)) for kernel in list(kernels.values())[1:]]
    return Units(torch.cat(into), torch.cat(out))


def layer_averages(scores: Mapping[str, Tensor]) -> tuple[list[float], list[float]]:
    """``|sum of scores| / entries`` of each convolution or linear layer with its bias, and 1 / entries (Figure 4)."""
    return averages_of({n: float(s.sum()) for n, s in scores.items()}, {n: s.numel() for n, s in scores.items()})


def averages_of(totals: Mapping[str, float], sizes: Mapping[str, int]) -> tuple[list[float], list[float]]:
    """The same from the sums of the scores of each tensor and its entries, by parameter name."""
    averages, inverse = [], []
    for name in totals:
        if name.endswith("weight"):
            layer = [n for n in (name, name.removesuffix("weight") + "bias") if n in totals]
            entries = sum(sizes[n] for n in layer)
            averages.append(abs(sum(totals[n] for n in layer)) / entries)
            inverse.append(1 / entries)
    return averages, inverse


def layer_totals(scores: Mapping[str, Tensor]) -> list[float]:
    """``|sum of scores|`` of each layer with its bias: Theorem 2 says that they are equal."""
    averages, inverse = layer_averages(scores)
    return [a / i for a, i in zip(averages, inverse, strict=True)]


def loglog_slope(averages: Sequence[float], inverse: Sequence[float]) -> float:
    """Slope of log average score against log inverse size; 1 for a conserved score (sheet 5.4)."""
    import numpy as np

    return float(np.polyfit(np.log(inverse), np.log(averages), 1)[0])


def squared_averages(weights: Mapping[str, Tensor]) -> list[float]:
    """Mean squared weight of each layer, bias included (Figure 5b)."""
    return layer_averages({n: w.detach().square() for n, w in weights.items()})[0]


def cut_over_flow(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    input_shape: Sequence[int],
    density: float,
    rounds: int,
    kind: Kind,
) -> float:
    """Largest share of the flow that one round removes: ``max_e (sum of the k lowest scores) / R`` (Figure 7).

    A layer can only be emptied by a round whose share reaches 1 (Theorem 3). Masked weights are among the k.
    """
    import torch

    from shared.sparsity.keep import above_threshold
    from shared.sparsity.masked import flat
    from shared.sparsity.synflow import flow_and_scores

    live = {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    largest = 0.0
    for target in densities(density, rounds, kind):
        flow, scores = flow_and_scores(model, weights, input_shape, live=live)
        k = removed_by_threshold(scores.numel(), target)
        cut = scores.sort().values[:k].sum()
        largest = max(largest, float(cut / flow))
        after = above_threshold(scores, flat(live), target)
        for part, mask in zip(after.split([m.numel() for m in live.values()]), live.values(), strict=True):
            mask.copy_(part.view_as(mask))
    return largest
