"""Criteria of the project's history that look at flip counters alone (flipout sheet, section 4.9)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from shared.sparsity.criteria import quota
from shared.sparsity.topk import highest


def flip(live: Tensor, flips: Tensor, threshold: float = 1) -> Tensor:
    """Remove every weight that has flipped at least ``threshold`` times."""
    return live & ~(flips >= threshold)


def topflip(live: Tensor, flips: Tensor, fraction: float) -> Tensor:
    """Remove the ``floor(fraction * live)`` weights with most flips, never one without a flip.

    Masked weights take part with the counters they still have: two prunings without a training step between them pick
    the same weights.
    """
    k = quota(fraction, int(live.sum()))
    return live & ~(highest(flips, k, first=~live) & (flips > 0))


def topflip_layer(live: Tensor, flips: Tensor, sizes: Sequence[int], fraction: float) -> Tensor:
    """``topflip`` within each tensor (``sizes``: entries of each)."""
    parts = zip(live.split(list(sizes)), flips.split(list(sizes)), strict=True)
    return torch.cat([topflip(m, f, fraction) for m, f in parts])
