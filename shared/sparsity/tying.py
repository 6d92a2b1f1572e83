"""Tied parameters: all weights of a tensor share a small bank of values (HashedNets, balanced; dsr sheet, section 4.6).

A tied tensor is kept expanded: equal values at all positions of a group. Summing the gradient over each group and
handing the sum to all its positions makes SGD on the expanded tensor the same as SGD on the bank.
"""

from __future__ import annotations

import torch
from torch import Tensor


def bank_size(positions: int, sparsity: float) -> int:
    """Values of the bank: ``round((1 - s) * N)``, half to even."""
    return round((1 - sparsity) * positions)


def index_map(order: Tensor, values: int) -> Tensor:
    """Bank index of every position: position ``order[j]`` uses value ``j mod m``, so that all are used equally often.

    Args:
        order: ``[N]`` a permutation.
        values: m.
    """
    groups = torch.empty_like(order)
    groups[order] = torch.arange(order.numel(), device=order.device) % values
    return groups


def sum_over_groups(gradient: Tensor, groups: Tensor, values: int) -> Tensor:
    """Gradient of the bank, ``[m]``: the sum over the positions of each value.

    Args:
        gradient: with respect to the expanded tensor.
        groups: ``[N]`` bank index of each position.
        values: m.
    """
    return torch.zeros(values, dtype=gradient.dtype, device=gradient.device).index_add_(0, groups, gradient.reshape(-1))
