"""RigL: drop by magnitude, grow by gradient (Evci et al., 2020; dsr sheet, section 4.16).

Outside the papers that are judged here, but what a user of dynamic sparse training expects.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from shared.sparsity.topk import highest


def cosine_fraction(initial: float, step: int, length: int) -> float:
    """Drop fraction at a step: ``a/2 * (1 + cos(pi * min(t, D)/D))``."""
    return initial / 2 * (1 + math.cos(math.pi * min(step, length) / length))


def drop_count(active: int, fraction: float) -> int:
    """Connections dropped and grown: the product in single precision, truncated, as the original computes it."""
    return int(np.float32(active) * np.float32(fraction))


def due(step: int, begin: int, end: int, frequency: int) -> bool:
    """Whether the masks are updated in place of step ``step``; ``end < 0``: for ever."""
    return step >= begin and (end < 0 or step <= end) and (step - begin) % frequency == 0


def updated(weights: Tensor, live: Tensor, gradient: Tensor, k: int) -> Tensor:
    """The new mask: all live weights but the ``k`` smallest stay, the ``k`` largest gradients elsewhere grow.

    Args:
        weights: ``[n]``.
        live: ``[n]`` bool.
        gradient: ``[n]`` of the loss with respect to ``mask * w``, dense.
        k: connections to move; a dropped one may grow again at once, and then keeps its weight.
    """
    kept = highest(weights.abs().masked_fill(~live, -1.0), int(live.sum()) - k)
    return kept | grown(gradient.abs(), kept, k)


def grown(sizes: Tensor, kept: Tensor, k: int) -> Tensor:
    """The ``k`` entries of largest gradient among those that are not kept, the ones just dropped included.

    Args:
        sizes: ``[n]`` absolute gradients, of single weights or averaged over units.
        kept: ``[n]`` bool.
        k: entries to grow, at most as many as are not kept.
    """
    return highest(sizes.masked_fill(kept, -torch.inf), k)
