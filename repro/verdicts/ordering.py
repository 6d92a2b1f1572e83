""" "A beats B" and "A is within x points of B", judged on our runs (STATISTICS, section 2)."""

from __future__ import annotations

from repro.verdicts.calibration import level_for
from repro.verdicts.difference import Difference, difference
from repro.verdicts.equivalence import minimum_effect, tost
from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import Sample
from repro.verdicts.telescopes import ruled_out_p
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Label, Verdict
from repro.verdicts.welch import interval, nominal_level, upper_p
from repro.verdicts.wording import num, p_text, runs, signed, span
from shared.claims import Ordering
from shared.errors import ReproError


def judge_ordering(claim: Ordering, better: Sample, worse: Sample, original_n: int | None = None) -> Tested:
    """The verdict on an ordering, before the table's correction.

    Args:
        claim: the sentence.
        better, worse: our runs of both sides, at one scale.
        original_n: published runs per side, for the small-telescopes test; ``None`` leaves it out.
    """
    if claim.within is not None and claim.by:
        raise ReproError(f"Claim {claim.id} has both 'by' and 'within'; give one of them.")
    if better.scale != worse.scale:
        raise ValueError("the two sides of an ordering must come from one scale")
    looks = max(better.looks, worse.looks)
    found = difference(better, worse, paired=claim.paired)
    plain = found is None or claim.paired
    level = nominal_level(looks) if plain else level_for(better.n, worse.n, looks)
    level = level / 2 if claim.two_sided else level
    n = min(better.n, worse.n)
    if found is None:
        gap = better.mean - worse.mean
        need = "seeds run on both sides" if claim.paired else "runs on each side"
        reason = f"The difference is {signed(gap)} from {runs(better.n)} and {runs(worse.n)}; it takes two {need}."
        verdict = Verdict(claim=claim, label="INCONCLUSIVE", reason=reason, n=n, mean=gap, needed_n=2, level=level)
        return Tested(with_runs(verdict, (better, worse)))
    if claim.within is None:
        label, reason, p_for, p_against = _beats(claim, found, level, original_n)
    else:
        label, reason, p_for, p_against = _within(claim.within, found, level)
    low, high = (float(x) for x in interval(found.d, found.se, found.df, level))
    if better.collapsed and worse.collapsed:
        # No finding either way: the networks of both sides answer like a coin, whatever the test says.
        label, p_for, p_against = "INCONCLUSIVE", 1.0, 1.0
        reason = (
            f"Every run of both sides ({runs(found.n1)} v {found.n2}) is at chance, so there is nothing to compare."
        )
    verdict = Verdict(
        claim=claim,
        label=label,
        reason=reason,
        n=min(found.n1, found.n2),
        mean=found.d,
        sd=found.sd,
        interval=(low, high),
        level=level,
        margin=claim.within if claim.within is not None else (claim.by or None),
        p=p_for,
    )
    return Tested(with_runs(verdict, (better, worse)), p_for, p_against)


def _beats(claim: Ordering, found: Difference, level: float, original_n: int | None) -> tuple[Label, str, float, float]:
    d = found.d - claim.by
    p_for = float(upper_p(d, found.se, found.df))
    p_reverse = float(upper_p(-d, found.se, found.df))
    p_small = 1.0
    # "At least so many points better" is not false because the difference is hardly more than that: only the opposite
    # of a sentence with a margin contradicts it.
    if original_n is not None and original_n >= 2 and not claim.by:
        t = d / found.pooled_se if found.pooled_se > 0 else 0.0
        p_small = ruled_out_p(t, found.n1, found.n2, original_n)
    p_against = min(p_reverse, p_small)
    by = f" by at least {num(claim.by)}" if claim.by else ""
    gap = f"The difference is {signed(found.d)} ({runs(found.n1)} v {found.n2}{', paired' if claim.paired else ''})"
    if p_for <= level:
        return "SUPPORTED", f"{gap}: larger than chance explains{by} ({p_text(p_for)}).", p_for, p_against
    if p_reverse <= level:
        return "CONTRADICTED", f"{gap}: the opposite of the sentence ({p_text(p_reverse)}).", p_for, p_against
    if p_small <= level:
        reason = f"{gap}: even the smallest effect that the original could have seen is ruled out ({p_text(p_small)})."
        return "CONTRADICTED", reason, p_for, p_against
    return "INCONCLUSIVE", f"{gap}: chance could explain it ({p_text(p_for)}).", p_for, p_against


def _within(within: float, found: Difference, level: float) -> tuple[Label, str, float, float]:
    low, high = (float(x) for x in interval(found.d, found.se, found.df, level))
    p_for = float(max(tost(found.d, found.se, found.df, within)))
    p_against = float(min(minimum_effect(found.d, found.se, found.df, within)))
    gap = f"The difference is {signed(found.d)}, its interval {span(low, high)}"
    if p_for <= level:
        return "SUPPORTED", f"{gap} lies inside +-{num(within)}.", p_for, p_against
    if p_against <= level:
        return "CONTRADICTED", f"{gap} lies wholly outside +-{num(within)}.", p_for, p_against
    return "INCONCLUSIVE", f"{gap} crosses +-{num(within)}.", p_for, p_against
