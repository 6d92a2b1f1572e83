"""Which units an event drops, and how the global threshold follows (dsr sheet, sections 4.1 and 4.2).

Vectors are flat over the units of one tensor; ``True`` means live.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        dropped[_spared(scores, live, spare)] = False
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


def exactly(
    scores: Sequence[Tensor], live: Sequence[Tensor], target: int, spare: Spare = "first"
) -> tuple[list[Tensor], float]:
    """Mark the ``target`` live units of lowest score over all tensors, without a threshold that is steered there.

    Equal scores go by position, so that many exact zeros are no more than others: exact means exact. A tensor that
    would be emptied spares one unit, and another goes in its place.

    Args:
        scores, live: ``[n]`` of each tensor.
        target: units to drop; fewer are dropped where fewer are live, but for the spared ones.
        spare: as in ``below_threshold``.

    Returns:
        The dropped units of each tensor, and the highest score among them (0 where none was dropped).
    """
    sizes = [s.numel() for s in scores]
    candidates = [m.clone() for m in live]
    while True:
        flat, free = torch.cat(list(scores)), torch.cat(candidates)
        marked = smallest(flat, free, min(target, int(free.sum())))
        dropped = list(marked.split(sizes))
        emptied = [i for i, (d, m) in enumerate(zip(dropped, live, strict=True)) if m.any() and torch.equal(d, m)]
        if spare == "none" or not emptied:
            return dropped, float(flat[marked].max()) if bool(marked.any()) else 0.0
        for i in emptied:
            candidates[i][_spared(scores[i], live[i], spare)] = False


def _spared(scores: Tensor, live: Tensor, spare: Spare) -> Tensor:
    """The unit that stays: the first in row-major order, or the one of highest score."""
    return live.nonzero()[0, 0] if spare == "first" else scores.masked_fill(~live, -1).argmax()
