"""How many units each tensor grows after an event, and which (dsr sheet, section 4.1, step 2, and 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from shared.draws import Draws
from shared.errors import ReproError
from shared.sparsity.topk import lowest

Counts = list[int]
MOST_PASSES = 1000
REJECTION_FROM = 4096
"""Positions from which drawing and rejecting is cheaper than one number for every position."""


def within_tensor(dropped: Sequence[int], free: Sequence[int]) -> Counts:
    """Every tensor grows what it lost, or all its free units if those are fewer: the shortfall is lost for good."""
    return [min(k, f) for k, f in zip(dropped, free, strict=True)]


def replaceable(scores: Tensor, dropped: Tensor, live: Tensor) -> Tensor:
    """Of the units that a tensor would lose, those of lowest score for which it has a free one: none if it is full.

    What is dropped for lack of room under ``within_tensor`` is never regrown, so a rule that conserves counts keeps it.

    Args:
        scores: ``[n]``.
        dropped: ``[n]`` bool, some of the live units.
        live: ``[n]`` bool, before the event.

    Source: dsr sheet, section 4.2 and trap 4.
    """
    room = live.numel() - int(live.sum())
    if int(dropped.sum()) <= room:
        return dropped
    return lowest(scores.masked_fill(~dropped, torch.inf), room, first=dropped)


def proportional_published(
    survivors: Sequence[int], dropped: Sequence[int], free: Sequence[int], draw_layer: Callable[[], int]
) -> list[tuple[Counts, Counts]]:
    """The published loop: shares proportional to the survivors, rounded, remainder to a tensor drawn at random.

    The order of the double-precision operations is that of the original, because it decides exact halves. The total may
    exceed what was dropped: a drawn tensor cannot give back more than it was to get.

    Args:
        survivors: R, active units left in each tensor.
        dropped: K.
        free: units that were inactive before the event.
        draw_layer: index of the tensor that takes the rounding remainder.

    Returns:
        For each pass over the tensors, units requested and grown.

    Raises:
        ReproError: where the original would never end, or has no finite shares.

    Source: dsr sheet, section 4.1 and example 7.4.
    """
    total, grown = sum(dropped), 0
    passes: list[tuple[Counts, Counts]] = []
    left = list(free)
    if not total:
        return passes
    shares = _published_shares(np.asarray(survivors, dtype=np.float64), np.asarray(dropped, dtype=np.float64))
    while grown < total:
        if len(passes) == MOST_PASSES or not any(left):
            raise ReproError(
                f"{total - grown} of {total} dropped units have nowhere to grow under the published rule; "
                "use --variant corrected, or a higher sparsity."
            )
        wanted = total - grown
        counts = [int(c) for c in np.round(shares * wanted)]
        if remainder := wanted - sum(counts):
            layer = draw_layer()
            counts[layer] = max(0, counts[layer] + remainder)
        got = [min(c, f) for c, f in zip(counts, left, strict=True)]
        left = [f - g for f, g in zip(left, got, strict=True)]
        grown += sum(got)
        passes.append((counts, got))
    return passes


def _published_shares(survivors: np.ndarray, dropped: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.clip(np.mean(dropped / survivors), 0, 1) * survivors
        shares: np.ndarray = weights / weights.sum()
    if not np.isfinite(shares).all():
        raise ReproError(
            "A tensor without any active unit makes the published growth shares undefined; "
            "use --variant corrected, or a lower sparsity."
        )
    return shares


def proportional_exact(survivors: Sequence[int], total: int, free: Sequence[int]) -> Counts:
    """Exactly ``total`` units, in proportion to the survivors as far as there is room.

    Tensors whose quota exceeds their free units are filled and closed, and the rest is shared again among the open
    ones; then floors, and the missing units one each to the largest fractional parts (ties: lowest index).

    Raises:
        ReproError: if fewer than ``total`` units are free.

    Source: dsr sheet, section 4.1, ``corrected``.
    """
    if sum(free) < total:
        raise ReproError(f"{total} dropped units, but only {sum(free)} positions are free to grow; raise the sparsity.")
    counts, open_, left = [0] * len(free), list(range(len(free))), total
    while True:
        quotas = _quotas([survivors[i] for i in open_], left)
        full = [i for i, q in zip(open_, quotas, strict=True) if q > free[i]]
        if not full:
            break
        for i in full:
            counts[i] = free[i]
            left -= free[i]
        open_ = [i for i in open_ if i not in full]
    floors = {i: int(q) for i, q in zip(open_, quotas, strict=True)}
    parts = {i: q - int(q) for i, q in zip(open_, quotas, strict=True)}
    missing = left - sum(floors.values())
    while missing:
        for i in sorted(open_, key=lambda i: (-parts[i], i)):
            if missing and floors[i] < free[i]:
                floors[i] += 1
                missing -= 1
    for i, n in floors.items():
        counts[i] = n
    return counts


def _quotas(survivors: Sequence[int], total: int) -> list[Fraction]:
    """Exact shares: rounding errors of floats would decide between equal fractional parts."""
    if not total:
        return [Fraction(0)] * len(survivors)
    everything = sum(survivors)
    if not everything:  # nothing survived anywhere that is open: equal shares
        return [Fraction(total, len(survivors))] * len(survivors)
    return [Fraction(total * r, everything) for r in survivors]


def choose_free(draws: Draws, free: Tensor, k: int, purpose: str, *, epoch: int, step: int, index: int) -> Tensor:
    """Mark ``k`` of the free units, uniformly without replacement: the lowest of one draw for every unit.

    Args:
        draws: the run's randomness.
        free: ``[n]`` bool with at least ``k`` true entries.
        k: units to grow.
        purpose, epoch, step, index: the key of the draw.
    """
    if not k:
        return torch.zeros_like(free)
    scores = draws.uniform(free.numel(), purpose, epoch=epoch, step=step, index=index).to(free.device)
    return lowest(scores.masked_fill(~free, torch.inf), k, first=free)


def choose_few(
    draws: Draws, free: Tensor, k: int, available: int, purpose: str, *, epoch: int, step: int, index: int
) -> Tensor:
    """As ``choose_free``, by drawing positions and rejecting occupied ones where few are wanted of many.

    Args:
        draws, free, k, purpose, epoch, step, index: as there.
        available: true entries of ``free``, which the caller knows.

    Returns:
        The ``k`` chosen positions, ascending.
    """
    n = free.numel()
    if n >= REJECTION_FROM and 8 * k <= n and 2 * available >= n:
        at = (draws.uniform(4 * k + 64, purpose, epoch=epoch, step=step, index=index) * n).long().to(free.device)
        kept: list[int] = list(dict.fromkeys(at[free[at]].tolist()))[:k]
        if len(kept) == k:  # fewer are less likely than one in 2^64: half of 4k + 64 positions are free
            return torch.tensor(sorted(kept), dtype=torch.int64, device=free.device)
    return choose_free(draws, free, k, purpose, epoch=epoch, step=step, index=index).nonzero().reshape(-1)
