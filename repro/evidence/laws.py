"""The laws that cost nothing to check: single numbers, without which no record can be judged or even shown.

They are checked whenever a record is read. The others (``check``) compare the parts that reading leaves as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from repro.evidence.outcome import Outcome, Score
from repro.evidence.record import Cost, Record


def impossible(record: Record) -> list[str]:
    """What in a record's counts, scores and cost cannot be, one clause each; empty for a good record."""
    outcome = record.outcome
    return [*_score("last", outcome.last), *_score("best", outcome.best), *_counts(outcome), *_cost(record.cost)]


def _score(name: str, score: Score) -> Iterator[str]:
    if score.total < 1 or not 0 <= score.correct <= score.total:
        yield f"{name}: {score.correct} correct of {score.total}"
    if score.epoch < 0:
        yield f"{name}: epoch {score.epoch}"


def _counts(outcome: Outcome) -> Iterator[str]:
    if outcome.prunable < 1 or not 0 <= outcome.remaining <= outcome.prunable:
        yield f"{outcome.remaining} of {outcome.prunable} prunable weights remain"
    if outcome.parameters < outcome.prunable:
        yield f"{outcome.prunable} prunable weights of {outcome.parameters} parameters"
    if outcome.train_total < 1:
        yield f"it was trained on {outcome.train_total} samples"


def _cost(cost: Cost) -> Iterator[str]:
    if not (isfinite(cost.seconds) and cost.seconds >= 0 and cost.epochs >= 0):
        yield f"its cost is {cost.seconds} s for {cost.epochs} epochs"
    if cost.energy_joules is not None and not (isfinite(cost.energy_joules) and cost.energy_joules >= 0):
        yield f"its cost is {cost.energy_joules} J"
