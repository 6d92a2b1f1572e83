"""Masks with a stated number of live weights in each layer: at random, or the largest (random_tickets sheet, 4)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.topk import highest

Direction = Literal["gather", "scatter"]


def random_mask(like: Tensor, keep: int, order: Tensor, direction: Direction = "gather") -> Tensor:
    """A bool mask of the shape of ``like`` with ``keep`` live entries placed by a permutation.

    Args:
        like: any tensor of the layer's shape.
        keep: live entries.
        order: int64 ``[numel]``, a permutation.
        direction: ``gather``: entry ``i`` is live if ``order[i] < keep`` (published); ``scatter``: entries
            ``order[:keep]`` are live (``answer42``). Equal in distribution.
    """
    if direction == "gather":
        live = order < keep
    else:
        live = torch.zeros(len(order), dtype=torch.bool)
        live[order[:keep]] = True
    return live.to(like.device).view(like.shape)


def largest_mask(weights: Tensor, keep: int, *, ties: bool = False) -> Tensor:
    """A bool mask of the ``keep`` largest ``|w|`` of a layer; with ``ties`` all that equal the smallest of them too.

    Raises:
        ValueError: with ``ties``, if none are to be kept (there is no threshold then).
    """
    size = weights.detach().abs().reshape(-1)
    if not ties:
        return highest(size, keep).view(weights.shape)
    if keep < 1:
        raise ValueError("a threshold needs at least one weight to keep")
    return (size >= size.kthvalue(size.numel() - keep + 1).values).view(weights.shape)
