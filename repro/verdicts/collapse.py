""" "The network is at chance", or is not, judged run by run on counts (STATISTICS, section 2)."""

from __future__ import annotations

from repro.verdicts.chance import at_chance, chance_interval
from repro.verdicts.partial import fisher_p
from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Label, Verdict
from repro.verdicts.wording import p_text, runs
from shared.claims import Collapse


def judge_collapse(
    claim: Collapse, sample: Sample, published: tuple[int, int] | None = None, chance: float | None = None
) -> Tested:
    """The verdict on a collapse: every run's correct count inside the exact 99.9 % interval of chance, or none.

    Args:
        claim: the sentence.
        sample: our runs, at one scale.
        published: how many of how many published runs collapsed, where it is known.
        chance: that of our runs, where it is not the sentence's (a demo has fewer classes than the paper).
    """
    chance = claim.chance if chance is None else chance
    inside = [at_chance(c, t, chance, sample.data) for c, t in zip(sample.correct, sample.total, strict=True)]
    dead, n = sum(inside), sample.n
    low, high = chance_interval(sample.total[0], chance, sample.data)
    what = f"{dead} of {runs(n)} answered {low} to {high} of {sample.total[0]} images correctly, as chance would"
    stands, falls = (dead == n, dead == 0) if claim.collapsed else (dead == 0, dead == n)
    label: Label = "SUPPORTED" if stands else "CONTRADICTED" if falls else "INCONCLUSIVE"
    p = None
    if not stands and not falls:
        what += "; some collapse and some do not"
        if published is not None:
            p = fisher_p(dead, n, *published)
            label = "CONTRADICTED" if p <= 0.05 else "INCONCLUSIVE"
            what += f", against {published[0]} of {published[1]} published (Fisher's exact test {p_text(p)})"
    flags = ("One run only.",) if n == 1 else ()
    mean = sample.mean
    verdict = Verdict(claim=claim, label=label, reason=what + ".", n=n, mean=mean, sd=sample.sd, p=p, flags=flags)
    return Tested(with_runs(verdict, (sample,)))
