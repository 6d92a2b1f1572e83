"""The nominal level at which Welch's test keeps its promise when one side has only two runs.

Satterthwaite's degrees of freedom are themselves estimated: with two runs against ten, a nominal 5 % errs in up to 8 %
of cases. From three runs a side on, the excess is small (``docs/statistics.md`` has the numbers, the tests check them)
and the plain level of the published vectors is kept.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy

from repro.verdicts.welch import nominal_level, quantile, standard_error

NODES = 24
RATIOS = np.geomspace(0.1, 30, 16)


def size(n1: int, n2: int, ratio: float, level: float, nodes: int = NODES) -> float:
    """Probability that a one-sided Welch test of nominal ``level`` rejects at the boundary of its hypothesis.

    Args:
        n1, n2: runs of the two sides, at least 2.
        ratio: true spread of the first side over that of the second.
        level: nominal level.
        nodes: of the Gauss-Legendre rule over each sample variance.
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    s1 = ratio * np.sqrt(scipy.special.chdtri(n1 - 1, (1 - x) / 2) / (n1 - 1))
    s2 = np.sqrt(scipy.special.chdtri(n2 - 1, (1 - x) / 2) / (n2 - 1))
    se, df = standard_error(s1[:, None], n1, s2[None, :], n2)
    true_se = (ratio**2 / n1 + 1 / n2) ** 0.5
    return float(w @ scipy.special.ndtr(-quantile(1 - level, df) * se / true_se) @ w / 4)


@lru_cache(maxsize=1024)
def level_for(n1: int, n2: int, looks: int = 1) -> float:
    """Nominal one-sided level of a Welch test of n1 against n2 runs, after ``looks`` looks.

    Returns:
        Pocock's level (0.05 for one look); with two runs on a side, the largest level whose error stays below that at
        every ratio of the true spreads.
    """
    target = nominal_level(looks)
    if min(n1, n2) != 2:
        return target
    level = target
    # the error grows more slowly than the level, so that each step stays on the unsafe side until the last
    while (worst := max(size(2, max(n1, n2), r, level) for r in RATIOS)) > 1.002 * target:
        level *= target / worst
    return 0.995 * level
