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


@pytest.mark.parametrize(
    ("pruned", "five", "best"),
    [
        (90, [100, 120, 110, 120], (40.0, 60.0)),
        (120, [100, 120, 110, 120], (15.0, 60.0)),
        (119, [120] * 4, (30.0, 60.0)),
    ],
)
def test_the_best_by_top5_is_the_pruned_network_unless_an_epoch_is_better(
    factory: Any, protocol: Protocol, pruned: int, five: list[int], best: tuple[float, float]
) -> None:
    """Training does not compete, and of equals the first counts (hoyer sheet 4.9)."""
    found = outcome(factory, 30)
    curve = {"test_correct": CURVE, "test_top5": [150, 150, *five]}
    extra = {"prune": {"test_correct": 30, "test_top5": pruned}}
    found = found.model_copy(update={"curve": curve, "extra": extra})
    names = ("top1_accuracy_best_by_top5", "top5_accuracy_best_by_top5")
    assert tuple(stage_metric(protocol, found, n) for n in names) == pytest.approx(best)


@pytest.mark.parametrize(
    ("held_out", "epoch", "accuracy"),
    [
        ([70, 30, 40, 50, 50, 49], 2, 40.0),
        ([10, 10, 90, 50, 50, 90], 1, 30.0),
        ([10, 10, 20, 30, 40, 50], 4, 47.5),
    ],
)
def test_the_epoch_chosen_on_held_out_images_is_read_on_the_test_images(
    factory: Any, protocol: Protocol, held_out: list[int], epoch: int, accuracy: float
) -> None:
    """Neither training nor the pruned network competes, the last epoch does; of equals the first (hoyer sheet 4.11)."""
    found = outcome(factory, 30)
    curve = {"test_correct": CURVE, "val_correct": held_out}
    extra = {"prune": {"test_correct": 30, "val_correct": 99}}
    found = found.model_copy(update={"curve": curve, "extra": extra})
    assert stage_metric(protocol, found, "epoch_best_on_val") == epoch
    assert stage_metric(protocol, found, "top1_accuracy_best_on_val") == pytest.approx(accuracy)


@pytest.mark.parametrize("name", ["epoch_best_on_val", "top1_accuracy_best_on_val"])
def test_without_held_out_images_or_a_pruning_no_epoch_is_chosen(factory: Any, protocol: Protocol, name: str) -> None:
    assert stage_metric(protocol, outcome(factory, 30), name) is None
    found = outcome(factory, 30).model_copy(update={"curve": {"test_correct": CURVE, "val_correct": CURVE}})
    trained = protocol.with_(phases=tuple(p for p in protocol.phases if isinstance(p, Train)))
    assert stage_metric(trained, found, name) is None


def test_stages_before_finetuning(factory: Any, protocol: Protocol) -> None:
    found = outcome(factory, 30)
    assert stage_metric(protocol, found, "top1_accuracy_dense") == pytest.approx(45)
    assert stage_metric(protocol, found, "top1_accuracy_before_finetune") == pytest.approx(15)


def test_top5_is_read_at_the_last_and_at_the_best_epoch(factory: Any) -> None:
    record = factory.make_record()
    assert record.metric("top5_accuracy") is None
    curve = {**record.outcome.curve, "test_top5": [c + 7 for c in record.outcome.curve["test_correct"]]}
    record = record.model_copy(update={"outcome": record.outcome.model_copy(update={"curve": curve})})
    for which, score in (("last", record.outcome.last), ("best", record.outcome.best)):
        five = 100 * (score.correct + 7) / score.total
        assert record.metric("top5_accuracy", which=which) == pytest.approx(five)
        assert record.metric("top5_error", which=which) == pytest.approx(100 - five)
