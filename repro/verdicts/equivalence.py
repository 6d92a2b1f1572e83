"""Is a difference inside the margin, outside it, or neither? Two one-sided tests and the minimum-effect test."""

from __future__ import annotations

import numpy as np

from repro.verdicts.welch import Floats, interval, quantile, stand_in_error, standard_error, upper_p

INSIDE, UNDECIDED, BELOW, ABOVE = 0, 1, -2, 2
SEARCH_LIMIT = 100_000


def tost(d: Floats, se: Floats, df: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """p-values of the two one-sided tests against difference <= -margin and difference >= margin.

    Equivalence at 5 % holds when the larger is below 0.05 (Schuirmann 1987).
    """
    return upper_p(d + margin, se, df), upper_p(margin - d, se, df)


def minimum_effect(d: Floats, se: Floats, df: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """p-values of 'the difference exceeds the margin' and of 'it lies below minus the margin'."""
    return upper_p(d - margin, se, df), upper_p(-margin - d, se, df)


def decide(d: Floats, se: Floats, df: Floats, margin: Floats, level: float = 0.05, effect: Floats = 0.0) -> Floats:
    """INSIDE, ABOVE, BELOW or UNDECIDED, from the interval of the difference.

    Args:
        d, se, df: difference ours - published, its standard error and degrees of freedom.
        margin: equivalence margin, rounding included.
        level: one-sided level of each test.
        effect: worst-case effect of known differences in the data; widens the interval on both sides.
    """
    low, high = interval(d, se, df, level)
    low, high = low - effect, high + effect
    inside = (low > -margin) & (high < margin)
    return np.where(inside, INSIDE, np.where(low > margin, ABOVE, np.where(high < -margin, BELOW, UNDECIDED)))


def limit_half(s1: float | None, n1: int, s2: float, level: float = 0.05) -> float:
    """Half-width of the interval that unlimited runs of ours would leave.

    With a published spread it is that of the published mean; where ours stands in, it becomes known exactly.
    """
    if s1 is None:
        return float(quantile(1 - level, np.inf) * s2 / np.sqrt(n1))
    return float(quantile(1 - level, n1 - 1) * s1 / np.sqrt(n1)) if s1 > 0 else 0.0


def needed_n(d: float, s1: float | None, n1: int, s2: float, margin: float, level: float = 0.05) -> int | None:
    """The smallest number of our runs at which the present difference and spreads would be decided.

    Returns:
        The number, or ``None`` if no number up to ``SEARCH_LIMIT`` would do (the difference lies at the margin, or the
        published mean is too uncertain).
    """

    def decided(n2: Floats) -> Floats:
        se, df = standard_error(s1, n1, s2, n2) if s1 is not None else stand_in_error(s2, n1, n2)
        return decide(d, se, df, margin, level) != UNDECIDED

    small = np.arange(2, 200)
    if (hits := decided(small)).any():
        return int(small[int(np.argmax(hits))])
    if not decided(np.array([SEARCH_LIMIT]))[0]:
        return None
    low, high = 199, SEARCH_LIMIT
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decided(np.array([middle]))[0] else (middle, high)
    return high
