"""Element-wise sparsity regularisers of one tensor, protected or exactly as published (hoyer sheet 4.3 and 4.5).

Protected (the default): a tensor whose squares sum to 0 contributes 0 and gets the gradient 0. ``raw``: the original
expressions, which skip a tensor only where the sum of ``|w|`` is 0; values whose squares underflow give inf and NaN.
Every function is differentiable, and no function reads a value back to the host.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def l1(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``sum |w|``; nothing in it needs protection."""
    return weights.abs().sum()


def hoyer(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``sum |w| / sqrt(sum w^2)``, between 1 and the root of the number of entries."""
    return _skipping_zeros(lambda w: w.abs().sum() / w.square().sum().sqrt(), weights, raw)


def hoyer_square(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``(sum |w|)^2 / sum w^2``, between 1 and the number of entries: a differentiable count."""
    return _skipping_zeros(lambda w: w.abs().sum().square() / w.square().sum(), weights, raw)


def transformed_l1(weights: Tensor, *, a: float = 1.0, raw: bool = False) -> Tensor:
    """``sum (a + 1) |w| / (a + |w|)``; nothing in it needs protection."""
    sizes = weights.abs()
    return ((a + 1) * sizes / (a + sizes)).sum()


def trimming_threshold(weights: Tensor) -> Tensor:
    """``sum w^2 / sum |w|``: the gradients of Hoyer and Hoyer-Square push smaller weights in and larger ones out.

    A property of the gradient alone; nothing is pruned by it (hoyer sheet 4.3 and trap 9). 0 for a tensor of zeros.
    """
    total = weights.abs().sum()
    return weights.square().sum() / torch.where(total > 0, total, torch.ones_like(total))


def _skipping_zeros(formula: Callable[[Tensor], Tensor], weights: Tensor, raw: bool) -> Tensor:
    """The formula where the tensor counts, else 0; the branch that is not taken is fed ones, so it stays finite."""
    measure = weights.detach().abs().sum() if raw else weights.detach().square().sum()
    counts = measure > 0
    value = formula(torch.where(counts, weights, torch.ones_like(weights)))
    return torch.where(counts, value, torch.zeros_like(value))


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "l1": l1,
    "hoyer": hoyer,
    "hoyer-square": hoyer_square,
    "transformed-l1": transformed_l1,
}
