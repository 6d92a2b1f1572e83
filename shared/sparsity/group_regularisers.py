"""Group-wise sparsity regularisers of one weight ``[out, in, ...]``: over its channels and over its filters.

A matrix has its columns (inputs) as channels and its rows (outputs) as filters. ``true`` groups are whole channels and
filters; ``per-position`` groups, which some published code penalises instead, reduce one axis only, so that every
kernel position is a group of its own (hoyer sheet 4.4). The two agree for matrices and 1x1 kernels.

Protected (the default): a group of zeros contributes 0 and gets the gradient 0, and so does a tensor of zeros. ``raw``:
the original expressions, whose gradient is NaN in a group of zeros; with ``guard`` a tensor of zeros is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Grouping = Literal["true", "per-position"]
Direction = Literal["channels", "filters"]


def group_norms(weights: Tensor, direction: Direction, grouping: Grouping = "true", *, raw: bool = False) -> Tensor:
    """L2 norm of every group of one direction.

    Args:
        weights: ``[out, in, ...]``, two or more dimensions.
        direction: ``channels`` reduces axis 0, ``filters`` axis 1.
        grouping: whether kernel positions are reduced too.
        raw: norms with the published gradient, NaN at a group of zeros.
    """
    axes = [0 if direction == "channels" else 1]
    if grouping == "true":
        axes += range(2, weights.ndim)
    return weights.square().sum(axes).sqrt() if raw else torch.linalg.vector_norm(weights, dim=axes)


def group_lasso(weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True) -> Tensor:
    """Sum of all group norms, both directions."""
    return _skipping_zeros(lambda w: sum_of_norms(w, grouping, raw), weights, raw, guard)


def group_hoyer(weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True) -> Tensor:
    """Sum of all group norms over the norm of the tensor."""
    return _skipping_zeros(lambda w: sum_of_norms(w, grouping, raw) / w.square().sum().sqrt(), weights, raw, guard)


def group_hoyer_square(
    weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True
) -> Tensor:
    """``((sum of channel norms)^2 + (sum of filter norms)^2) / sum w^2``, between 2 and the number of groups."""

    def formula(w: Tensor) -> Tensor:
        channels = group_norms(w, "channels", grouping, raw=raw).sum()
        filters = group_norms(w, "filters", grouping, raw=raw).sum()
        return (channels.square() + filters.square()) / w.square().sum()

    return _skipping_zeros(formula, weights, raw, guard)


def sum_of_norms(weights: Tensor, grouping: Grouping, raw: bool = False) -> Tensor:
    """Sum over the groups of both directions."""
    channels = group_norms(weights, "channels", grouping, raw=raw)
    return channels.sum() + group_norms(weights, "filters", grouping, raw=raw).sum()


def trimming_threshold(weights: Tensor, direction: Direction, grouping: Grouping = "true") -> Tensor:
    """``sum w^2 / sum of norms``: Group Hoyer-Square pushes groups with a smaller norm towards 0 (hoyer sheet 4.4)."""
    return weights.square().sum() / group_norms(weights, direction, grouping).sum()


def group_counts(shape: tuple[int, ...], grouping: Grouping = "true") -> tuple[int, int]:
    """Number of groups of a weight: (channel direction, filter direction)."""
    positions = 1
    if grouping == "per-position":
        for side in shape[2:]:
            positions *= side
    return shape[1] * positions, shape[0] * positions


def _skipping_zeros(formula: Callable[[Tensor], Tensor], weights: Tensor, raw: bool, guard: bool) -> Tensor:
    if raw and not guard:
        return formula(weights)
    sizes = weights.detach()
    counts = (sizes.abs().sum() if raw else sizes.square().sum()) > 0
    value = formula(torch.where(counts, weights, torch.ones_like(weights)))
    return torch.where(counts, value, torch.zeros_like(value))


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "group-lasso": group_lasso,
    "group-hoyer": group_hoyer,
    "group-hoyer-square": group_hoyer_square,
}
