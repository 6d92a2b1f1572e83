"""What the figures about single runs show, from records to plain lists."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from repro.evidence.record import Record


@dataclass(frozen=True)
class Band:
    """Accuracy in percent by epoch: mean and range over seeds; ``prunings`` are the epochs after which weights went."""

    epochs: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    prunings: tuple[int, ...]
    n: int


@dataclass(frozen=True)
class Bars:
    """Weights left per prunable tensor in percent, mean over seeds."""

    names: tuple[str, ...]
    totals: tuple[int, ...]
    left: tuple[float, ...]


@dataclass(frozen=True)
class Steps:
    """A histogram: counts between edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def band(records: Sequence[Record]) -> Band | None:
    """The learning curves of some runs over the epochs that all of them reached; ``None`` without a curve."""
    rows = [[100 * c / r.outcome.last.total for c in r.outcome.curve.get("test_correct", [])] for r in records]
    length = min(map(len, rows), default=0)
    if length == 0:
        return None
    columns = list(zip(*(row[:length] for row in rows), strict=True))
    curve = records[0].outcome.curve
    return Band(
        tuple(curve.get("epoch", range(1, length + 1))[:length]),
        tuple(round(statistics.fmean(c), 2) for c in columns),
        tuple(round(min(c), 2) for c in columns),
        tuple(round(max(c), 2) for c in columns),
        prunings(records[0]),
        len(records),
    )


def prunings(record: Record) -> tuple[int, ...]:
    """The epochs after which the run had fewer weights than before."""
    curve = record.outcome.curve
    left = list(curve.get("remaining", []))
    if not left:
        return ()
    epochs = curve.get("epoch", range(1, len(left) + 1))
    pairs = pairwise([record.outcome.prunable, *left])
    return tuple(e for e, (before, after) in zip(epochs, pairs, strict=False) if after < before)


def bars(records: Sequence[Record]) -> Bars | None:
    """Weights left per tensor; ``None`` where the runs have no layer table."""
    tables = [r.outcome.layers for r in records if r.outcome.layers]
    if not tables:
        return None
    first = tables[0]
    same = [t for t in tables if [x.name for x in t] == [x.name for x in first]]
    left = [statistics.fmean(100 * t[i].remaining / t[i].total for t in same) for i in range(len(first))]
    return Bars(tuple(x.name for x in first), tuple(x.total for x in first), tuple(left))


def steps(record: Record) -> Steps | None:
    """The weights left at the end, all tensors together; ``None`` where the record has no histogram."""
    found = record.outcome.extra.get("weights") or {}
    counts = [c for c in (found.get("counts") or {}).values() if isinstance(c, list) and len(c) == found.get("bins")]
    limit, bins = found.get("limit"), found.get("bins")
    if not counts or not isinstance(limit, int | float) or not isinstance(bins, int) or not limit > 0:
        return None
    edges = tuple(limit * (2 * i / bins - 1) for i in range(bins + 1))
    return Steps(edges, tuple(int(sum(c)) for c in zip(*counts, strict=True)))
