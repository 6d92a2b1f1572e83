"""A published number against ours: reproduced, not reproduced, or why we cannot tell (STATISTICS, section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from repro.verdicts.calibration import level_for
from repro.verdicts.equivalence import ABOVE, BELOW, INSIDE, best_half, decide, minimum_effect, needed_n, tost
from repro.verdicts.median import judge_median
from repro.verdicts.moderated import Prior
from repro.verdicts.partial import partial_collapse
from repro.verdicts.reading import Reading, floor_of, readings
from repro.verdicts.runs_behind import level_flags, run_flags
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Interval, Label, Verdict
from repro.verdicts.welch import interval, moderated_error, nominal_level, two_sided_p
from repro.verdicts.wording import num, runs, signed, span, unit_of
from shared.claims import Value


@dataclass(frozen=True)
class Context:
    """What is known about the published cell beside the claim: is it a collapse, how many images, other cells."""

    chance: bool = False
    images: int | None = None
    ours: Prior | None = None
    theirs: Prior | None = None


@dataclass(frozen=True)
class Decision:
    """The rule applied to one reading of the published number and one epoch of ours."""

    label: Label
    detail: str
    reason: str
    interval: Interval | None = None
    prediction: Interval | None = None
    p: float | None = None
    p_against: float | None = None
    needed: int | None = None
    best: float | None = None


def judge_value(claim: Value, sample: Sample, context: Context = Context()) -> Tested:
    """The verdict on a published number.

    Args:
        claim: the number.
        sample: our runs; they must be admissible (paper scale, no material deviation).
        context: what else is known about the cell.

    Returns:
        The verdict at its own level; the table's correction comes after.

    Raises:
        ValueError: for runs that may not speak about a published number.
    """
    if not sample.admissible:
        raise ValueError("a value verdict needs runs at paper scale without material deviation")
    if claim.statistic == "median":
        return judge_median(claim, sample)
    options, flags = readings(claim, chance=context.chance, images=context.images)
    level = _level(options[0], sample)
    epochs = {"last": sample.values, "best": sample.best_values or sample.values}
    if claim.which == "unknown":
        flags.append("It is unknown whether the last or the best epoch was published: both are tried.")
    else:
        epochs = {claim.which: epochs[claim.which]}
    ours = {which: _ours(claim, values, sample, context) for which, values in epochs.items()}
    decisions = {
        ", ".join(filter(None, (f"{which} epoch" if len(epochs) > 1 else "", reading.name))): _decide(
            claim, reading, ours[which], sample, level
        )
        for which in epochs
        for reading in options
    }
    first = _agree(decisions)
    mean, s2 = next(iter(ours.values()))
    verdict = Verdict(
        claim=claim,
        label=first.label,
        detail=first.detail,
        reason=first.reason,
        scale=sample.scale,
        n=sample.n,
        mean=mean,
        sd=s2 if sample.n > 1 else None,
        interval=first.interval,
        level=level,
        margin=claim.margin + claim.rounding,
        prediction=first.prediction,
        p=first.p,
        deviations=sample.deviations,
        flags=(*flags, *_more_flags(claim, sample, context, ours, level)),
        second_line=_second_line(claim, options[0], mean, s2, sample, context, level),
        needed_n=first.needed,
        best_possible=first.best,
        identities=sample.identities,
        cost_seconds=sample.cost_seconds,
        gating=claim.gating,
    )
    against = [d.p_against for d in decisions.values() if d.p_against is not None]
    return Tested(verdict, p_for=first.p, p_against=max(against, default=None))


def _level(reading: Reading, sample: Sample) -> float:
    """Nominal level of each test: Welch's needs a correction for two runs, the exact t of a stand-in does not."""
    if reading.sd is None or reading.sd == 0 or sample.n < 2:
        return nominal_level(sample.looks)
    return level_for(reading.n, sample.n, sample.looks)


