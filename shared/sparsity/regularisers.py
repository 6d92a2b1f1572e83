"""Penalties on weights, as differentiable scalars (add them to the loss; multiply by their strength outside).

No function reads a value back to the host. A tensor of zeros contributes 0 and gets the gradient 0, and so does every
entry that is exactly 0: a pruned weight stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def hoyer_square(weights: Tensor) -> Tensor:
    """``(sum |w|)^2 / sum w^2``, between 1 and the number of entries; 0 for a tensor of zeros.

    DeepHoyer's (``element_regularisers``) is the same function, but sums in another order and differs in the last bits
    of value and gradient, on which kept runs of FlipOut's baseline depend; so each paper keeps its own.

    Source: flipout sheet, section 4.7.
    """
    return _ratio(weights.abs().sum().square(), weights.square().sum())


def group_hoyer(weights: Tensor) -> Tensor:
    """Group Hoyer-Square of a weight ``[out, in, ...]``: over its input channels plus over its filters.

    The norm of each slice replaces ``|w|``; for a linear layer the slices are columns and rows.

    Source: flipout sheet, section 4.7 (historical option).
    """
    flat = weights.flatten(2) if weights.ndim > 2 else weights.unsqueeze(2)
    per_input = torch.linalg.vector_norm(flat, dim=(0, 2)).sum().square()
    per_output = torch.linalg.vector_norm(flat, dim=(1, 2)).sum().square()
    return _ratio(per_input + per_output, weights.square().sum())


def hoyer_square_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of ``hoyer_square`` over the tensors; the published baseline takes all parameters of the network."""
    return torch.stack([hoyer_square(w) for w in parameters]).sum()


def group_hoyer_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of ``group_hoyer`` over the tensors with two or more dimensions; the others are skipped."""
    return torch.stack([group_hoyer(w) for w in parameters if w.ndim > 1]).sum()


def l1_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """``sum |w|`` over all tensors."""
    return torch.stack([w.abs().sum() for w in parameters]).sum()


def l2_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """``sum w^2`` over all tensors: twice the pull of a weight decay of the same strength."""
    return torch.stack([w.square().sum() for w in parameters]).sum()


def _ratio(numerator: Tensor, squares: Tensor) -> Tensor:
    """``numerator / squares``, where a zero denominator is replaced by one (the numerator is 0 there)."""
    return numerator / torch.where(squares > 0, squares, torch.ones_like(squares))


def kernel_lasso(parameters: Iterable[Tensor], epsilon: float = 1e-12) -> Tensor:
    """Group lasso over the kernels of convolutions, L1 over all other tensors.

    ``sum over (out, in) of sqrt(sum over the kernel of w^2 + epsilon)`` for ``[out, in, kh, kw]``, without a factor for
    the size of the groups.

    Source: dsr sheet, sections 4.0 and 4.9.
    """
    terms = [(w.square().sum((2, 3)) + epsilon).sqrt().sum() if w.ndim == 4 else w.abs().sum() for w in parameters]
    return torch.stack(terms).sum()
