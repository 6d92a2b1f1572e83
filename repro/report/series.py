"""Accuracy over sparsity as data: what was published and what our runs gave, one series per method."""

from __future__ import annotations

import re
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
    """The method for people: the title without network, sparsity, strength and number (``VGG19, FlipOut, 99.9 %``)."""
    text = re.sub(r" \([a-z-]+:\d+\)$", "", experiment.title.partition(", ")[2] or experiment.title)
    text = re.sub(r", [\d.]+ %$", "", text)
    return re.sub(r" [\d.]+e-?\d+\b", "", text, count=1) if "strength" in experiment.labels else text


def level_of(experiment: Experiment) -> float | None:
    """The sparsity in percent that the experiment asks for; ``None`` where it is an outcome."""
    if "sparsity_percent" in experiment.labels:
        return float(experiment.labels["sparsity_percent"])
    if "sparsity" in experiment.labels:
        return 100 * float(experiment.labels["sparsity"])
    return 0.0 if experiment.labels.get("method") == "unpruned" else None


def networks(paper: Paper, table: Table) -> list[str]:
    """The networks whose accuracies a table states, in its order."""
    return list(dict.fromkeys(str(e.labels.get("network", "")) for _, e in _values(paper, table)))


def methods(paper: Paper, table: Table) -> list[str]:
    """The methods whose accuracies a table states, in its order."""
    return list(dict.fromkeys(method_of(e) for _, e in _values(paper, table)))


def published(paper: Paper, table: Table, network: str) -> Series:
    """The published accuracies of a table for one network."""
    cells = published_cells(paper)
    points: dict[str, dict[str, Point]] = {}
    for claim, experiment in _values(paper, table):
        at = level_of(experiment)
        at = _said(claim.text) if at is None else at
        if experiment.labels.get("network") != network or at is None:
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


def _said(text: str) -> float | None:
    """The sparsity named in a claim's words, where no setting fixes it (``... at 99.89 %: 82.78 %``)."""
    match = re.search(r"\bat ([\d.]+) %", text)
    return float(match[1]) if match else None


def _sorted(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda p: p.sparsity))