def _ours(claim: Value, values: Sequence[float], sample: Sample, context: Context) -> tuple[float, float | None]:
    """Mean and spread of our runs; a spread of exactly 0 is only believed of a collapse and of counts."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None
    sd = float(np.std(values, ddof=1))
    if sd < 1e-9 and not (sample.collapsed and context.chance):
        sd = floor_of(claim, mean, sample.total[0] if sample.total else context.images)
    return mean, sd


def _decide(claim: Value, reading: Reading, ours: tuple[float, float | None], sample: Sample, level: float) -> Decision:
    (mean, s2), n2 = ours, sample.n
    d, margin, effect = mean - claim.value, claim.margin + claim.rounding, sample.data_effect
    half = reading.prediction(s2, n2)
    prediction = None if half is None else (claim.value - half, claim.value + half)
    if s2 is None:
        return _screen(claim, mean, half, prediction, effect)
    se, df = reading.error(s2, n2)
    low, high = (float(x) for x in interval(d, se, df, level))
    side = int(decide(d, se, df, margin, level, effect))
    p = float(np.maximum(*tost(d, se, df, margin - effect)))
    p_against = float(np.minimum(*minimum_effect(d, se, df, margin + effect)))
    what = f"{100 * (1 - 2 * level):.3g} % interval {span(low, high)} of the difference"
    if effect:
        what += f", widened by {num(effect)} for the data,"
    gap = (
        f"Our mean {num(mean)} of {runs(n2)} is {signed(d)}{unit_of(claim)} from the published {num(claim.value)}"
        f"; the {what}"
    )
    bounds = f"the margin of +-{num(margin)}"
    open_ = Decision("INCONCLUSIVE", "", "", (low, high), prediction, p, p_against)
    if side == INSIDE:
        known = ", measurably different but too little to matter" if two_sided_p(d, se, df) < level else ""
        return replace(open_, label="REPRODUCED", reason=f"{gap} lies inside {bounds}{known}.")
    if side in (ABOVE, BELOW):
        where = "higher" if side == ABOVE else "lower"
        return replace(open_, label="NOT REPRODUCED", detail=where, reason=f"{gap} lies wholly outside {bounds}.")
    spread = max(s2, reading.at_least)
    best = best_half(reading.sd, reading.n, spread, n2, level)
    if best + effect >= margin and abs(d) - best <= margin + effect:
        reason = f"{gap} crosses {bounds}, and no number of our runs could narrow it below +-{num(best + effect)}."
        return replace(open_, label="UNRESOLVABLE", reason=reason, best=best)
    needed = needed_n(d, reading.sd, reading.n, spread, n2, margin, level, effect)
    more = (
        f"about {needed} runs would decide at this difference"
        if needed
        else f"at this difference no number of runs decides, since even the best leaves +-{num(best)}"
    )
    return replace(open_, reason=f"{gap} crosses {bounds}; {more}.", needed=needed, best=best)


def _screen(claim: Value, mean: float, half: float | None, prediction: Interval | None, effect: float) -> Decision:
    """One run of ours: the prediction interval only; inside means not contradicted, never confirmed."""
    if half is None or prediction is None:
        reason = f"Our single run gave {num(mean)} against {num(claim.value)}, but neither side has a usable spread."
        return Decision("INCONCLUSIVE", "", reason + " Two or more seeds are needed.", needed=2)
    inside = abs(mean - claim.value) <= half + claim.rounding + effect
    where = "inside" if inside else "outside"
    reason = f"Our single run gave {num(mean)}, {where} the range {span(*prediction)} expected of one run"
    reason += ": not contradicted, but one run cannot confirm." if inside else ": more seeds are needed to tell."
    return Decision("SCREENED", "consistent" if inside else "inconsistent", reason, prediction=prediction)


def _agree(decisions: dict[str, Decision]) -> Decision:
    """The first decision if all readings agree in label and direction; ambiguous otherwise."""
    first = next(iter(decisions.values()))
    if len({(d.label, d.detail) for d in decisions.values()}) == 1:
        return first
    told = "; ".join(f"{name}: {d.label}{' ' + d.detail if d.detail else ''}" for name, d in decisions.items())
    return replace(
        first, label="INCONCLUSIVE", detail="ambiguous", reason=f"The source can be read in several ways ({told})."
    )


def _more_flags(
    claim: Value, sample: Sample, context: Context, ours: dict[str, tuple[float, float | None]], level: float
) -> list[str]:
    flags = []
    if claim.n is None:
        options, _ = readings(claim, chance=context.chance, images=context.images, n=3)
        if_three = _agree(
            {
                f"{epoch}, {r.name}": _decide(claim, r, o, sample, _level(r, sample))
                for r in options
                for epoch, o in ours.items()
            }
        )
        flags.append(
            f"If the published number were the mean of 3 runs: {if_three.label} {if_three.detail}".strip() + "."
        )
    if not claim.gating:
        flags.append("The published number is recalled or read off a figure: it decides nothing.")
    flags += level_flags(sample.looks, level)
    if sample.data_effect:
        flags.append(f"Our data differ from the original's by at most {num(sample.data_effect)}{unit_of(claim)}.")
    return flags + run_flags(sample) + partial_collapse(claim, sample, context.chance)


def _second_line(
    claim: Value, reading: Reading, mean: float, s2: float | None, sample: Sample, context: Context, level: float
) -> str:
    """The same decision with moderated spreads, named as such; empty where there is nothing to borrow from."""
    if s2 is None or context.ours is None or sample.collapsed or context.chance:
        return ""
    s2m, v2 = context.ours.moderate(s2, sample.n - 1)
    if reading.sd is None:
        s1m, v1 = s2m, v2
    elif context.theirs is not None:
        s1m, v1 = context.theirs.moderate(reading.sd, reading.n - 1)
    else:
        s1m, v1 = reading.sd, reading.n - 1.0
    se, df = moderated_error(s1m, reading.n, v1, s2m, sample.n, v2)
    if reading.sd is None:
        df = v2  # one spread serves both sides
    d, margin = mean - claim.value, claim.margin + claim.rounding
    low, high = (float(x) for x in interval(d, se, df, level))
    side = int(decide(d, se, df, margin, level, sample.data_effect))
    label = {INSIDE: "REPRODUCED", ABOVE: "NOT REPRODUCED (higher)", BELOW: "NOT REPRODUCED (lower)"}.get(
        side, "INCONCLUSIVE"
    )
    return (
        f"With strength borrowed from {context.ours.cells} cells of the table (spread {num(s2m)}, "
        f"{'unlimited' if v2 == np.inf else f'{v2:.3g}'} degrees of freedom): {label}, interval {span(low, high)}."
    )
