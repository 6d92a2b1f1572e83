"""Is a difference inside the margin, outside it, or neither? Two one-sided tests and the minimum-effect test."""

from __future__ import annotations

from functools import lru_cache

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
    return place(*interval(d, se, df, level), margin, effect)


def place(low: Floats, high: Floats, margin: Floats, effect: Floats = 0.0) -> Floats:
    """As ``decide``, for an interval that is known already."""
    low, high = low - effect, high + effect
    inside = (low > -margin) & (high < margin)
    return np.where(inside, INSIDE, np.where(low > margin, ABOVE, np.where(high < -margin, BELOW, UNDECIDED)))


def best_half(s1: float | None, n1: int, s2: float, n2: int, level: float = 0.05) -> float:
    """Half-width of the narrowest interval that more runs of ours could be expected to leave.

    The optimum may lie at a finite number: Welch's degrees of freedom fall towards n1 - 1 as ours grow.

    Args:
        s1, n1: published spread (``None``: ours stands in for it) and runs.
        s2, n2: our spread and present number of runs.
        level: one-sided level of each test.
    """
    return float(np.min(_halves(s1, n1, s2, n2, level)))


def needed_n(
    d: float,
    s1: float | None,
    n1: int,
    s2: float,
    n2: int,
    margin: float,
    level: float = 0.05,
    effect: float = 0.0,
) -> int | None:
    """The smallest number of our runs, above the present ``n2``, at which the present numbers would be decided.

    Returns:
        The number, or ``None`` if no number up to ``SEARCH_LIMIT`` would do (the difference lies at the margin, or the
        published mean is too uncertain).
    """

    grid = _more_than(n2)
    hits = _decided(d, _halves(s1, n1, s2, n2, level)[:-1], margin, effect)
    if not hits.any():
        return None
    first = int(np.argmax(hits))
    start = int(grid[first - 1]) + 1 if first else int(grid[0])
    between = np.arange(start, int(grid[first]) + 1, dtype=float)
    se, df = _errors(s1, n1, s2, between)
    return int(between[int(np.argmax(_decided(d, quantile(1 - level, df) * se, margin, effect)))])


def _decided(d: float, half: Floats, margin: float, effect: float) -> Floats:
    return place(d - half, d + half, margin, effect) != UNDECIDED


@lru_cache(maxsize=256)
def _halves(s1: float | None, n1: int, s2: float, n2: int, level: float) -> np.ndarray:
    """Half-widths at every number of ``_more_than``, and at last with unlimited runs."""
    se, df = _errors(s1, n1, s2, np.append(_more_than(n2), np.inf))
    return np.asarray(quantile(1 - level, df) * se)


def _errors(s1: float | None, n1: int, s2: float, n2: Floats) -> tuple[Floats, Floats]:
    return standard_error(s1, n1, s2, n2) if s1 is not None else stand_in_error(s2, n1, n2)


@lru_cache(maxsize=256)
def _more_than(n: int) -> np.ndarray:
    """Numbers of runs to try: every one up to 200, then ever wider steps."""
    near = np.arange(max(n + 1, 2), max(n + 2, 200), dtype=float)
    far = np.ceil(np.geomspace(near[-1] + 1, max(SEARCH_LIMIT, near[-1] + 2), 200))
    return np.concatenate([near, np.unique(far)])
