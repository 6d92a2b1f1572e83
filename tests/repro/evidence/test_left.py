"""What pruning left, read from the layer table of a record."""

import pytest

from papers.synflow import code_flops
from papers.synflow.counts import shape_of, skeleton
from repro.evidence.left import left_metric
from repro.evidence.record import Cost, Environment, Outcome, Record
from repro.registry import load
from repro.verdicts.table import judge
from shared.sparsity.accounting import layer_table, parameter_count

SCORE = {"epoch": 1, "correct": 9, "total": 10}
NETWORKS = [("lottery", "vgg16", "cifar10"), ("default", "fc", "mnist"), ("default", "conv", "cifar10")]


def outcome(layers, parameters):
    counts = {"prunable": 1, "remaining": 1, "macs_dense": 1, "macs_sparse": 1, "train_total": 1}
    return Outcome.model_validate(
        {
            "status": "finished",
            "last": SCORE,
            "best": SCORE,
            "layers": layers,
            "curve": {},
            "parameters": parameters,
            **counts,
        }
    )


def pruned(family, network, data, keep):
    """An outcome of that network, with ``keep(place, entries)`` weights left in each layer."""
    model = skeleton(family, network, data)
    rows = layer_table(model, shape_of(data))
    layers = [
        {"name": r.name, "shape": r.shape, "total": r.total, "remaining": keep(i, r.total), "positions": r.positions}
        for i, r in enumerate(rows)
    ]
    return outcome(layers, parameter_count(model))


@pytest.mark.parametrize(("family", "network", "data"), NETWORKS)
@pytest.mark.parametrize("divisor", [1, 3, 100])
def test_the_share_is_the_codes_own(family, network, data, divisor):
    found = pruned(family, network, data, lambda place, entries: entries // divisor)
    rows = code_flops.table(skeleton(family, network, data), shape_of(data))
    reported = code_flops.reported(rows, {layer.name: layer.remaining for layer in found.layers})
    assert left_metric(found, "mac_fraction_remaining") == pytest.approx(100 * reported.operation_share, rel=1e-12)


def test_the_students_denominator():
    """A dense VGG-16 has 313,478,154 operations, so that one weight of the classifier more is 1 / 313,478,154."""
    lacks_one = pruned("lottery", "vgg16", "cifar10", lambda place, entries: entries - (place == 13))
    share = left_metric(lacks_one, "mac_fraction_remaining")
    assert round(1 / (1 - share / 100)) == pytest.approx(313_478_154, rel=1e-6)


def test_biases_count_as_dense_where_no_weight_is_left():
    empty = pruned("lottery", "vgg16", "cifar10", lambda place, entries: 0)
    assert left_metric(empty, "mac_fraction_remaining") == pytest.approx(100 * 276_490 / 313_478_154)
    assert left_metric(empty, "nonempty_layers") == 0


def test_a_network_with_normalisation_does_not_tell():
    normed = pruned("lottery", "vgg16-bn", "cifar10", lambda place, entries: entries)
    assert left_metric(normed, "mac_fraction_remaining") is None
    assert left_metric(normed, "nonempty_layers") == 14


def test_layers_by_place():
    found = pruned("lottery", "vgg16", "cifar10", lambda place, entries: entries if place < 3 else place % 2)
    assert left_metric(found, "macs_remaining:0") == 1_769_472
    assert left_metric(found, "macs_remaining:3") == 16 * 16
    assert left_metric(found, "macs_remaining:4") == 0
    assert left_metric(found, "macs_remaining:14") is None
    assert left_metric(found, "nonempty_layers") == 3 + 6


def test_pruned_biases_are_no_layers():
    rows = [
        {"name": "0.weight", "shape": (2, 3), "total": 6, "remaining": 0},
        {"name": "0.bias", "shape": (2,), "total": 2, "remaining": 2},
    ]
    assert left_metric(outcome(rows, 8), "nonempty_layers") == 0


def test_without_a_layer_table_nothing_is_known():
    assert left_metric(outcome([], 0), "nonempty_layers") is None


@pytest.mark.parametrize(
    ("left", "label"), [((19, 19, 19), "REPRODUCED"), ((18, 18, 18), "NOT REPRODUCED"), ((19,), "INCONCLUSIVE")]
)
def test_layers_of_figure_2_are_judged(left, label):
    paper = load("synflow")
    experiment = paper.experiments["vgg19-imagenet/rand-n1/2pow5"]
    records = []
    for seed, alive in enumerate(left):
        rows = [
            {"name": f"{i}.weight", "shape": (1, 4), "total": 4, "remaining": int(i < alive), "positions": 1}
            for i in range(19)
        ]
        protocol = experiment.protocol(seed)
        records.append(
            Record(
                identity=protocol.identity,
                protocol=protocol,
                outcome=outcome(rows, 95),
                environment=Environment(versions={}, device="cpu"),
                cost=Cost(seconds=1.0, epochs=0),
                finished_at="2026-01-01T00:00:00Z",
            )
        )
    (verdict,) = [v for v in judge(paper, "figure2", records).verdicts if v.identities]
    assert (verdict.claim.experiment, verdict.label) == (experiment.id, label)
