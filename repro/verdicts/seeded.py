"""The published number of one run with a known seed, against our run of that seed: a screening, never more."""

from __future__ import annotations

import statistics
from dataclasses import replace

from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Verdict
from repro.verdicts.welch import quantile
from repro.verdicts.wording import num, span
from shared.claims import Value


def judge_seeded(claim: Value, sample: Sample, siblings: tuple[float, ...] = ()) -> Tested:
    """The verdict on the number of one published run.

    The same seed draws the same numbers only on the same versions and hardware, so the two runs are two draws of one
    distribution: ours must lie within t(.975) s sqrt(2) of the published one. The spread is that of our seeds, or of
    the published ones where we have one.

    Args:
        claim: with ``seed`` set.
        sample: our runs of the experiment, admissible.
        siblings: published values of the experiment's other seeds, this one included.
    """
    if not sample.admissible:
        raise ValueError("a value verdict needs runs at paper scale without material deviation")
    if claim.seed not in sample.seeds:
        have = ", ".join(map(str, sample.seeds))
        reason = f"No run of seed {claim.seed} at paper scale; there are seeds {have}."
        return Tested(Verdict(claim=claim, label="NOT TESTED", reason=reason, gating=claim.gating))
    at = sample.seeds.index(claim.seed)
    series = {"last": (sample.values,), "best": (sample.best_values or sample.values,)}
    chosen = series.get(claim.which, (sample.values, sample.best_values or sample.values))
    results = [_screen(claim, values, at, siblings, sample.data_effect) for values in chosen]
    first = results[0]
    if len({(v.label, v.detail) for v in results}) > 1:
        told = f"last epoch {results[0].detail}, best epoch {results[1].detail}"
        first = Verdict(
            claim=claim, label="INCONCLUSIVE", detail="ambiguous", reason=f"Unknown which epoch: {told}.", n=1
        )
    return Tested(with_runs(replace(first, gating=claim.gating), (sample,)))


def _screen(claim: Value, values: tuple[float, ...], at: int, siblings: tuple[float, ...], effect: float) -> Verdict:
    ours = values[at]
    source = values if len(values) > 1 else siblings
    margin = claim.margin + claim.rounding
    if len(source) < 2 or ((s := statistics.stdev(source)) == 0 and ours != claim.value):
        reason = f"Our run gave {num(ours)} against {num(claim.value)}, but no spread between seeds is known."
        return Verdict(claim=claim, label="INCONCLUSIVE", reason=reason, n=1, mean=ours, margin=margin, needed_n=2)
    half = float(quantile(0.975, len(source) - 1)) * s * 2**0.5
    low, high = claim.value - half, claim.value + half
    inside = abs(ours - claim.value) <= half + claim.rounding + effect
    where = "inside" if inside else "outside"
    reason = (
        f"Our run of seed {claim.seed} gave {num(ours)}, {where} the range {span(low, high)} "
        f"around the published {num(claim.value)}; one run can screen, not confirm."
    )
    return Verdict(
        claim=claim,
        label="SCREENED",
        detail="consistent" if inside else "inconsistent",
        reason=reason,
        n=1,
        mean=ours,
        sd=s if source is values else None,
        margin=margin,
        prediction=(low, high),
    )
