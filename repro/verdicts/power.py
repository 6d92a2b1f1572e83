"""How many seeds a verdict needs: power of the equivalence test, exact by numerical integration."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy

from repro.verdicts.calibration import level_for
from repro.verdicts.welch import Floats, quantile, stand_in_error, standard_error

NODES = 32
LARGEST_N = 2_000
TARGET = 0.8


def tost_power(n1: int, n2: int, ratio: float, shift: float = 0.0, level: float = 0.05) -> float:
    """Probability that the equivalence test succeeds with both spreads estimated.

    Integrates over the two sample variances (Gauss-Legendre over the probability scale of chi-square); given them,
    the difference is normal.

    Args:
        n1, n2: published and our runs, at least 2 each.
        ratio: margin / sigma, with one true sigma on both sides.
        shift: true difference / sigma.
        level: one-sided level of each test.
    """
    s1, w1 = _spreads(n1 - 1)
    s2, w2 = _spreads(n2 - 1)
    se, df = standard_error(s1[:, None], n1, s2[None, :], n2)
    return float(w1 @ _inside(ratio, shift, se, df, 1 / n1 + 1 / n2, level) @ w2)


def limit_power(n1: int, ratio: float, shift: float = 0.0, level: float = 0.05) -> float:
    """``tost_power`` for unlimited runs of ours: what the published side alone leaves possible."""
    s1, w1 = _spreads(n1 - 1)
    return float(w1 @ _inside(ratio, shift, s1 / n1**0.5, np.full_like(s1, n1 - 1.0), 1 / n1, level))


def stand_in_power(n1: int, n2: int, ratio: float, shift: float = 0.0, level: float = 0.05) -> float:
    """``tost_power`` where the published spread is unknown and ours stands in for it."""
    s2, w2 = _spreads(n2 - 1)
    se, df = stand_in_error(s2, n1, n2)
    return float(w2 @ _inside(ratio, shift, se, df, 1 / n1 + 1 / n2, level))


def _inside(ratio: float, shift: float, se: Floats, df: Floats, variance: float, level: float) -> Floats:
    room = np.maximum(ratio - quantile(1 - level, df) * se, 0.0)
    tau = variance**0.5
    return scipy.special.ndtr((room - shift) / tau) - scipy.special.ndtr((-room - shift) / tau)


@lru_cache(maxsize=4096)
def _spreads(df: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of s / sigma and their weights, for ``df`` degrees of freedom."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    return np.sqrt(scipy.special.chdtri(df, (1 - x) / 2) / df), w / 2


@lru_cache(maxsize=4096)
def seeds_for_power(
    n1: int, ratio: float, *, spread_known: bool = True, power: float = TARGET
) -> tuple[int | None, float]:
    """The fewest runs of ours that reach a power at zero shift, and the best power of any number.

    Power need not grow with our runs: Welch's degrees of freedom fall towards n1 - 1, so every number is tried (beyond
    60 in steps of a tenth).

    Args:
        n1: published runs.
        ratio: margin / published spread (or the spread assumed for ours).
        spread_known: whether the published spread enters the test.

    Returns:
        The number, ``None`` if none up to ``LARGEST_N`` does, and the best power.
    """
    best, n = 0.0, 2
    while n <= LARGEST_N:
        reached = tost_power(n1, n, ratio) if spread_known else stand_in_power(n1, n, ratio)
        if reached >= power:
            return n, max(reached, limit_power(n1, ratio) if spread_known else stand_in_power(n1, LARGEST_N, ratio))
        best = max(best, reached)
        n += 1 if n < 60 else n // 10
    return None, max(best, limit_power(n1, ratio)) if spread_known else best


@lru_cache(maxsize=4096)
def seeds_to_order(effect: float, power: float = TARGET) -> int | None:
    """Runs per side for a one-sided 5 % test of a standardised difference (``order_power``).

    Args:
        effect: difference / sigma, positive.
    """
    n = 2
    while n <= LARGEST_N and order_power(n, effect) < power:
        n += 1 if n < 20 else max(1, n // 20)
    if n > LARGEST_N:
        return None
    while n > 2 and order_power(n - 1, effect) >= power:
        n -= 1
    return n


def order_power(n: int, effect: float, tests: int = 1) -> float:
    """Probability that a one-sided Welch test of n runs a side shows a standardised difference (equal true spreads).

    Args:
        n: runs of either side; fewer than two show nothing.
        effect: difference / sigma.
        tests: how many the level is divided by: of so many tests together, Holm's correction leaves at least this.
    """
    if n < 2:
        return 0.0
    s, w = _spreads(n - 1)
    se, df = standard_error(s[:, None], n, s[None, :], n)
    least = quantile(1 - level_for(n, n) / tests, df) * se
    return float(w @ scipy.special.ndtr((effect - least) / (2 / n) ** 0.5) @ w)
