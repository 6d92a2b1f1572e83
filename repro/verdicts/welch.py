"""Two means from summary numbers: standard error, degrees of freedom, intervals. Everything takes arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

Floats = Any
"""A float or an array of floats; results follow the inputs by broadcasting."""

POCOCK = (0.05, 0.0294, 0.0221, 0.0182, 0.0158, 0.0142, 0.0130, 0.0120, 0.0112, 0.0106)
"""Nominal level of each of k looks that keeps 5 % over all of them (Pocock 1977, table 1)."""


def standard_error(s1: Floats, n1: Floats, s2: Floats, n2: Floats) -> tuple[Floats, Floats]:
    """Welch's standard error of a difference of two means and Satterthwaite's degrees of freedom.

    Two spreads of exactly zero give se 0 and infinite degrees of freedom: the difference is known.

    Args:
        s1, s2: sample standard deviations (ddof 1).
        n1, n2: numbers of runs, at least 2.

    Returns:
        se and df.

    Source: STATISTICS, section 1; Welch 1947.
    """
    return moderated_error(s1, n1, np.subtract(n1, 1), s2, n2, np.subtract(n2, 1))


def moderated_error(s1: Floats, n1: Floats, v1: Floats, s2: Floats, n2: Floats, v2: Floats) -> tuple[Floats, Floats]:
    """As ``standard_error``, for spreads whose degrees of freedom v1, v2 are not n - 1 (borrowed strength)."""
    a, b = np.square(s1) / n1, np.square(s2) / n2
    total = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        # ratios first: squares of very small variances would underflow
        df = 1 / ((a / total) ** 2 / v1 + (b / total) ** 2 / v2)
    return np.sqrt(total), np.where(total > 0, df, np.inf)


def stand_in_error(s2: Floats, n1: Floats, n2: Floats) -> tuple[Floats, Floats]:
    """Standard error and df where one spread stands in for both sides: s2 sqrt(1/n1 + 1/n2), n2 - 1."""
    return s2 * np.sqrt(np.add(1 / np.asarray(n1, float), 1 / np.asarray(n2, float))), np.subtract(n2, 1)


def quantile(p: float, df: Floats) -> Floats:
    """Quantile of Student's t."""
    return scipy.special.stdtrit(df, p)


def interval(d: Floats, se: Floats, df: Floats, level: float = 0.05) -> tuple[Floats, Floats]:
    """The interval of the difference that goes with one-sided tests at ``level``: 90 % for 0.05."""
    half = quantile(1 - level, df) * se
    return d - half, d + half


def upper_p(numerator: Floats, se: Floats, df: Floats) -> Floats:
    """P(T >= numerator / se); with se 0 the difference is known and p is 0, 1, or 0.5 at the boundary itself."""
    if isinstance(se, float) and se > 0:
        return scipy.special.stdtr(df, -numerator / se)  # the same without arrays, which is how a single claim asks
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.equal(numerator, 0), 0.0, np.divide(numerator, se))
    return scipy.special.stdtr(df, -t)


def two_sided_p(d: Floats, se: Floats, df: Floats) -> Floats:
    """Two-sided p-value of no difference."""
    return 2 * upper_p(np.abs(d), se, df)


def prediction_half(s1: Floats, n1: Floats, n2: Floats) -> Floats:
    """Half-width of the 95 % interval for the mean of n2 new runs, given n1 original runs of spread s1."""
    se, df = stand_in_error(s1, n2, n1)
    return quantile(0.975, df) * se


def nominal_level(looks: int) -> float:
    """One-sided level of each test when seeds were added ``looks - 1`` times; beyond ten looks, Bonferroni's.

    Pocock's promise is for looks that all use this level. Here the first look has spent the full 0.05, so all looks
    together err more often; ``docs/statistics.md`` has the numbers. Plan the seeds instead.
    """
    return POCOCK[looks - 1] if looks <= len(POCOCK) else POCOCK[0] / looks
