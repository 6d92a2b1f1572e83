"""A rank trend over runs along ordered experiments: Spearman's rho with its permutation distribution."""

from __future__ import annotations

from functools import lru_cache
from math import factorial, prod

import numpy as np

from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Label, Verdict
from repro.verdicts.welch import nominal_level
from repro.verdicts.wording import p_text
from shared.claims import Trend

PERMUTATIONS = 20_000


def judge_trend(claim: Trend, samples: tuple[Sample, ...]) -> Tested:
    """The verdict on a trend, before the table's correction.

    Args:
        claim: the sentence.
        samples: our runs of each experiment in the order of the claim, at one scale.
    """
    groups = np.repeat(np.arange(len(samples)), [s.n for s in samples])
    values = np.concatenate([s.values for s in samples])
    sign = 1 if claim.direction == "increasing" else -1
    rho, p_for, p_against = spearman(groups, sign * values)
    level = nominal_level(max(s.looks for s in samples))
    floor = smallest_p([s.n for s in samples])
    text = f"Spearman's rank correlation over {len(values)} runs in the claimed direction is {rho:+.2f}"
    label: Label = "INCONCLUSIVE"
    if floor > level:
        reason = f"{text}, but so few runs cannot show any trend (smallest possible p = {floor:.2f})."
    elif p_for <= level:
        label, reason = "SUPPORTED", f"{text}: more than chance explains ({p_text(p_for)})."
    elif p_against <= level:
        label, reason = "CONTRADICTED", f"{text}: the trend runs the other way ({p_text(p_against)})."
    else:
        reason = f"{text}: chance could explain it ({p_text(p_for)})."
    verdict = Verdict(
        claim=claim, label=label, reason=reason, n=min(s.n for s in samples), mean=rho, p=p_for, level=level
    )
    return Tested(with_runs(verdict, samples), p_for, p_against)


def spearman(groups: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Spearman's rho and the one-sided p-values of a rising and of a falling trend.

    The null distribution is that of random assignments of runs to groups (a fixed sequence of ``PERMUTATIONS`` of
    them, so that a verdict never changes between calls); ties share their mean rank.

    Args:
        groups, values: [runs].
    """
    from scipy.stats import rankdata

    x, y = rankdata(groups), rankdata(values)
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    if norm == 0:
        return 0.0, 1.0, 1.0
    observed = float(x @ y) / norm
    shuffled = y[_permutations(len(y))] @ x / norm
    slack = 1e-9  # equal statistics must count as equal in floating point
    p_up = (1 + int((shuffled >= observed - slack).sum())) / (PERMUTATIONS + 1)
    p_down = (1 + int((shuffled <= observed + slack).sum())) / (PERMUTATIONS + 1)
    return observed, p_up, p_down


@lru_cache(maxsize=8)
def _permutations(n: int) -> np.ndarray:
    rng = np.random.default_rng(20_150_501 + n)
    return rng.permuted(np.tile(np.arange(n), (PERMUTATIONS, 1)), axis=1)


def smallest_p(sizes: list[int]) -> float:
    """The smallest one-sided p-value that groups of these sizes can reach."""
    return prod(factorial(n) for n in sizes) / factorial(sum(sizes))
