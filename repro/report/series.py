"""Accuracy over sparsity as data: what was published and what our runs gave, one series per method."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.report.runs import Group
from repro.verdicts.cells import published_cells, read_epoch
from shared.claims import Table, Value
from shared.paper import Experiment, Paper

METRIC = "top1_accuracy"


@dataclass(frozen=True)
class Point:
    """Mean accuracy in percent at a sparsity in percent; the spread is a standard deviation, if it is known."""

    sparsity: float
    mean: float
    sd: float | None
    n: int | None


Series = Mapping[str, tuple[Point, ...]]
"""Method, for people -> its points by rising sparsity."""


def method_of(experiment: Experiment) -> str:
    """The method for people."""
    return experiment.series or experiment.title


def level_of(experiment: Experiment) -> float | None:
    """The sparsity in percent that the experiment asks for; ``None`` where it is an outcome."""
    level = experiment.labels.get("sparsity_percent")
    return None if level is None else float(level)


def subjects(paper: Paper, table: Table) -> list[str]:
    """The networks, each with its data, whose accuracies a table states, in its order."""
    return list(dict.fromkeys(e.who for _, e in _values(paper, table)))


def methods(paper: Paper, table: Table) -> list[str]:
    """The methods whose accuracies a table states, in its order."""
    return list(dict.fromkeys(method_of(e) for _, e in _values(paper, table)))


def published(paper: Paper, table: Table, who: str) -> Series:
    """The published accuracies of a table for one network on its data."""
    cells = published_cells(paper)
    points: dict[str, dict[str, Point]] = {}
    for claim, experiment in _values(paper, table):
        at = level_of(experiment)
        at = claim.sparsity_percent if at is None else at
        if experiment.who != who or at is None:
            continue
        cell = cells.get((claim.experiment, METRIC, read_epoch(claim)))
        found = Point(at, claim.value, claim.sd, claim.n)
        if claim.sd is None and cell is not None and claim.seed is not None:
            found = Point(at, cell.mean, cell.sd, cell.n)
        points.setdefault(method_of(experiment), {}).setdefault(experiment.id, found)
    return {method: _sorted(by.values()) for method, by in points.items()}


def ours(found: Iterable[Group], methods: Iterable[str]) -> Series:
    """Our accuracies for the methods named, at the sparsity the runs ended with."""
    wanted = list(methods)
    points: dict[str, list[Point]] = {m: [] for m in wanted}
    for group in found:
        name = method_of(group.experiment)
        if name in points:
            values = [r.outcome.last.percent for r in group.records]
            sparsity = statistics.fmean(100 * (1 - r.outcome.remaining / r.outcome.prunable) for r in group.records)
            sd = statistics.stdev(values) if len(values) > 1 else None
            points[name].append(Point(sparsity, statistics.fmean(values), sd, len(values)))
    return {m: _sorted(p) for m, p in points.items() if p}


def _values(paper: Paper, table: Table) -> list[tuple[Value, Experiment]]:
    return [
        (c, paper.experiments[c.experiment])
        for c in table.claims
        if isinstance(c, Value) and c.experiment and c.metric == METRIC and c.epoch is None and c.statistic == "mean"
    ]


def _sorted(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda p: p.sparsity))
