"""Permutations inside a layer: what they keep is all that pruning chose beyond the layer's count.

Direction as in the originals: ``out.flat[i] = in.flat[order[i]]`` in row-major order (random_tickets sheet, 4.11).
"""

from __future__ import annotations

from torch import Tensor


def rearranged(live: Tensor, order: Tensor) -> Tensor:
    """A mask whose entries have moved inside their layer; the count of live entries stays.

    Args:
        live: bool, any shape.
        order: int64 ``[numel]``, a permutation.
    """
    return live.reshape(-1)[order].view(live.shape)


def survivors_shuffled(weights: Tensor, live: Tensor, order: Tensor) -> Tensor:
    """The live weights of a layer moved among the live positions; the rest is 0.

    Keeps the mask and the multiset of live weights (the published check).

    Args:
        weights: any shape.
        live: bool, same shape.
        order: int64 ``[live entries]``, a permutation.
    """
    where = live.reshape(-1).nonzero().reshape(-1)
    values = weights.detach().reshape(-1)[where]
    out = weights.new_zeros(weights.numel())
    out[where] = values[order]
    return out.view(weights.shape)


def layer_shuffled(weights: Tensor, order: Tensor) -> Tensor:
    """All weights of a layer moved, so that a mask applied afterwards keeps a random draw of the layer (``answer42``).

    Keeps the multiset of the whole layer, not that of the live weights.
    """
    return weights.detach().reshape(-1)[order].view(weights.shape)
