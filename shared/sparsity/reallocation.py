"""Which units an event drops, and how the global threshold follows (dsr sheet, sections 4.1 and 4.2).

Vectors are flat over the units of one tensor; ``True`` means live.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.topk import lowest

Spare = Literal["first", "largest", "none"]


def below_threshold(scores: Tensor, live: Tensor, threshold: float, spare: Spare = "first") -> Tensor:
    """Mark the live units whose score is strictly below the threshold; exact zeros always go.

    Args:
        scores: ``[n]``.
        live: ``[n]`` bool.
        threshold: H.
        spare: the unit that stays where all would go: the first in row-major order (published, later generation), the
            one of highest score, or none (earlier generation).

    Returns:
        ``[n]`` bool: the dropped units.

    Source: dsr sheet, section 4.1, step 1.
    """
    dropped = live & ((scores < threshold) | (scores == 0))
    if spare != "none" and bool(live.any()) and torch.equal(dropped, live):
        kept = live.nonzero()[0, 0] if spare == "first" else scores.masked_fill(~live, -1).argmax()
        dropped[kept] = False
    return dropped


def fraction_count(active: int, fraction: float, extra: int = 1) -> int:
    """Units that a fraction prune drops: ``int(f * n) + extra``, never more than there are.

    ``extra`` is 1 in the later generation of the published code, 0 in the earlier (dsr sheet, section 4.2).
    """
    return min(active, int(fraction * active) + extra)


def smallest(scores: Tensor, live: Tensor, k: int) -> Tensor:
    """Mark the ``k`` live units of lowest score; ties by index (arbitrary in the original)."""
    return lowest(scores.masked_fill(~live, torch.inf), k, first=live)


def adapted(threshold: float, dropped: int, target: int, tolerance: float = 0.1, gain: float = 2.0) -> float:
    """The threshold of the next event: divided by ``gain`` if too many were dropped, multiplied if too few.

    Source: dsr sheet, section 4.1, step 3; both bounds are strict.
    """
    if dropped > (1 + tolerance) * target:
        return threshold / gain
    if dropped < (1 - tolerance) * target:
        return threshold * gain
    return threshold


def exact_threshold(scores: Tensor, target: int) -> float:
    """The threshold below which exactly ``target`` of these scores lie (ties aside), without a feedback loop.

    Args:
        scores: ``[n]`` of all live units of all tensors.
        target: units to drop, at most ``n - 1``.
    """
    target = min(target, scores.numel() - 1)
    return float(scores.kthvalue(target + 1).values)
