"""What a verdict says about the runs behind it: scale, identities, cost, and remarks a reader needs."""

from __future__ import annotations

from dataclasses import replace

from repro.verdicts.sample import Sample
from repro.verdicts.verdict import Verdict
from repro.verdicts.welch import nominal_level
from repro.verdicts.wording import runs
from shared.claims import Ordering


def run_flags(sample: Sample) -> list[str]:
    """What a reader must know about the runs themselves."""
    flags = []
    if sample.diverged:
        flags.append(f"{runs(sample.diverged)} of {sample.n} diverged; it counts with its last evaluation.")
    if sample.repeats:
        flags.append(f"{runs(sample.repeats)} of a seed already there left out: a repeated seed is not a new sample.")
    if sample.left_out:
        flags.append(f"{runs(sample.left_out)} left out: on data that are not known to be the original's.")
    if any(d.path.startswith("precision") for d in sample.deviations):
        flags.append("Run in another arithmetic precision than published.")
    return flags


def level_flags(looks: int, level: float) -> list[str]:
    """Why each test uses another level than 0.05, if it does."""
    flags = []
    if looks > 1:
        times = "once" if looks == 2 else f"{looks - 1} times"
        why = f"Seeds were added {times}" + (" and a side has only two runs" if level < nominal_level(looks) else "")
        flags.append(f"{why}, so that each test uses a level of {level:.3g} instead of 0.05.")
    elif level < nominal_level(1):
        flags.append(f"With only two runs on a side, a level of {level:.3g} keeps the error below 5 %.")
    return flags


def with_runs(verdict: Verdict, samples: tuple[Sample, ...]) -> Verdict:
    """The verdict with scale, identities, cost, deviations and remarks of the runs behind it."""
    flags = tuple(dict.fromkeys(f"{s.experiment}: {flag}" for s in samples for flag in run_flags(s)))
    sides = 2 if isinstance(verdict.claim, Ordering) and verdict.claim.two_sided else 1
    flags += tuple(level_flags(max(s.looks for s in samples), sides * verdict.level))
    return replace(
        verdict,
        scale=samples[0].scale,
        identities=tuple(i for s in samples for i in s.identities),
        cost_seconds=sum(s.cost_seconds for s in samples),
        deviations=tuple(dict.fromkeys(d for s in samples for d in s.deviations)),
        flags=verdict.flags + flags,
    )
