"""Every number that counts can be read from some record: else no run could ever decide it."""

import pytest

from repro.evidence.record import Cost, Environment, Outcome, Record
from repro.registry import load, names
from repro.verdicts.cells import leaves
from shared.claims import Value

COUNTED = ("test_correct", "train_correct", "test_top5")
PLACES = 20
"""Layers of the record, more than any ``macs_remaining:PLACE`` names."""


def record(protocol, tensors, epoch):
    """A run of the protocol that recorded everything a run can record, with one output for each of its layers.

    Args:
        protocol: of any run.
        tensors: names of the layers of which something is read.
        epoch: at which the test accuracy is read, if it is at one.
    """
    rows = [*tensors, *(f"layer{i}" for i in range(PLACES - len(tensors)))]
    layers = [{"name": n, "shape": (1, 4), "total": 4, "remaining": 2, "positions": 1} for n in rows]
    epochs = list(range(1, max(protocol.epochs, epoch or 1) + 1))
    score = {"epoch": epochs[-1], "correct": 5, "total": 10}
    counted = COUNTED + ("val_correct",) * bool(protocol.data.select_on)
    pruned = {p.name: {"test_correct": 4} for p in protocol.phases if p.kind == "prune"}
    extra = {"alive": {n: (1, 1) for n in rows}, **pruned}
    extra["compact"] = {when: {"macs": 1, "parameters": 1} for when in ("before", "after")}
    outcome = Outcome.model_validate(
        {
            "status": "finished",
            "last": score,
            "best": score,
            "train_total": 10,
            "prunable": 4 * PLACES,
            "remaining": 2 * PLACES,
            "parameters": 5 * PLACES,
            "macs_dense": 4 * PLACES,
            "macs_sparse": 2 * PLACES,
            "layers": layers,
            "curve": {"epoch": epochs, **{c: [5] * len(epochs) for c in counted}},
            "extra": extra,
        }
    )
    return Record(
        identity=protocol.identity,
        protocol=protocol,
        outcome=outcome,
        environment=Environment(versions={}, device="cpu"),
        cost=Cost(seconds=1.0, epochs=protocol.epochs),
        finished_at="2026-01-01T00:00:00Z",
    )


@pytest.mark.parametrize("name", names())
def test_what_counts_can_be_read(name):
    paper = load(name)
    claims = [c for t in paper.tables.values() for c in leaves(t.claims) if isinstance(c, Value) and c.gating]
    kinds = {(c.metric, c.epoch): c for c in claims if c.experiment}
    assert kinds
    unread = []
    for (metric, epoch), claim in kinds.items():
        tensors = [] if metric.startswith("macs_remaining:") else metric.split(":")[1:]
        run = record(paper.experiments[claim.experiment].protocol(1), tensors, epoch)
        if run.metric(metric, epoch=epoch) is None:
            unread.append(metric)
    assert unread == []


def test_a_metric_that_nothing_records_is_not_read():
    run = record(load("flipout").experiments["vgg19/flipout/99.9"].protocol(1), [], None)
    assert run.metric("nonempty_lairs") is None


@pytest.mark.parametrize("name", names())
def test_what_counts_has_a_margin_with_a_reason(name):
    """A number without a margin could only ever be contradicted."""
    claims = [c for t in load(name).tables.values() for c in leaves(t.claims) if isinstance(c, Value) and c.gating]
    assert [c.id for c in claims if c.experiment and not (c.margin > 0 and c.margin_reason)] == []
