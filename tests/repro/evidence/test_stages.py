"""What each stage of a run that is trained, pruned once and finetuned left."""

from __future__ import annotations

from typing import Any

import pytest

from papers.hoyer import paper
from repro.evidence.outcome import Outcome
from repro.evidence.stages import stage_metric
from shared.protocol import Protocol, Train

CURVE = [50, 90, 60, 80, 80, 95]
"""Correct answers of 200 after each epoch: two of training, then four of finetuning."""


@pytest.fixture
def protocol() -> Protocol:
    """Two epochs of training, a pruning, four of finetuning."""
    p = paper.experiments["lenet-300-100/hoyer-square-0.0002/V0.03"].protocol(42)
    epochs = iter((2, 4))
    return p.with_(
        phases=tuple(t.model_copy(update={"epochs": next(epochs)}) if isinstance(t, Train) else t for t in p.phases)
    )


def outcome(factory: Any, pruned: int) -> Outcome:
    found: Outcome = factory.make_record().outcome
    last = found.last.model_copy(update={"correct": CURVE[-1], "total": 200})
    extra = {"prune": {"test_correct": pruned}}
    return found.model_copy(update={"last": last, "curve": {"test_correct": CURVE}, "extra": extra})


@pytest.mark.parametrize(("pruned", "best"), [(30, 40.0), (85, 42.5)])
def test_the_best_before_an_epoch_leaves_out_training_and_the_last_epoch(
    factory: Any, protocol: Protocol, pruned: int, best: float
) -> None:
    """Neither the 90 of training nor the 95 of the last epoch is measured before an epoch of finetuning."""
    assert stage_metric(protocol, outcome(factory, pruned), "top1_accuracy_best_before_epoch") == pytest.approx(best)


def test_stages_before_finetuning(factory: Any, protocol: Protocol) -> None:
    found = outcome(factory, 30)
    assert stage_metric(protocol, found, "top1_accuracy_dense") == pytest.approx(45)
    assert stage_metric(protocol, found, "top1_accuracy_before_finetune") == pytest.approx(15)
