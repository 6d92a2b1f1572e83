"""Dropout whose randomness is handed in, so that a run that is stopped and continued draws the same units."""

from __future__ import annotations

from statistics import NormalDist

from torch import Tensor, nn

from shared.errors import ReproError


class DrawnDropout(nn.Module):
    """Zero each value with probability ``p`` while training and scale the others by ``1 / (1 - p)``.

    ``noise`` is filled with N(0, 1) numbers before each step by the component ``dropout``; a value goes where its
    number is below the normal quantile of ``p``.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ReproError(f"dropout is a fraction from 0 to below 1, not {p:g}.")
        self.p = p
        self.quantile = NormalDist().inv_cdf(p) if p else 0.0
        self.noise: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Same shape; the identity in evaluation mode.

        Raises:
            ReproError: while training, if nobody fills the noise.
        """
        if not self.training or not self.p:
            return x
        if self.noise is None:
            raise ReproError('A network with dropout needs the component "dropout" in its training phases.')
        kept = self.noise[: len(x)] >= self.quantile
        return x * kept / (1 - self.p)
