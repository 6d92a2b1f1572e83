"""What was published of each experiment: one cell per experiment, metric and epoch."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.verdicts.reading import as_sd
from shared.claims import Claim, Compound, ReadEpoch, Value
from shared.paper import Paper

Key = tuple[str, str, ReadEpoch]
"""Experiment, metric, and the epoch at which it is read."""


@dataclass(frozen=True)
class Cell:
    """Published mean, spread (as a standard deviation) and number of runs, with the runs where they are known."""

    mean: float
    sd: float | None
    n: int | None
    runs: tuple[float, ...] = ()
    source: str = ""


def leaves(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with every compound replaced by its parts, at any depth."""
    return [leaf for c in claims for leaf in (leaves(c.parts) if isinstance(c, Compound) else [c])]


def published_cells(paper: Paper) -> Mapping[Key, Cell]:
    """The best published source for each experiment and metric of a paper, at the last and at the best epoch.

    Numbers of the epoch asked for and of an unknown one come before those of the other, which stand in for them. Runs
    known one by one come first, then a mean with a spread and a number of runs, then the rest; among equals the figure
    printed with the smallest rounding. Numbers that are only recalled never count.
    """
    means: dict[tuple[str, str], list[Value]] = defaultdict(list)
    single: dict[tuple[str, str], list[Value]] = defaultdict(list)
    claims = [c for t in paper.tables.values() for c in leaves(t.claims)] + leaves(paper.sentences)
    for claim in claims:
        if isinstance(claim, Value) and claim.gating and claim.epoch is None:
            (means if claim.seed is None else single)[claim.experiment, claim.metric].append(claim)
    epochs: tuple[ReadEpoch, ...] = ("last", "best")
    return {
        (*key, which): _cell(_at(means[key], which), _at(single[key], which))
        for key in [*single, *(key for key in means if key not in single)]
        for which in epochs
    }


def read_epoch(claim: Value) -> ReadEpoch:
    """The epoch at which runs are read beside a published number; of an unknown one the last."""
    return "best" if claim.which == "best" else "last"


def _at(values: list[Value], which: ReadEpoch) -> list[Value]:
    return [v for v in values if v.which in (which, "unknown")] or values


def _cell(means: list[Value], single: list[Value]) -> Cell:
    best = min(means, key=_rank, default=None)
    if best is not None and best.per_seed:
        return _from_runs(best.per_seed, best)
    by_seed: dict[int | None, Value] = {}
    for claim in single:
        by_seed.setdefault(claim.seed, claim)
    if best is not None and len(by_seed) < 2:
        return _from_summary(best)
    runs = list(by_seed.values())
    return _from_runs(tuple(v.value for v in runs), runs[0])


def _rank(value: Value) -> tuple[bool, bool, float]:
    return (not value.per_seed, value.sd is None or value.n is None, value.rounding)


def _from_runs(runs: tuple[float, ...], claim: Value) -> Cell:
    sd = statistics.stdev(runs) if len(runs) > 1 else None
    return Cell(statistics.fmean(runs), sd, len(runs), runs, claim.id)


def _from_summary(claim: Value) -> Cell:
    sd = claim.sd
    if sd is not None and claim.n is not None and claim.spread != "unknown":
        sd = as_sd(sd, claim.n, claim.spread)
    elif sd is not None and claim.spread != "sd":
        sd = None  # what follows the +- cannot be turned into a spread
    return Cell(claim.value, sd, claim.n, (), claim.id)
