"""A run that ends in 8 bits can be judged by them."""

from __future__ import annotations

from typing import Any

import pytest

from papers.flipout import paper
from repro.evidence.record import Record
from repro.verdicts.table import judge
from shared.claims import Ordering

INT8 = {"quantise": {"float": {"correct": 8_740, "total": 10_000}, "int8": {"correct": 8_725, "total": 10_000}}}


def record(factory: Any, experiment: str, seed: int, correct: int, extra: dict[str, Any]) -> Record:
    """A run of the experiment that ended with so many of 10,000 images right."""
    protocol = paper.experiments[experiment].protocol(seed)
    made: Record = factory.make_record(seed=seed)
    score = made.outcome.last.model_copy(update={"correct": correct, "total": 10_000, "epoch": protocol.epochs})
    outcome = made.outcome.model_copy(update={"last": score, "best": score, "extra": extra})
    return made.model_copy(update={"protocol": protocol, "identity": protocol.identity, "outcome": outcome})


def test_the_accuracy_in_8_bits_is_read_from_the_phase(factory: Any) -> None:
    found = record(factory, "vgg19/flipout-int8/99.9", 42, 8_740, INT8)
    assert found.metric("int8_top1_accuracy") == pytest.approx(87.25)
    assert found.metric("top1_accuracy") == pytest.approx(87.40)


def test_a_run_that_was_not_quantised_has_none(factory: Any) -> None:
    assert record(factory, "vgg19/flipout/99.9", 42, 8_740, {}).metric("int8_top1_accuracy") is None
    assert record(factory, "vgg19/flipout-int8/99.9", 42, 8_740, {}).metric("int8_top1_accuracy") is None


@pytest.mark.parametrize(("loss", "label"), [(15, "SUPPORTED"), (250, "CONTRADICTED")])
def test_flipout_in_8_bits_is_judged_against_the_unquantised_runs(factory: Any, loss: int, label: str) -> None:
    claim = next(c for c in paper.sentences if c.id == "q12-quantisation")
    assert isinstance(claim, Ordering)
    runs = []
    for seed, correct in ((42, 8_730), (43, 8_723), (44, 8_766)):
        eight = {"quantise": {"int8": {"correct": correct - loss + seed % 3, "total": 10_000}}}
        runs.append(record(factory, claim.better, seed, correct, {}))
        runs.append(record(factory, claim.worse, seed, correct, eight))
    table = judge(paper, "sentences", runs, scale="paper")
    verdict = next(v for v in table.verdicts if v.claim.id == claim.id)
    assert (verdict.label, verdict.n) == (label, 3)
