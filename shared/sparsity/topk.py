"""Exact selection of the k lowest or highest entries of a vector, ties broken by position, without a full sort."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SAMPLE = 65_536
"""Entries of a vector that are sorted to bracket its k-th lowest."""

MANY = 8 * SAMPLE
"""From so many entries on a bracket pays."""


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
    numbers = n - int(nan.count_nonzero())
    if k > numbers:
        return ~nan | _take(nan, k - numbers, first)
    cut = kth(scores if numbers == n else scores.masked_fill(nan, torch.inf), k)
    below = scores < cut
    return below | _take(scores == cut, k - int(below.count_nonzero()), first)


def kth(scores: Tensor, k: int) -> Tensor:
    """The k-th lowest entry (0-d) of a vector without NaN, ``1 <= k <= n``.

    A long vector on a CPU is not partitioned as a whole: every so many-th entry is sorted, which brackets the k-th
    lowest, and only what lies in the bracket is partitioned. Should it lie outside (the entries of the sample need not
    be typical), the whole vector is.
    """
    n = scores.numel()
    if n < MANY or scores.device.type != "cpu":
        return scores.kthvalue(k).values
    sample = scores[:: n // SAMPLE].sort().values
    m = len(sample)
    middle, spread = k / n * m, 4 * math.sqrt(m)  # at least eight standard deviations of a random sample's rank
    low, high = math.floor(middle - spread), math.ceil(middle + spread)
    bottom = sample[low] if low >= 0 else scores.min()
    top = sample[high] if high < m else scores.max()
    below, upto = scores < bottom, scores <= top
    first = int(below.count_nonzero())
    if not first < k <= int(upto.count_nonzero()):
        return scores.kthvalue(k).values
    return bottom if bottom == top else scores[upto & ~below].kthvalue(k - first).values


def highest(scores: Tensor, k: int, first: Tensor | None = None) -> Tensor:
    """Mark exactly ``k`` entries: the highest scores, equal ones by lower index, NaN only when nothing else is left.

    Arguments, result and errors are those of ``lowest``.
    """
    return lowest(-scores, k, first)


def _take(candidates: Tensor, k: int, first: Tensor | None) -> Tensor:
    """Of the entries marked in ``candidates`` keep ``k``: those in ``first`` before others, then by lower index."""
    if k == int(candidates.count_nonzero()):
        return candidates
    where = candidates.nonzero().reshape(-1)
    if first is not None:
        where = torch.cat([where[first[where]], where[~first[where]]])
    taken = torch.zeros_like(candidates)
    taken[where[:k]] = True
    return taken
