"""Group-wise sparsity regularisers of one weight ``[out, in, ...]``: over its channels and over its filters.

A matrix has its columns (inputs) as channels and its rows (outputs) as filters. ``true`` groups are whole channels and
filters; ``per-position`` groups, which some published code penalises instead, reduce one axis only, so that every
kernel position is a group of its own (hoyer sheet 4.4). The two agree for matrices and 1x1 kernels.

Protected (the default): a group of zeros contributes 0 and gets the gradient 0, and so does a tensor of zeros. ``raw``:
the original expressions, whose gradient is NaN in a group of zeros; with ``guard`` a tensor of zeros is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Grouping = Literal["true", "per-position"]
Direction = Literal["channels", "filters"]
DIRECTIONS: tuple[Direction, Direction] = ("channels", "filters")


def group_norms(weights: Tensor, direction: Direction, grouping: Grouping = "true", *, raw: bool = False) -> Tensor:
    """L2 norm of every group of one direction.

    Args:
        weights: ``[out, in, ...]``, two or more dimensions.
        direction: ``channels`` reduces axis 0, ``filters`` axis 1.
        grouping: whether kernel positions are reduced too.
        raw: norms with the published gradient, NaN at a group of zeros.
    """
    return _norms(weights.square(), direction, grouping, raw)


def group_lasso(weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True) -> Tensor:
    """Sum of all group norms, both directions."""
    parts = _parts(weights, grouping, raw, guard)
    return parts.counted(parts.channels + parts.filters)


def group_hoyer(weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True) -> Tensor:
    """Sum of all group norms over the norm of the tensor."""
    parts = _parts(weights, grouping, raw, guard)
    return parts.counted((parts.channels + parts.filters) / parts.squares.sqrt())


def group_hoyer_square(
    weights: Tensor, grouping: Grouping = "true", *, raw: bool = False, guard: bool = True
) -> Tensor:
    """``((sum of channel norms)^2 + (sum of filter norms)^2) / sum w^2``, between 2 and the number of groups."""
    parts = _parts(weights, grouping, raw, guard)
    return parts.counted((parts.channels.square() + parts.filters.square()) / parts.squares)


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


@dataclass(frozen=True)
class _Parts:
    """Sums of norms of both directions and sum of squares; for a tensor that is skipped they are those of ones."""

    channels: Tensor
    filters: Tensor
    squares: Tensor
    counts: Tensor | None

    def counted(self, value: Tensor) -> Tensor:
        return value if self.counts is None else torch.where(self.counts, value, torch.zeros_like(value))


def _parts(weights: Tensor, grouping: Grouping, raw: bool, guard: bool) -> _Parts:
    """All three from one tensor of squares, which is most of the work."""
    squares, counts = weights.square(), None
    total = squares.sum()
    if guard or not raw:
        size = torch.linalg.vector_norm(weights.detach(), 1) if raw else total.detach()
        counts = size > 0
        total = torch.where(counts, total, torch.ones_like(total))
    channels, filters = (_norms(squares, direction, grouping, raw, counts) for direction in DIRECTIONS)
    return _Parts(channels.sum(), filters.sum(), total, counts)


def _norms(
    squares: Tensor, direction: Direction, grouping: Grouping, raw: bool, counts: Tensor | None = None
) -> Tensor:
    axes = [0 if direction == "channels" else 1]
    if grouping == "true":
        axes += range(2, squares.ndim)
    sums = squares.sum(axes)
    if counts is not None:
        sums = torch.where(counts, sums, torch.ones_like(sums))
    if raw:
        return sums.sqrt()
    alive = sums > 0
    return torch.where(alive, sums, torch.ones_like(sums)).sqrt() * alive


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "group-lasso": group_lasso,
    "group-hoyer": group_hoyer,
    "group-hoyer-square": group_hoyer_square,
}
