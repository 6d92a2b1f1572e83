"""Granularity: what a mask removes at once, from single weights to whole filters (dsr sheet, section 4.10).

A unit is a block of consecutive entries in row-major order: the mask covers the leading dimensions of a convolution.
Linear tensors are always per weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor

Granularity = Literal["weight", "row", "kernel", "filter"]
LEADING: dict[Granularity, int] = {"weight": 4, "row": 3, "kernel": 2, "filter": 1}
"""Dimensions of a convolution that the mask covers."""


def unit_size(shape: Sequence[int], granularity: Granularity = "weight") -> int:
    """Weights in one unit: 1 for linear tensors, ``prod(shape[g:])`` for convolutions ``[out, in, kh, kw]``."""
    return math.prod(shape[LEADING[granularity] :]) if len(shape) == 4 else 1


def unit_scores(weights: Tensor, granularity: Granularity = "weight") -> Tensor:
    """Mean ``|w|`` of every unit, ``[units]``, in row-major order; all positions count, masked or not."""
    return weights.detach().abs().reshape(-1, unit_size(weights.shape, granularity)).mean(1)


def live_units(live: Tensor, granularity: Granularity = "weight") -> Tensor:
    """The mask per unit, ``[units]`` bool, of a mask that holds whole units."""
    return live.reshape(-1, unit_size(live.shape, granularity))[:, 0]


def of_units(units: Tensor, shape: Sequence[int]) -> Tensor:
    """The mask over weights, of the given shape, from one bool for each unit."""
    return units.reshape(-1, 1).expand(-1, math.prod(shape) // units.numel()).reshape(list(shape))


def active_count(units: int, sparsity: float) -> int:
    """Units that are active at first: ``int((1 - s) * n + 0.1)``, as the published code computes it.

    The tenth only guards against floating point, such as ``(1 - 0.9) * 10 < 1`` (dsr sheet, section 2.4).
    """
    return int((1 - sparsity) * units + 0.1)
