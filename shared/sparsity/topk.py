"""Exact selection of the k lowest or highest entries of a vector, ties broken by position, without a full sort."""

from __future__ import annotations

import torch
from torch import Tensor


def lowest(scores: Tensor, k: int, first: Tensor | None = None) -> Tensor:
    """Mark exactly ``k`` entries: the lowest scores, equal ones by lower index, NaN only when nothing else is left.

    Args:
        scores: ``[n]`` real values on any device; infinities are ordinary values, -0.0 equals 0.0.
        k: entries to mark, ``0 <= k <= n``.
        first: ``[n]`` bool; among entries of equal score at the cut these are taken before the others.

    Returns:
        ``[n]`` bool with exactly ``k`` true entries.

    Raises:
        ValueError: if ``k`` lies outside ``0..n``.

    Source: flipout sheet, section 4.3 (any selection of the lowest is equivalent; the tie order is the suite's rule).
    """
    n = scores.numel()
    if not 0 <= k <= n:
        raise ValueError(f"cannot take {k} of {n} entries")
    if k in (0, n):
        return torch.full((n,), k == n, dtype=torch.bool, device=scores.device)
    nan = scores.isnan()
    numbers = n - int(nan.sum())
    if k > numbers:
        return ~nan | _take(nan, k - numbers, first)
    cut = scores.masked_fill(nan, torch.inf).kthvalue(k).values
    below = scores < cut
    return below | _take(scores == cut, k - int(below.sum()), first)


def highest(scores: Tensor, k: int, first: Tensor | None = None) -> Tensor:
    """Mark exactly ``k`` entries: the highest scores, equal ones by lower index, NaN only when nothing else is left.

    Arguments, result and errors are those of ``lowest``.
    """
    return lowest(-scores, k, first)


def _take(candidates: Tensor, k: int, first: Tensor | None) -> Tensor:
    """Of the entries marked in ``candidates`` keep ``k``: those in ``first`` before others, then by lower index."""
    where = candidates.nonzero().reshape(-1)
    if first is not None:
        where = torch.cat([where[first[where]], where[~first[where]]])
    taken = torch.zeros_like(candidates)
    taken[where[:k]] = True
    return taken
