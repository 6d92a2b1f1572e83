"""From scores to masks over the whole network or tensor by tensor: the SynFlow code's threshold, and exact counts.

Scores are a flat vector over the concatenated prunable tensors; low scores are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.criteria import prune_lowest
from shared.sparsity.density import removed_by_threshold, removed_exactly
from shared.sparsity.topk import kth

Rule = Literal["threshold", "exact"]
Scope = Literal["global", "local"]


def above_threshold(scores: Tensor, live: Tensor, density: float) -> Tensor:
    """Keep what scores above the k-th lowest, k = ``removed_by_threshold``; earlier masks do not matter.

    Every score equal to the threshold goes, so ties remove too many. NaN ranks highest and is never at or below a
    threshold: it stays, and a NaN threshold removes nothing. With k < 1 the masks stay as they were.

    Args:
        scores: ``[n]``.
        live: ``[n]`` bool.
        density: fraction that shall remain.

    Source: synflow sheet, section 4.2.
    """
    k = removed_by_threshold(scores.numel(), density)
    return live.clone() if k < 1 else ~(scores <= threshold(scores, k))


def threshold(scores: Tensor, k: int) -> Tensor:
    """The k-th lowest score (0-d), NaN above all numbers."""
    nan = scores.isnan()
    numbers = scores[~nan] if nan.any() else scores
    return kth(numbers, k) if k <= numbers.numel() else scores.new_tensor(torch.nan)


def exactly(scores: Tensor, live: Tensor, density: float) -> Tensor:
    """Remove exactly ``removed_exactly`` entries: masked ones first, then low scores, then low indices (sheet 4.9).

    Arguments as in ``above_threshold``; a masked entry never comes back.
    """
    more = removed_exactly(scores.numel(), density) - (live.numel() - int(live.count_nonzero()))
    return prune_lowest(scores, live, more) if more > 0 else live.clone()


def keep(
    scores: Tensor, live: Tensor, sizes: Sequence[int], density: float, *, rule: Rule = "exact", scope: Scope = "global"
) -> Tensor:
    """The new masks, ranked over all tensors together or within each.

    Args:
        scores: ``[n]``, low means redundant.
        live: ``[n]`` bool, the masks so far.
        sizes: entries of each tensor.
        density: fraction that shall remain, of all or of each tensor.
        rule: ``exact`` counts and locked masks, or the original's ``threshold``.
        scope: ``global`` or ``local``.
    """
    choose: Callable[..., Tensor] = exactly if rule == "exact" else above_threshold
    if scope == "global":
        return choose(scores, live, density)
    parts = zip(scores.split(list(sizes)), live.split(list(sizes)), strict=True)
    return torch.cat([choose(s, m, density) for s, m in parts])


def standardised(scores: Tensor, sizes: Sequence[int]) -> Tensor:
    """Scores as deviations from their tensor's mean in units of its unbiased standard deviation (sheet 4.1, e)."""
    return torch.cat([(s - s.mean()) / s.std() for s in scores.split(list(sizes))])


def inverted(scores: Tensor, rule: Rule = "exact") -> Tensor:
    """Scores in reverse order: ``-s``, or the original's ``s / s^2``, which makes NaN of 0 (trap 10)."""
    return -scores if rule == "exact" else scores / scores.square()
