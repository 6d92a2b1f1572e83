"""The equations of FlipOut, in the order of the paper: sign flips, saliency, pruning, gradient noise.

Functions ending in ``_`` work in place on lists of tensors with fused calls, read nothing back to the host and may be
captured in a CUDA graph. Vectors are flat over the concatenated prunable tensors, ``True`` means live.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from shared.draws import Draws
from shared.sparsity.criteria import prune_lowest, quota
from shared.sparsity.scores import power
from shared.sparsity.topk import lowest

Variant = Literal["published", "corrected"]


@torch.no_grad()
def count_flips_(
    counts: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor], live: Sequence[Tensor]
) -> None:
    """Add one to the counter of every weight whose three-valued sign changed; counters of masked weights become 0.

    ``+ -> 0`` and ``0 -> +`` each count once, -0.0 equals 0.0.

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
    return power(weights, p, signed=signed) / (flips.to(weights.dtype) + offset)


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
    where masked weights have score 0: negative scores rank before them, and the request is overshot.

    Args:
        scores: ``[n]``, 0 where masked.
        live: ``[n]`` bool; counts come from here.
        fraction: of the remaining weights.
        variant: which of the two rules.

    Source: flipout sheet, section 4.3, example 7.2.
    """
    remaining = int(live.sum())
    k = quota(fraction, remaining)
    if variant == "corrected":
        return prune_lowest(scores, live, k)
    return live & ~lowest(scores, live.numel() - remaining + k, first=~live)


def noise_draws(gradients: Sequence[Tensor], draws: Draws, *, step: int) -> list[Tensor]:
    """The N(0, 1) draws of one optimiser step, one tensor per noisy gradient, keyed by step and position."""
    return [draws.normal(g, "gradient-noise", step=step, index=i) for i, g in enumerate(gradients)]


@torch.no_grad()
def noise_sigma(gradients: Sequence[Tensor], scale: float = 1.0, *, together: bool = False) -> list[Tensor]:
    """``sigma_t = s * ||g_t||_2 / sqrt(numel(t))`` as 0-d tensors, one per gradient.

    Args:
        gradients: already masked gradients; masked entries count in ``numel``.
        scale: s, the paper's lambda (historical option: times initial over current learning rate).
        together: one sigma from the concatenated gradient for all tensors (historical ``global_noise``).

    Source: flipout sheet, section 4.4, trap T14.
    """
    norms = list(torch._foreach_norm(list(gradients)))
    sizes = [g.numel() for g in gradients]
    if together:
        norms = [torch.linalg.vector_norm(torch.stack(norms))] * len(norms)
        sizes = [sum(sizes)] * len(norms)
    return [n * (scale / math.sqrt(size)) for n, size in zip(norms, sizes, strict=True)]


@torch.no_grad()
def add_noise_(
    gradients: Sequence[Tensor], noise: Sequence[Tensor], scale: float = 1.0, *, together: bool = False
) -> None:
    """``g_t += sigma_t * eps_t`` for all tensors; the caller applies the masks again afterwards.

    Args:
        gradients: already masked gradients, changed in place.
        noise: N(0, 1) draws of the same shapes (``noise_draws``); left as they are.
        scale: see ``noise_sigma``.
        together: see ``noise_sigma``.
    """
    sigmas = noise_sigma(gradients, scale, together=together)
    scaled = [eps * sigma for eps, sigma in zip(noise, sigmas, strict=True)]
    torch._foreach_add_(list(gradients), scaled)
