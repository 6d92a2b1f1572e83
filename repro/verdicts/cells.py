"""What was published of each experiment: one cell per experiment and metric."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.verdicts.reading import as_sd
from shared.claims import Claim, Compound, Value
from shared.paper import Paper

Key = tuple[str, str]


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
    """The best published source for each (experiment, metric) of a paper.

    Runs known one by one come first, then a mean with a spread and a number of runs, then the rest; among equals the
    figure printed with the smallest rounding. Numbers that are only recalled never count.
    """
    means: dict[Key, list[Value]] = defaultdict(list)
    seeds: dict[Key, dict[int, Value]] = defaultdict(dict)
    claims = [c for t in paper.tables.values() for c in leaves(t.claims)] + leaves(paper.sentences)
    for claim in claims:
        if isinstance(claim, Value) and claim.gating and claim.epoch is None:
            key = (claim.experiment, claim.metric)
            if claim.seed is None:
                means[key].append(claim)
            else:
                seeds[key].setdefault(claim.seed, claim)
    cells = {key: _from_runs(tuple(v.value for v in by.values()), next(iter(by.values()))) for key, by in seeds.items()}
    for key, values in means.items():
        best = min(values, key=_rank)
        if best.per_seed:
            cells[key] = _from_runs(best.per_seed, best)
        elif key not in cells or cells[key].n == 1:
            cells[key] = _from_summary(best)
    return cells


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
