"""A published median against ours, by ranks: the shift between two sets of runs (Hodges and Lehmann 1963)."""

from __future__ import annotations

from functools import cache
from math import comb
from statistics import median

import numpy as np
from numpy.typing import NDArray

from repro.verdicts.equivalence import ABOVE, BELOW, INSIDE, place
from repro.verdicts.runs_behind import level_flags, run_flags
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Interval, Label, Verdict
from repro.verdicts.welch import nominal_level
from repro.verdicts.wording import num, runs, signed, span, unit_of
from shared.claims import Value


def judge_median(claim: Value, sample: Sample) -> Tested:
    """The verdict on the median of published runs, each of which is known.

    A failed run decides a mean and its spread; among enough runs it is one rank. The interval is exact if both sides
    are distributed alike up to a shift, whatever the distribution.

    Args:
        claim: the median, with the single runs behind it.
        sample: our runs; they must be admissible.

    Raises:
        ValueError: for a claim without its single runs.
    """
    if not claim.per_seed:
        raise ValueError(f"{claim.id} is a median whose single runs are not known")
    theirs, values = claim.per_seed, sample.best_values if claim.which == "best" else sample.values
    ours, level, margin = median(values), nominal_level(sample.looks), claim.margin + claim.rounding
    label, detail, reason, interval = _decide(claim, ours, shift_interval(values, theirs, level), sample, margin, level)
    p, p_against = p_values(values, theirs, margin, sample.data_effect)
    verdict = Verdict(
        claim=claim,
        label=label,
        detail=detail,
        reason=reason,
        scale=sample.scale,
        n=sample.n,
        mean=ours,
        sd=sample.sd,
        interval=interval,
        level=level,
        margin=margin,
        p=p,
        deviations=sample.deviations,
        flags=("Medians, compared by ranks.", *level_flags(sample.looks, level), *run_flags(sample)),
        identities=sample.identities,
        cost_seconds=sample.cost_seconds,
        gating=claim.gating,
    )
    return Tested(verdict, p_for=p, p_against=p_against)


def _decide(
    claim: Value, ours: float, interval: Interval | None, sample: Sample, margin: float, level: float
) -> tuple[Label, str, str, Interval | None]:
    gap = (
        f"Our median {num(ours)} of {runs(sample.n)} is {signed(ours - claim.value)}{unit_of(claim)} from the "
        f"published {num(claim.value)} of {runs(len(claim.per_seed))}"
    )
    if interval is None:
        reason = f"{gap}; ranks of so few runs decide nothing at a level of {level:.3g}."
        return "INCONCLUSIVE", "", reason, None
    gap += f"; the {100 * (1 - 2 * level):.3g} % interval {span(*interval)} of the shift between them"
    if sample.data_effect:
        gap += f", widened by {num(sample.data_effect)} for the data,"
    side = int(place(*interval, margin, sample.data_effect))
    if side == INSIDE:
        return "REPRODUCED", "", f"{gap} lies inside the margin of +-{num(margin)}.", interval
    if side in (ABOVE, BELOW):
        where = "higher" if side == ABOVE else "lower"
        return "NOT REPRODUCED", where, f"{gap} lies wholly outside the margin of +-{num(margin)}.", interval
    return "INCONCLUSIVE", "", f"{gap} crosses the margin of +-{num(margin)}.", interval


def shift_interval(ours: tuple[float, ...], theirs: tuple[float, ...], level: float) -> Interval | None:
    """Interval of the shift ours - theirs whose two sides each err with probability ``level`` at most.

    Its ends are ordered differences of single runs, as deep from either end as the null distribution of
    Mann-Whitney's U allows.

    Returns:
        The interval, or ``None`` if even the extreme differences err more often.
    """
    below = np.cumsum(u_distribution(len(ours), len(theirs)))
    deep = int(np.searchsorted(below, level, side="right"))  # how many values of U lie in the tail
    differences = np.sort(np.subtract.outer(np.array(ours), np.array(theirs)).reshape(-1))
    return None if deep == 0 else (float(differences[deep - 1]), float(differences[-deep]))


def p_values(
    ours: tuple[float, ...], theirs: tuple[float, ...], margin: float, effect: float = 0.0
) -> tuple[float, float]:
    """p of equivalence (the larger of two one-sided rank tests), and of a shift beyond the margin on either side."""
    below = np.cumsum(u_distribution(len(ours), len(theirs)))
    differences = np.subtract.outer(np.array(ours), np.array(theirs))

    def tail(wrong: NDArray[np.bool_]) -> float:
        return min(float(below[int(wrong.sum())]), 1.0)

    inner, outer = margin - effect, margin + effect
    p = max(tail(differences <= -inner), tail(differences >= inner))
    return p, min(tail(differences <= outer), tail(differences >= -outer))


@cache
def u_distribution(m: int, n: int) -> NDArray[np.float64]:
    """Probabilities ``[m n + 1]`` of Mann-Whitney's U for two samples of one continuous distribution."""

    @cache
    def counts(a: int, b: int) -> tuple[int, ...]:
        """Arrangements of a and b runs by U: the largest is either of the first, above all b, or of the second."""
        if not a or not b:
            return (1,)
        out = [0] * (a * b + 1)
        for shift, rest in ((b, counts(a - 1, b)), (0, counts(a, b - 1))):
            for u, k in enumerate(rest):
                out[u + shift] += k
        return tuple(out)

    return np.array(counts(m, n), dtype=np.float64) / comb(m + n, n)
