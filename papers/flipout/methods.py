"""The equations of FlipOut, in the order of the paper: sign flips, saliency, pruning.

Its gradient noise belongs to no criterion and lives in ``shared.sparsity.noise``. Vectors are flat over the
concatenated prunable tensors, ``True`` means live.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.criteria import prune_lowest, quota
from shared.sparsity.scores import power

Variant = Literal["published", "corrected"]


@torch.no_grad()
def count_flips_(
    counts: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], live: Sequence[Tensor]
) -> None:
    """Add one to the counter of every weight whose three-valued sign changed; counters of masked weights become 0.

    ``+ -> 0`` and ``0 -> +`` each count once, -0.0 equals 0.0. Nothing is read back to the host: the fused calls may
    be captured in a CUDA graph.

    Args:
        counts: flip counters, floating point, changed in place.
        before: weights before the update (or their signs, which is the same).
        after: weights after the update and the masks.
        live: masks as bool or 0/1 factors.

    Source: flipout sheet, sections 4.1 (step 9) and 4.3.
    """
    flips = torch._foreach_sub(torch._foreach_sign(list(after)), torch._foreach_sign(list(before)))
    torch._foreach_abs_(flips)
    torch._foreach_clamp_max_(flips, 1.0)
    torch._foreach_add_(list(counts), flips)
    torch._foreach_mul_(list(counts), list(live))


def saliency(weights: Tensor, flips: Tensor, p: float = 2, *, signed: bool = False, offset: float = 1) -> Tensor:
    """``tau = w^p / (F + 1)``: low means redundant, because the weight is small or keeps changing its sign.

    Args:
        weights: ``[n]``.
        flips: ``[n]`` counters; converted to the dtype of the weights.
        p: exponent.
        signed: keep the sign of the power (final published code, matters for odd ``p``; trap T3).
        offset: what is added to the flips; 0 gives the text's formula, infinite for weights that never flipped.

    Source: the paper's saliency |theta|^p / flips; flipout sheet, section 4.3 and trap T4.
    """
    tau = power(weights, p, signed=signed) / (flips.to(weights.dtype) + offset)
    return tau if offset else tau.masked_fill(weights == 0, 0.0)  # 0/0: a weight of 0 is redundant, flips or none


def squared_flips_saliency(weights: Tensor, flips: Tensor, *, inside: bool = False) -> Tensor:
    """Historical scores: ``|w| / (F^2 + 1)``, or the later ``w / (F + 1)^2`` with the sign kept (sheet, section 4.9).

    Args:
        weights: ``[n]``.
        flips: ``[n]`` counters.
        inside: add the one before squaring (the later form).
    """
    flips = flips.to(weights.dtype)
    return weights / (flips + 1) ** 2 if inside else weights.abs() / (flips**2 + 1)


def prune(scores: Tensor, live: Tensor, fraction: float, variant: Variant = "corrected") -> Tensor:
    """Remove ``floor(fraction * live)`` weights with the lowest scores over all tensors.

    ``corrected`` removes exactly that many live weights. ``published`` masks the ``n0 + k`` lowest of *all* scores,
    where the n0 masked weights have score 0. Negative scores rank before them, so that
    ``max(k, min(live negatives, n0 + k))`` live weights go.

    Args:
        scores: ``[n]``, 0 where masked.
        live: ``[n]`` bool; counts come from here.
        fraction: of the remaining weights.
        variant: which of the two rules.

    Source: flipout sheet, section 4.3, example 7.2.
    """
    remaining = int(live.sum())
    k = quota(fraction, remaining)
    if variant == "published":
        negative = int((live & (scores < 0)).sum())
        k = max(k, min(negative, live.numel() - remaining + k))
    return prune_lowest(scores, live, k)
