"""Small telescopes: was even the smallest effect that the original could have seen ruled out? (Simonsohn 2015)"""

from __future__ import annotations

from functools import lru_cache
from math import isnan

import scipy


@lru_cache(maxsize=256)
def d33(n: int) -> float:
    """Standardised effect that a two-sided 5 % test of n against n runs would have found with power 1/3.

    Args:
        n: runs per side of the original, at least 2.
    """
    df = 2 * n - 2
    critical = scipy.special.stdtrit(df, 0.975)

    def power(d: float) -> float:
        shift = d * (n / 2) ** 0.5
        return float(1 - scipy.special.nctdtr(df, shift, critical) + scipy.special.nctdtr(df, shift, -critical))

    # a shift of 6 standard errors has power above 1/3 at any number of runs
    return float(scipy.optimize.brentq(lambda d: power(d) - 1 / 3, 1e-6, 6 / (n / 2) ** 0.5))


def ruled_out_p(t: float, n1: int, n2: int, original_n: int) -> float:
    """Probability of a statistic as low as ours if the effect were d33: below 0.05 even d33 is ruled out.

    Args:
        t: pooled two-sample statistic of our runs, better - worse.
        n1, n2: our runs on the two sides.
        original_n: published runs per side.

    Source: STATISTICS, section 2: F_nct(T; 2n - 2, d33 sqrt(n / 2)).
    """
    shift = d33(original_n) * (n1 * n2 / (n1 + n2)) ** 0.5
    df = n1 + n2 - 2
    # the fast series fails for large shifts, and every series far out in the lower tail, where the central t bounds it
    for distribution in (lambda: scipy.special.nctdtr(df, shift, t), lambda: scipy.stats.nct.cdf(t, df, shift)):
        if not isnan(p := float(distribution())):
            return p
    return float(scipy.special.stdtr(df, t))
