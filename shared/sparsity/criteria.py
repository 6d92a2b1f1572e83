"""Criteria: from weights, live mask and a fraction to the new live mask.

Everything is a flat vector over the concatenated prunable tensors (``Masks.flat``, ``Masks.flat_weights``); ``True``
means live. Counts are exact, ties follow the suite's rule: masked weights first, then lower score, then lower index.
A masked weight is 0 and so has the lowest magnitude there is: "the n0 + k lowest of all" is then "k more of the live
ones", which is how the magnitude criteria are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.topk import lowest

ZerosFrom = Literal["mask", "weights"]
Choose = Callable[[Tensor, int], Tensor]


def quota(fraction: float, live: float) -> int:
    """How many of ``live`` weights go at a rate: the floor of the floating-point product (0.29 of 100 is 28)."""
    return int(fraction * live)


def remaining_after(total: int, fraction: float, rounds: int) -> list[int]:
    """Live weights after each of several prunings of ``total`` weights (flipout sheet, section 7.9)."""
    counts, live = [], total
    for _ in range(rounds):
        live -= quota(fraction, live)
        counts.append(live)
    return counts


def prune_lowest(scores: Tensor, live: Tensor, k: int) -> Tensor:
    """Remove exactly ``k`` more of the live weights, those with the lowest scores.

    Args:
        scores: ``[n]``; entries of masked weights are ignored.
        live: ``[n]`` bool.
        k: weights to remove, at most the number of live ones.
    """
    if live.all():
        return ~lowest(scores, k)
    where = live.nonzero().reshape(-1)
    pruned = live.clone()
    pruned[where[lowest(scores[where], k)]] = False
    return pruned


def global_fraction(scores: Tensor, live: Tensor, fraction: float) -> Tensor:
    """Remove ``floor(fraction * live)`` weights with the lowest scores over all tensors; counts come from the mask."""
    return prune_lowest(scores, live, quota(fraction, int(live.sum())))


def layerwise_fraction(scores: Tensor, live: Tensor, sizes: Sequence[int], fraction: float) -> Tensor:
    """Remove ``floor(fraction * live)`` weights with the lowest scores in each tensor (``sizes``: entries of each).

    At fraction 0.5 a tensor with one live weight never loses it.
    """
    parts = zip(scores.split(list(sizes)), live.split(list(sizes)), strict=True)
    return torch.cat([global_fraction(s, m, fraction) for s, m in parts])


def global_magnitude(weights: Tensor, live: Tensor, fraction: float, *, zeros_from: ZerosFrom = "mask") -> Tensor:
    """Remove the smallest ``|w|`` over all tensors.

    Args:
        weights: ``[n]``, 0 where masked.
        live: ``[n]`` bool.
        fraction: of the remaining weights, to be removed.
        zeros_from: what counts as already removed: masked weights (``corrected``) or every weight equal to 0
            (``published``: live zeros go for free and the fraction acts on the others; trap T17).

    Source: flipout sheet, section 4.5.
    """
    if zeros_from == "mask":
        return global_fraction(weights.abs(), live, fraction)
    zeros = int((weights == 0).sum())
    masked = live.numel() - int(live.sum())
    return prune_lowest(weights.abs(), live, zeros - masked + quota(fraction, live.numel() - zeros))


def layerwise_magnitude(weights: Tensor, live: Tensor, sizes: Sequence[int], fraction: float) -> Tensor:
    """Remove the smallest ``|w|`` in each tensor; counts come from the mask (flipout sheet, section 4.5)."""
    return layerwise_fraction(weights.abs(), live, sizes, fraction)


def random(weights: Tensor, live: Tensor, fraction: float, choose: Choose, *, zeros_from: ZerosFrom = "mask") -> Tensor:
    """Remove randomly chosen live weights, over all tensors together.

    Args:
        weights: ``[n]``, 0 where masked.
        live: ``[n]`` bool.
        fraction: of the remaining weights, to be removed.
        choose: given the ascending live indices and k, returns k of them (``shared.sparsity.choosers``).
        zeros_from: ``mask``: ``floor(fraction * live)``, integers; ``weights``: the published count, which runs through
            a floating-point sparsity and can miss one weight (``random_quota``).

    Source: flipout sheet, section 4.5, trap T17.
    """
    where = live.nonzero().reshape(-1)
    k = quota(fraction, where.numel())
    if zeros_from == "weights":
        k = random_quota(live.numel(), int((weights == 0).sum()), fraction)
    pruned = live.clone()
    pruned[choose(where, k).to(live.device)] = False
    return pruned


def random_quota(total: int, zeros: int, fraction: float) -> int:
    """The published count of random pruning: the live number is recovered from a floating-point sparsity."""
    return int((1 - zeros / total) * total * fraction)


def threshold(weights: Tensor, live: Tensor, value: float) -> Tensor:
    """Remove weights with ``|w| < value``, strictly: equality and NaN survive; joined with the old mask."""
    return live & ~(weights.abs() < value)


def sensitivity(weights: Tensor, sizes: Sequence[int], factor: float) -> Tensor:
    """Remove weights below ``factor`` standard deviations of their tensor; the result *replaces* the old mask.

    A tensor that is entirely 0 has threshold 0 and becomes live again; one entry has no deviation and survives.

    Source: flipout sheet, section 4.5.
    """
    parts = weights.split(list(sizes))
    cuts = sensitivity_thresholds(weights, sizes, factor)
    return torch.cat([~(w.abs() < cut) for w, cut in zip(parts, cuts, strict=True)])


def sensitivity_thresholds(weights: Tensor, sizes: Sequence[int], factor: float) -> list[Tensor]:
    """``factor`` times the unbiased standard deviation of each whole tensor, zeros included (NaN for one entry)."""
    parts = weights.split(list(sizes))
    return [factor * (w.std() if w.numel() > 1 else w.new_tensor(torch.nan)) for w in parts]
