"""The laws every record keeps; re-checked wherever evidence changes hands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from repro.evidence.laws import impossible
from repro.evidence.problem import Problem
from repro.evidence.record import Outcome, Record, Score
from repro.evidence.store import scan
from shared.errors import ReproError
from shared.protocol import Train

WHOLE = ("epoch", "test_correct", "test_correct_after", "train_correct", "test_top5", "val_correct", "remaining")
"""Curve columns that hold counts."""


def check(paths: Iterable[str | Path] | str | Path) -> list[Problem]:
    """Everything that is wrong with the evidence at the paths: unreadable lines and broken laws.

    Raises:
        MissingEvidenceError: if a path does not exist.
    """
    problems: list[Problem] = []
    for item in scan(paths):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            record, file, line = item
            problems += [Problem(file, line, reason, "law", record.identity) for reason in broken(record)]
    return problems


def broken(record: Record) -> list[str]:
    """The laws a record breaks, one clause each; empty for a good record."""
    return list(_broken(record))


def damaged(outcome: Outcome) -> list[str]:
    """What is wrong with the parts that reading left as text: asking for their size parses them."""
    found = []
    for part in (outcome.layers, outcome.extra, outcome.curve):
        try:
            len(part)
        except ReproError as error:
            found.append(str(error))
    return found


def _broken(record: Record) -> Iterator[str]:
    protocol, outcome = record.protocol, record.outcome
    if record.identity != protocol.identity:
        yield f"its identity {record.identity[:12]} does not match its protocol ({protocol.identity[:12]})"
    unreadable = damaged(outcome)
    if unreadable:
        yield from unreadable
        return
    columns = outcome.curve.columns
    yield from impossible(record)
    yield from _counts(outcome)
    if not (protocol.prunable.bias or protocol.prunable.batchnorm):
        yield from _macs(outcome)
    yield from _curve(columns)
    yield from _held_out(columns, protocol.data.val_size)
    finished = outcome.status == "finished"
    if finished and outcome.last.epoch != protocol.epochs:
        yield f"it finished after epoch {outcome.last.epoch}, but its protocol has {protocol.epochs}"
    if finished and "epoch" in columns and len(columns["epoch"]) != protocol.epochs:
        yield f"its curve has {len(columns['epoch'])} of the {protocol.epochs} epochs of its protocol"
    if finished and outcome.best.correct * outcome.last.total < outcome.last.correct * outcome.best.total:
        yield "its best accuracy is below its last"
    if finished and isinstance(protocol.phases[-1], Train):
        yield from _last_epoch(columns, outcome.last)
    try:
        datetime.fromisoformat(record.finished_at)
    except ValueError:
        yield f"finished_at is no ISO date: {record.finished_at!r}"


def _counts(outcome: Outcome) -> Iterator[str]:
    for layer in outcome.layers:
        if not 0 <= layer.remaining <= layer.total:
            yield f"layer {layer.name}: {layer.remaining} of {layer.total} weights remain"
        if math.prod(layer.shape) != layer.total:
            yield f"layer {layer.name}: shape {layer.shape} does not hold {layer.total} weights"
    for what in ("total", "remaining"):
        stated = outcome.prunable if what == "total" else outcome.remaining
        summed = sum(getattr(layer, what) for layer in outcome.layers)
        if summed != stated:
            yield f"its layers sum to {summed} {'prunable' if what == 'total' else 'remaining'} weights, not {stated}"


def _macs(outcome: Outcome) -> Iterator[str]:
    """Multiply-adds are, over all layers, weights times output positions (flipout sheet, section 4.12)."""
    for name, count in (("total", outcome.macs_dense), ("remaining", outcome.macs_sparse)):
        summed = sum(getattr(layer, name) * layer.positions for layer in outcome.layers)
        if summed != count:
            yield f"its layers do {summed} multiply-adds over {name} weights, not {count}"


def _curve(columns: dict[str, list[object]]) -> Iterator[str]:
    epochs = columns.get("epoch", [])
    if any(not isinstance(e, int) for e in epochs) or epochs != sorted(set(epochs)):  # type: ignore[type-var]
        yield "the epochs of its curve do not increase"
    for name, values in columns.items():
        if len(values) != len(epochs):
            yield f"curve column {name} has {len(values)} values for {len(epochs)} epochs"
        if name in WHOLE and any(v is not None and (not isinstance(v, int) or v < 0) for v in values):
            yield f"curve column {name} holds something that is no count"
    within = zip(columns.get("test_correct", []), columns.get("test_top5", []), strict=False)
    if any(isinstance(one, int) and isinstance(five, int) and one > five for one, five in within):
        yield "more labels have the highest logit than are among the five highest"


def _held_out(columns: dict[str, list[object]], images: int) -> Iterator[str]:
    most = max((v for v in columns.get("val_correct", []) if isinstance(v, int)), default=0)
    if most > images:
        yield f"its curve has {most} correct of the {images} held-out images"


def _last_epoch(columns: dict[str, list[object]], last: Score) -> Iterator[str]:
    """The last score is the evaluation of the last epoch, before or after that epoch's pruning."""
    if columns.get("epoch", [])[-1:] != [last.epoch]:
        return
    measured = [columns[name][-1] for name in ("test_correct", "test_correct_after") if columns.get(name)]
    if measured and last.correct not in measured:
        yield f"its last accuracy ({last.correct} correct) is not that of the last epoch in its curve"
