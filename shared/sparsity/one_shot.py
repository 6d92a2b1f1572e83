"""Magnitude pruning in one shot: from the weights of a network to the live mask.

One rule and the two published ways of counting it (random_tickets sheet, sections 4.8 and 4.9).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from shared.errors import ReproError
from shared.sparsity.snip import snip_quota
from shared.sparsity.topk import highest, kth


def keep_largest(weights: Tensor, sparsity: float) -> Tensor:
    """Live mask of exactly ``floor(n (1 - sparsity))`` of the largest ``|w|``; ties by lower index.

    Args:
        weights: ``[n]``.
        sparsity: fraction removed.

    Raises:
        ReproError: if none would be kept.
    """
    return highest(weights.abs(), decimal_quota(weights.numel(), sparsity))


def decimal_quota(total: int, sparsity: float) -> int:
    """Weights to keep: ``floor(N (1 - sparsity))`` with the sparsity read as the decimal that was typed.

    In double precision ``1 - 0.9`` is below a tenth, so that of 20,024,000 weights one fewer would stay than the smart
    ratios keep (random_tickets sheet, 4.3 and 7.5).

    Raises:
        ReproError: if none would be kept.
    """
    keep = int((1 - Fraction(str(sparsity))) * total)
    if keep < 1:
        raise ReproError(f"A sparsity of {sparsity:g} keeps none of {total:,} weights; ask for a lower sparsity.")
    return keep


def keep_from_threshold(weights: Tensor, sparsity: float) -> Tensor:
    """As ``keep_largest``, but everything as large as the k-th largest stays: ties keep more (``answer42``).

    Raises:
        ReproError: if none would be kept.
    """
    size = weights.abs()
    k = snip_quota(size.numel(), sparsity)
    return size >= kth(size, size.numel() - k + 1)


def lottery_ticket_masks(weights: Sequence[Tensor], sparsity: float) -> tuple[list[Tensor], Tensor]:
    """The published lottery tickets: convolutions alone are ranked, linear layers stay dense.

    The budget counts all weights: with ``z`` zeros among ``N``, the magnitude at sorted position ``z + int((N - z) p)``
    (a single-precision product) is the threshold, and strictly larger ones stay, one fewer than asked for. Zero
    weights of a linear layer do not count as kept.

    Args:
        weights: the prunable tensors in module order; linear ones have two dimensions.
        sparsity: fraction removed.

    Returns:
        One bool mask per tensor, and the threshold (0-d).

    Raises:
        ReproError: if the dense linear layers alone exceed the budget, so that the position does not exist.
    """
    total = sum(w.numel() for w in weights)
    nonzero = sum(int(w.count_nonzero()) for w in weights)
    sizes = torch.cat([w.detach().abs().reshape(-1) for w in weights if w.ndim > 2])
    at = lottery_ticket_position(total, nonzero, sizes.numel(), sparsity)
    threshold = kth(sizes, at + 1)
    return [w.detach().abs() > threshold if w.ndim > 2 else w.detach() != 0 for w in weights], threshold


def lottery_ticket_position(total: int, nonzero: int, convolutional: int, sparsity: float) -> int:
    """Where the threshold of ``lottery_ticket_masks`` stands among the sorted magnitudes of the convolutions, from 0.

    Args:
        total: weights, those of linear layers included.
        nonzero: how many of them are not 0.
        convolutional: weights that are ranked.
        sparsity: fraction removed.

    Raises:
        ReproError: if the convolutions have no such position.
    """
    at = total - nonzero + int(torch.tensor(nonzero, dtype=torch.int32).float() * sparsity)
    if at >= convolutional:
        raise ReproError(
            f"A lottery ticket of {sparsity:g} sparsity removes {at + 1:,} weights, but the convolutions have "
            f"{convolutional:,} and linear layers stay dense; ask for a lower sparsity."
        )
    return at
