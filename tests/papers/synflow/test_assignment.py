"""The assignment's tables, curves and patterns follow from the runs they are given."""

import math
from types import SimpleNamespace

import pytest

from papers.synflow import assignment, patterns
from papers.synflow.appendix import appendix
from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import RATIOS
from shared.appendix import Cell

BEST = {"rand": 60.0, "mag": 90.0, "snip": 80.0, "grasp": 70.0, "synflow": 85.0}
SIZES = {"features.0.weight": (100, 64), "classifier.weight": (900, 1)}


def run(pruner, ratio, seed, network="vgg16"):
    """Two layers; magnitude takes from the large one, the others evenly; random pruning is at chance from 10x on."""
    accuracy = BEST[pruner] - ratio + seed / 10 if pruner != "rand" or ratio < 10 else 10.0
    left = {n: total // ratio for n, (total, _) in SIZES.items()}
    if pruner == "mag":
        left = {"features.0.weight": 100, "classifier.weight": max(0, 1000 // ratio - 100)}
    layers = [SimpleNamespace(name=n, total=t, positions=p, remaining=left[n]) for n, (t, p) in SIZES.items()]
    counted = sum(layer.remaining * layer.positions for layer in layers)
    times = {
        "dense": {"seconds": 0.1, "ratio": 1.0, "macs": 7300},
        "pruned": {"seconds": 0.1, "ratio": 1.0 + seed / 100},
    }
    if ratio == 20:
        times["compact"] = {"seconds": 0.02, "ratio": 0.2, "macs": 730}
    histogram = {"limit": 1.0, "bins": 3, "counts": {n: [1, 2, 3] for n in SIZES}}
    outcome = SimpleNamespace(
        layers=layers,
        macs_sparse=counted,
        macs_dense=7300,
        extra={"inference": {"images": 16, **times}, "weights": histogram},
    )
    protocol = SimpleNamespace(
        model=SimpleNamespace(classes=10), identity=f"{network}-{pruner if ratio > 1 else 'dense'}-{ratio}-{seed}"
    )
    return SimpleNamespace(protocol=protocol, outcome=outcome, metric=lambda name, **_: accuracy)


@pytest.fixture(scope="module")
def evidence():
    found = {
        f"assignment/vgg16/{p}/{r}x": Cell("demo", [run(p, r, s) for s in (1, 2)]) for p in PRUNERS for r in RATIOS
    }
    for p in PRUNERS:
        found[f"assignment/resnet50/{p}/10x"] = Cell("demo", [run(p, 10, s, "resnet50") for s in (1, 2)])
    return found


def test_both_tables_and_the_three_parts_of_the_second(evidence):
    titles = [g.title for g in assignment.grids(evidence)]
    assert len(titles) == 6
    grids = {g.title: g for g in assignment.grids(evidence)}
    first = grids["Top-1 test accuracy (%) at 10x, by architecture"]
    assert [row[0] for row in first.rows] == ["VGG-16", "ResNet-50"]
    assert first.rows[0][5] == "75.15 (75.10 to 75.20)"
    accuracy = grids["VGG-16 by compression ratio: top-1 test accuracy (%)"]
    assert [row[0] for row in accuracy.rows] == [f"{r}x" for r in RATIOS]
    flops = grids["VGG-16 by compression ratio: FLOPs, percent of the dense network's"]
    assert flops.rows[3][1].startswith("10.0")
    assert flops.rows[3][2].startswith("87.7")
    times = grids["VGG-16 by compression ratio: inference time of a batch"]
    assert len(times.rows) == len(PRUNERS) * len(RATIOS)
    assert times.rows[5][-1] == "0.20 (0.20 to 0.20)"
    assert times.rows[4][-1] == times.rows[4][-2]  # no dead channel: the masked network
    layers = grids["VGG-16 at 10x: FLOPs of each layer, thousands for one image"]
    assert layers.rows[0] == ("features.0", "1", "13", "1", "1", "1")


def test_three_curves_layer_flops_and_histograms(evidence):
    charts = {c.name: c for c in assignment.charts(evidence)}
    assert list(charts) == [f"assignment-{n}" for n in ("accuracy", "flops", "time", "layer-flops", "histograms")]
    for name in ("accuracy", "flops", "time"):
        assert all(list(line.x) == list(RATIOS) for line in charts[f"assignment-{name}"].lines)
    assert [line.label for line in charts["assignment-time"].lines][-1] == "masked, all pruners"
    empty = charts["assignment-layer-flops"].lines[1]
    assert math.isnan(empty.y[1])
    panels = charts["assignment-histograms"].panels
    assert [p.title for p in panels] == ["features.0", "classifier"]
    assert list(panels[0].lines[0].x) == pytest.approx([-2 / 3, 0, 2 / 3])


def test_patterns_are_those_of_the_numbers(evidence):
    text = "\n".join(patterns.findings(evidence))
    assert "about 62 runs at demo scale, 2 seeds of a cell" in text
    assert "Mag after training at 20x (70.2 % before 65.2 %)" in text
    assert "At 5 of 5 ratios its worst seed" in text
    assert "constant answer up to the highest ratio: Rand from 10x; not so for Mag after training" in text
    assert "Mag after training +19.0" in text
    assert "over 52 runs of VGG-16 from 1x to 20x a masked network takes 1.0" in text
    assert "Whole channels are dead in 10 of 52" in text
    assert "at best 0.20 with 10.0 % of the dense multiply-adds" in text
    assert "Mag after training -1.00 (0 to 100 % of a layer)" in text
    assert "Mag after training empties classifier in every seed" in text
    assert "order 10 of 10 pairs of pruners alike" in text


def test_rank_correlation():
    assert patterns.rank_correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert patterns.rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert patterns.rank_correlation([1, 2, 3], [5, 5, 5]) == 0
    assert patterns.rank_correlation([1, 1, 2], [1, 2, 3]) == pytest.approx(3**0.5 / 2)


def test_without_runs_there_is_nothing(evidence):
    assert list(assignment.grids({})) == list(assignment.charts({})) == list(patterns.findings({})) == []
    assert appendix(evidence, ["students"]).charts == ()


def test_part_of_the_runs_is_enough(evidence):
    some = {id: cell for id, cell in evidence.items() if "vgg16/snip" in id}
    (first, *_) = assignment.grids(some)
    assert first.rows[0][1] == "–"
    assert any("points of accuracy lost" in text for text in patterns.findings(some))
