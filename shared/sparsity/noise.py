"""Gradient noise proportional to each tensor's gradient, in place, with fused calls and without a host read-back.

The draws come from outside (``Draws.fill_normal``), so that a step with noise can be captured in a CUDA graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


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
    gradients: Sequence[Tensor],
    noise: Sequence[Tensor],
    scale: float = 1.0,
    *,
    together: bool = False,
    consume: bool = False,
) -> None:
    """``g_t += sigma_t * eps_t`` for all tensors; the caller applies the masks again afterwards.

    Args:
        gradients: already masked gradients, changed in place.
        noise: N(0, 1) draws of the same shapes; left as they are unless they are consumed.
        scale: see ``noise_sigma``.
        together: see ``noise_sigma``.
        consume: scale the noise in place, which spares an allocation of its size.
    """
    sigmas = noise_sigma(gradients, scale, together=together)
    if consume:
        for eps, sigma in zip(noise, sigmas, strict=True):
            eps.mul_(sigma)
        torch._foreach_add_(list(gradients), list(noise))
        return
    scaled = [eps * sigma for eps, sigma in zip(noise, sigmas, strict=True)]
    torch._foreach_add_(list(gradients), scaled)
