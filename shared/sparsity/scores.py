"""Scores of single weights: low means redundant. Pure functions, element by element."""

from __future__ import annotations

from torch import Tensor

from shared.draws import Draws


def magnitude(weights: Tensor) -> Tensor:
    """``|w|``, same shape as ``weights``."""
    return weights.abs()


def power(weights: Tensor, p: float, *, signed: bool = False) -> Tensor:
    """``|w|^p``, or the plain power ``w^p`` that keeps the sign of a weight for odd ``p``.

    Args:
        weights: any shape.
        p: the exponent; the signed form takes whole numbers only, as the original option did.
        signed: keep the sign (flipout sheet, section 4.3 and trap T3).

    Raises:
        ValueError: for a signed power with a fractional exponent, which is undefined for negative weights.
    """
    if signed and p != int(p):
        raise ValueError(f"the signed power needs a whole exponent, not {p}")
    return (weights if signed else weights.abs()).pow(int(p) if p == int(p) else p)


def sensitivity(weights: Tensor, gradients: Tensor) -> Tensor:
    """``|w * dL/dw|``: the size of the loss gradient with respect to a multiplicative mask at one."""
    return (weights * gradients).abs()


def random(weights: Tensor, draws: Draws, purpose: str, *, epoch: int = 0, step: int = 0) -> Tensor:
    """Independent U[0, 1) scores, float64, one per weight; the same on every device."""
    return draws.uniform(weights.numel(), purpose, epoch=epoch, step=step).to(weights.device).view(weights.shape)
