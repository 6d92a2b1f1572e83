"""Cells of which some runs collapse: the rates are compared, and the live runs looked at on their own."""

from __future__ import annotations

import statistics

from repro.verdicts.sample import Sample
from repro.verdicts.wording import num, p_text
from shared.claims import Value


def fisher_p(collapsed: int, n: int, published_collapsed: int, published_n: int) -> float:
    """Two-sided p-value of Fisher's exact test of equal collapse rates."""
    from scipy.stats import fisher_exact

    table = [[collapsed, n - collapsed], [published_collapsed, published_n - published_collapsed]]
    return float(fisher_exact(table).pvalue)


def published_collapses(claim: Value, chance: bool, low: float, high: float) -> int | None:
    """How many of the published runs collapsed, where the numbers tell.

    Args:
        claim: the published number.
        chance: whether its mean is at chance level.
        low, high: the interval of chance, in the claim's unit.

    Returns:
        The number, or ``None`` if the mean could hide some collapses.
    """
    if claim.per_seed:
        return sum(low <= v <= high for v in claim.per_seed)
    if claim.n is None or claim.sd is None:
        return None
    if chance and claim.sd == 0:
        return claim.n
    # one collapsed run among n moves the spread to at least this; a smaller one excludes it
    return 0 if claim.value > high and claim.sd < (claim.value - high) / claim.n**0.5 else None


def partial_collapse(claim: Value, sample: Sample, chance: bool) -> list[str]:
    """Sentences about a cell of which some, but not all, of our runs are at chance; else none."""
    dead = sum(sample.chance_runs)
    if not 0 < dead < sample.n or not claim.metric.startswith("top1_accuracy"):
        return []
    live = [v for v, is_dead in zip(sample.values, sample.chance_runs, strict=True) if not is_dead]
    text = f"{dead} of our {sample.n} runs collapsed to chance; the live ones have mean {num(statistics.fmean(live))}"
    text += f" (sd {num(statistics.stdev(live))})" if len(live) > 1 else ""
    top = max(v for v, is_dead in zip(sample.values, sample.chance_runs, strict=True) if is_dead)
    theirs = published_collapses(claim, chance, 0.0, top)
    if theirs is None or claim.n is None:
        return [f"{text}; how many of the published runs collapsed is not known."]
    p = fisher_p(dead, sample.n, theirs, claim.n)
    return [f"{text}; {theirs} of {claim.n} published runs collapsed (Fisher's exact test {p_text(p)})."]
