"""Borrowed strength: the spread of one cell steadied by the spreads of the other cells of its table (Smyth 2004)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

MINIMUM_CELLS = 3


@dataclass(frozen=True)
class Prior:
    """What the cells have in common: spread ``s0``, worth ``v0`` degrees of freedom, estimated over ``cells``."""

    s0: float
    v0: float
    cells: int

    def moderate(self, s: float, df: float) -> tuple[float, float]:
        """The steadied spread and its degrees of freedom: s~^2 = (v0 s0^2 + v s^2) / (v0 + v), v0 + v."""
        if math.isinf(self.v0):
            return self.s0, math.inf
        return math.sqrt((self.v0 * self.s0**2 + df * s**2) / (self.v0 + df)), self.v0 + df


def fit_prior(sds: Sequence[float], ns: Sequence[int]) -> Prior | None:
    """Estimate the common spread from the log variances of the cells.

    Args:
        sds: standard deviations; zero ones (collapsed cells) are left out.
        ns: runs behind each.

    Returns:
        The prior, or ``None`` with fewer than three usable cells. ``v0`` is infinite where the cells differ no more
        than chance explains.

    Source: Smyth 2004, section 6.2 (fitting by the mean and variance of log s^2).
    """
    usable = [(s, n - 1) for s, n in zip(sds, ns, strict=True) if s > 0 and n > 1]
    if len(usable) < MINIMUM_CELLS:
        return None
    s, df = np.array(usable, float).T
    e = 2 * np.log(s) - scipy.special.digamma(df / 2) + np.log(df / 2)
    excess = e.var(ddof=1) - scipy.special.polygamma(1, df / 2).mean()
    if excess <= 0:
        return Prior(float(np.exp(e.mean() / 2)), math.inf, len(usable))
    v0 = 2 * inverse_trigamma(float(excess))
    s0_squared = math.exp(e.mean() + float(scipy.special.digamma(v0 / 2)) - math.log(v0 / 2))
    return Prior(math.sqrt(s0_squared), v0, len(usable))


def inverse_trigamma(y: float) -> float:
    """The x with trigamma(x) = y, by Newton's method on 1/trigamma (Smyth 2004, appendix)."""
    x = 0.5 + 1 / y
    for _ in range(50):
        value = float(scipy.special.polygamma(1, x))
        step = value * (1 - value / y) / float(scipy.special.polygamma(2, x))
        x += step
        if abs(step) < 1e-10 * x:
            break
    return x
