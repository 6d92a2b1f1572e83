"""Element-wise sparsity regularisers of one tensor, protected or exactly as published (hoyer sheet 4.3 and 4.5).

Protected (the default): a tensor whose squares sum to 0 contributes 0 and gets the gradient 0. ``raw``: the original
expressions, which skip a tensor only where the sum of ``|w|`` is 0; values whose squares underflow give inf and NaN.
Every function is differentiable, and no function reads a value back to the host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def l1(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``sum |w|``; nothing in it needs protection."""
    return weights.abs().sum()


def hoyer(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``sum |w| / sqrt(sum w^2)``, between 1 and the root of the number of entries."""
    return hoyer_each([weights], raw=raw)[0]


def hoyer_square(weights: Tensor, *, raw: bool = False) -> Tensor:
    """``(sum |w|)^2 / sum w^2``, between 1 and the number of entries: a differentiable count."""
    return hoyer_square_each([weights], raw=raw)[0]


def hoyer_each(tensors: Sequence[Tensor], *, raw: bool = False) -> Tensor:
    """``hoyer`` of each tensor, as one vector; on small networks the number of calls is what costs."""
    totals, squares = _sums(tensors, raw)
    return totals / squares.sqrt()


def hoyer_square_each(tensors: Sequence[Tensor], *, raw: bool = False) -> Tensor:
    """``hoyer_square`` of each tensor, as one vector."""
    totals, squares = _sums(tensors, raw)
    return totals.square() / squares


def transformed_l1(weights: Tensor, *, a: float = 1.0, raw: bool = False) -> Tensor:
    """``sum (a + 1) |w| / (a + |w|)``; nothing in it needs protection."""
    value: Tensor = _TransformedL1.apply(weights, a)
    return value


def trimming_threshold(weights: Tensor) -> Tensor:
    """``sum w^2 / sum |w|``: the gradients of Hoyer and Hoyer-Square push smaller weights in and larger ones out.

    A property of the gradient alone; nothing is pruned by it (hoyer sheet 4.3 and trap 9). 0 for a tensor of zeros.
    """
    total = weights.abs().sum()
    return weights.square().sum() / torch.where(total > 0, total, torch.ones_like(total))


def _sums(tensors: Sequence[Tensor], raw: bool) -> tuple[Tensor, Tensor]:
    """``sum |w|``, and ``sum w^2`` or 1 where a tensor does not count: its quotient is 0, and so is its gradient."""
    totals, squares = _Sums.apply(*tensors)
    counts = (totals if raw else squares) > 0
    return totals, torch.where(counts, squares, torch.ones_like(squares))


class _TransformedL1(torch.autograd.Function):
    """``sum (a + 1) |w| / (a + |w|)``, whose derivative is ``a (a + 1) sign(w) / (a + |w|)^2``."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, a: float) -> Tensor:
        sizes = weights.abs()
        shifted = sizes + a
        ctx.save_for_backward(weights, shifted)
        ctx.a = a
        return (a + 1) * sizes.div_(shifted).sum()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        weights, shifted = ctx.saved_tensors
        return weights.sign().div_(shifted.square()).mul_(ctx.a * (ctx.a + 1) * upstream), None


class _Sums(torch.autograd.Function):
    """``sum |w|`` and ``sum w^2`` of each tensor as two vectors, with as few passes over the weights as possible."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(*tensors)
        flat = [w.reshape(-1) for w in tensors]
        return torch.stack([w.abs().sum() for w in flat]), torch.stack([torch.dot(w, w) for w in flat])

    @staticmethod
    def backward(ctx: Any, to_totals: Tensor, to_squares: Tensor) -> tuple[Tensor, ...]:
        twice = 2 * to_squares
        return tuple(w.sign().mul_(to_totals[i]).addcmul_(w, twice[i]) for i, w in enumerate(ctx.saved_tensors))


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "l1": l1,
    "hoyer": hoyer,
    "hoyer-square": hoyer_square,
    "transformed-l1": transformed_l1,
}

EACH: dict[str, Callable[..., Tensor]] = {"hoyer": hoyer_each, "hoyer-square": hoyer_square_each}
"""Those that take all tensors at once."""
