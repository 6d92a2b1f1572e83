"""What DeepHoyer's report shows, from runs whose numbers are known."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from papers.hoyer import paper
from papers.hoyer.appendix import appendix, fronts
from papers.hoyer.appendix.shown import shown
from shared.appendix import Appendix, Cell, Evidence

LAYERS = (("fc1.weight", (300, 784)), ("fc1.bias", (300,)), ("fc2.weight", (100, 300)), ("fc3.weight", (10, 100)))
DENSE = 266_610
SIZES = {"decades": [-8, 3], "per_decade": 4}


def run(accuracy: float, left: int, *, largest: float = 1.0, dead: float = 0.0, old: bool = False, **extra: Any) -> Any:
    """One finished run of LeNet-300-100 as a record has it; ``old``: before sizes were recorded."""
    tensors = {
        name: {"max": largest, "sum_of_squares": 100.0, "trim": 0.5, "below_trim": 10, "cut": 0.01, "silent": 5}
        | {"silent_squares": dead, "kept": left // 4}
        | ({} if old else {"silent_kept": 3})
        for name, _ in LAYERS
    }
    prune: dict[str, Any] = {"kept": left, "tensors": tensors}
    if not old:
        prune["sizes"] = SIZES | {"counts": {n: [0] * 20 + [7] * 24 for n, s in LAYERS if len(s) > 1}}
    weights = {"limit": 2.0, "bins": 4, "counts": {n: [1, 0, 2, 3] for n, _ in LAYERS}}
    layers = [SimpleNamespace(name=n, shape=s, total=math.prod(s), remaining=math.prod(s) // 4) for n, s in LAYERS]
    outcome = SimpleNamespace(
        remaining=left, prunable=DENSE, layers=layers, extra={"prune": prune, "weights": weights} | extra
    )

    def metric(name: str, *, epoch: int | None = None, which: str = "last") -> float | None:
        known = {"top1_accuracy": accuracy, "top1_accuracy_best_before_epoch": accuracy}
        sizes = extra.get("compact", {})
        if sizes:
            known["compacted_macs_percent"] = 100 * sizes["after"]["macs"] / sizes["before"]["macs"]
        return known.get(name)

    return SimpleNamespace(outcome=outcome, metric=metric)


def make(runs: dict[str, list[Any]], tables: tuple[str, ...] = (), scale: Any = "paper") -> Appendix:
    assert set(runs) <= set(paper.experiments)
    evidence: Evidence = {name: Cell(scale, there) for name, there in runs.items()}
    return appendix(evidence, tables)


MLP = "lenet-300-100"
FRONT = {
    f"{MLP}/none/V0.25": [run(98.4, 174_124), run(98.6, 174_000)],
    f"{MLP}/pretrained-hoyer-square-0.0001/V0.03": [run(98.4, 20_000, largest=90.0, dead=0.4)],
    f"{MLP}/pretrained-hoyer-square-0.0002/V0.03": [run(98.0, 10_000, largest=120.0, dead=0.5)],
    f"{MLP}/pretrained-l1-0.001/V0.25": [run(97.0, 5_000, largest=4.0)],
    f"{MLP}/pretrained-l1-0.0005/V0.25": [run(99.0, 20_000, largest=5.0)],
}


def test_a_front_has_one_line_a_regulariser_with_its_range() -> None:
    (chart,) = [c for c in make(FRONT, ("mnist-mlp-front",)).charts if c.name.startswith("front")]
    assert chart.table == "mnist-mlp-front"
    lines = {line.label: line for line in chart.lines}
    assert set(lines) == {"no regulariser", "Hoyer-Square", "L1", "no regulariser, published"}
    assert lines["L1"].x == pytest.approx([100 * 5_000 / DENSE, 100 * 20_000 / DENSE])
    assert lines["L1"].y == [97.0, 99.0]
    assert (lines["no regulariser"].low, lines["no regulariser"].high) == ([98.4], [98.6])
    assert lines["no regulariser, published"].y == [98.44]


def test_the_dense_front_of_groups_begins_with_its_own_weight_decay() -> None:
    """The structure script's decay changes the network, so its run from scratch is no dense start (trap 11)."""
    compact = {"before": {"macs": 100}, "after": {"macs": 40}}
    names = ["none-decay1e-4/V0.25", "pretrained-none-decay1e-4/V0.25"]
    names += [f"pretrained-group-hoyer-square-{s}/V0.8" for s in ("0.001", "0.002")]
    runs = {f"{MLP}/{name}": [run(98.0 - i, 9_000, compact=compact)] for i, name in enumerate(names)}
    (chart,) = [c for c in make(runs, ("mnist-structural-front",)).charts if c.name.startswith("front")]
    assert chart.table == "mnist-structural-front"
    assert "dense" in chart.name
    none = next(line for line in chart.lines if line.label.startswith("no regulariser"))
    assert list(none.y) == [97.0]


def test_a_figure_whose_table_is_not_shown_stands_alone() -> None:
    assert {c.table for c in make(FRONT, ("laws",)).charts} == {""}


def test_published_points_are_not_drawn_beside_a_demo() -> None:
    (chart,) = [c for c in make(FRONT, scale="demo").charts if c.name.startswith("front")]
    assert not [line for line in chart.lines if "published" in line.label]


def test_fronts_are_read_at_one_share_of_weights() -> None:
    """Common range 10,000 to 20,000 weights: at its geometric middle each front is half way up in the logarithm."""
    at = math.sqrt(10_000 * 20_000) / DENSE * 100
    far = {f"{MLP}/pretrained-hoyer-{s}/V0.05": [run(98.0, n)] for s, n in (("0.01", 90_000), ("0.02", 80_000))}
    (sentence,) = [f for f in make(FRONT | far).findings if "fronts read" in f]
    l1 = 97 + 2 * math.log(math.sqrt(2) * 2) / math.log(4)
    assert f"with {at:.3g} % of the weights, Hoyer-Square 98.20 %, L1 {l1:.2f} %" in sentence
    assert "Hoyer-Square and Hoyer reach no common share" in sentence


def test_fronts_that_do_not_overlap_are_not_compared() -> None:
    assert fronts.overlap({"a": [(1.0, [1.0]), (2.0, [2.0])], "b": [(3.0, [1.0]), (4.0, [2.0])]}) is None
    with pytest.raises(ValueError, match="outside"):
        fronts.interpolated([(1.0, [1.0]), (2.0, [2.0])], 3.0)


def test_scale_runaway_and_dead_coordinates_are_said() -> None:
    """Traps 7 and 8."""
    findings = make(FRONT).findings
    (away,) = [f for f in findings if "largest weight" in f]
    assert "is 1 without a regulariser, 120 after Hoyer-Square 2e-4 from the dense network (120 times that)" in away
    (parked,) = [f for f in findings if "makes active" in f]
    assert "50 % in fc1.weight after Hoyer-Square 2e-4" in parked
    assert "L1" not in parked


def test_alive_only_sparsity_is_reported_where_it_was_recorded() -> None:
    runs = {f"{MLP}/none/V0.25": [run(98.4, 100_000, old=True)], f"{MLP}/l1-0.001/V0.25": [run(96.0, 5_000)]}
    (grid,) = [g for g in make(runs).grids if g.title.startswith("Weights kept")]
    none, l1 = grid.rows
    assert none[-2:] == ("–", "–")
    assert l1[4:] == ("5,000", "98.12", "12", f"{100 * (1 - 4_988 / DENSE):.2f}")


def test_histograms_mark_the_implied_threshold() -> None:
    (chart,) = [c for c in make(FRONT).charts if c.name.startswith("sizes")]
    assert chart.name.endswith("before")
    assert {m.label: m.x for m in chart.marks}["t after Hoyer-Square"] == 0.5
    (line,) = [x for x in chart.lines if x.label == "Hoyer-Square"]
    assert line.steps
    assert line.x[20] == pytest.approx(10 ** (-8 + 20.5 / 4))
    assert math.isnan(line.y[0])
    assert line.y[20] == 7


def test_older_records_show_the_weights_that_are_left() -> None:
    runs = {f"{MLP}/none/T0.001": [run(98, 200_000, old=True)], f"{MLP}/hoyer-0.02/T0.001": [run(97, 900, old=True)]}
    (chart,) = [c for c in make(runs).charts if c.name.startswith("sizes")]
    assert chart.name.endswith("end")
    assert chart.lines[0].x == [-1.5, -0.5, 0.5, 1.5]


EQUAL = {
    f"{MLP}/{t}/S0.98": [run(a, 5_332)]
    for t, a in (("none", 97.0), ("hoyer-square-0.0002", 98.0), ("transformed-l1-2e-5", 98.3), ("l1-0.001", 96.0))
}


def test_methods_stand_beside_each_other_at_equal_weights() -> None:
    found = make(EQUAL)
    (grid,) = [g for g in found.grids if "equal remaining weights" in g.title]
    assert grid.header == ("regulariser", "98 % pruned")
    assert ("Hoyer-Square", "98.00 (n = 1)") in grid.rows
    (sentence,) = [f for f in found.findings if "from every network" in f]
    assert "Transformed L1 is the most accurate of 4 (98.30 %), Hoyer-Square reaches 98.00 %" in sentence


def test_a_tie_has_no_leader() -> None:
    tied = {name: [run(10.0, 5_332)] for name in EQUAL}
    (sentence,) = [f for f in make(tied).findings if "from every network" in f]
    assert "all 4 methods reach the same accuracy (10.00 %)" in sentence


def compact(difference: float, macs: int = 26_620) -> dict[str, Any]:
    shapes = {"fc1.weight": [50, 784], "fc2.weight": [20, 50], "fc3.weight": [10, 20]}
    whole = {"parameters": DENSE, "macs": 266_200, "seconds": 2e-3, "bytes": 1_067_000}
    return {
        "compact": {
            "before": whole,
            "after": {"parameters": 40_000, "macs": macs, "seconds": 5e-4, "bytes": 161_000},
            "shapes": shapes,
            "difference": difference,
        },
        "alive": {"fc1.weight": [300, 60], "fc2.weight": [55, 20], "fc3.weight": [20, 10]},
    }


@pytest.mark.parametrize(("difference", "words"), [(2e-7, "and every one computes"), (0.1, "NOT every one computes")])
def test_smaller_networks_have_their_size_and_measured_time(difference: float, words: str) -> None:
    runs = {f"{MLP}/group-hoyer-square-0.002/V0.8": [run(97.8, 3_615, **compact(difference))]}
    found = make(runs)
    (grid,) = [g for g in found.grids if g.title.startswith("Smaller")]
    (row,) = grid.rows
    assert grid.header[6] == "bytes on disk"
    assert row[4:8] == ("784-50-20-10", "266,610 → 40,000", "1,067,000 → 161,000", "0.532 → 0.0532")
    assert row[9:11] == ("2 → 0.5", "4")
    (sentence,) = [f for f in found.findings if "smaller dense networks" in f]
    assert words in sentence
    assert "takes 10 % of the multiply-adds and is 4 times as fast" in sentence


def test_bytes_are_left_out_where_a_record_has_none() -> None:
    older = compact(0.0)
    for when in ("before", "after"):
        del older["compact"][when]["bytes"]
    (grid,) = [g for g in make({f"{MLP}/group-lasso-0.001/V0.25": [run(97.8, 9, **older)]}).grids if "Sm" in g.title]
    assert grid.rows[0][6] == "–"


def test_no_speed_is_claimed_where_nothing_was_removed() -> None:
    runs = {f"{MLP}/group-hoyer-square-0.002/V0.8": [run(97.8, 3_615, **compact(0.0, macs=266_200))]}
    (sentence,) = [f for f in make(runs).findings if "smaller dense networks" in f]
    assert "no channel or filter could be removed" in sentence
    assert "fast" not in sentence


def test_residual_networks_are_shown_by_what_the_smaller_network_needs() -> None:
    runs = {
        f"cifar10/resnet-20/group-hoyer-square-{s}": [run(a, 1000, **compact(0.0))]
        for s, a in (("1e-5", 92.0), ("0.0001", 91.0))
    }
    found = make(runs, ("cifar-structural",))
    (chart,) = [c for c in found.charts if c.name.startswith("front")]
    assert chart.table == "cifar-structural"
    assert chart.lines[0].x == pytest.approx([10, 10])
    assert any("ResNet-20 on CIFAR-10" in f for f in found.findings)


def test_every_layer_has_its_groups_and_both_sparsities() -> None:
    """Sheet 4.9: str = 1 - sum(alive_in * alive_out) / sum(in * out), str_avg the mean over layers."""
    more = compact(0.0) | {"alive": {"fc1.weight": [100, 20], "fc2.weight": [55, 20], "fc3.weight": [20, 10]}}
    names = [f"cifar10/resnet-20/group-{r}-0.0001" for r in ("lasso", "hoyer-square")]
    runs = {names[0]: [run(92, 9, **compact(0.0)), run(92, 9, **more)], names[1]: [run(91, 9, **more)]}
    (grid,) = [g for g in make(runs).grids if "layer by layer" in g.title]
    assert (
        grid.title
        == "ResNet-20 on CIFAR-10 layer by layer, from the dense network, pruned by a fixed threshold, "
        + ("paper scale")
    )
    assert grid.header == ("layer", "inputs × outputs", "Group Lasso 1e-4", "Group-HS 1e-4")
    lost = [1 - i * o / (784 * 300) for i, o in ((300, 60), (100, 20))]
    first = grid.rows[0]
    assert first == (
        "fc1.weight",
        "784 × 300",
        f"200 × 40; {50 * sum(lost):.1f}, 75.0",
        f"100 × 20; {100 * lost[1]:.1f}, 75.0",
    )
    assert [row[0] for row in grid.rows[1:]] == [
        "fc2.weight",
        "fc3.weight",
        "all layers, str",
        "mean over layers, str_avg",
    ]
    dense = 784 * 300 + 300 * 100 + 100 * 10
    assert grid.rows[-2][3] == f"{100 * (1 - (100 * 20 + 55 * 20 + 20 * 10) / dense):.1f}"
    each = [lost[1], 1 - 55 * 20 / 30_000, 1 - 200 / 1_000]
    assert grid.rows[-1][3] == f"{100 * sum(each) / 3:.1f}"


def test_rules_and_starts_are_not_mixed_in_a_table_of_layers() -> None:
    names = ("group-lasso-0.001/V0.25", "group-lasso-0.001/T0.001", "pretrained-group-lasso-0.001/V0.25")
    grids = make({f"{MLP}/{name}": [run(97.8, 9, **compact(0.0))] for name in names}).grids
    assert len([g for g in grids if "layer by layer" in g.title]) == 3
    assert not [
        g for g in make(FRONT).grids if "layer by layer" in g.title
    ]  # element-wise, and none has counted groups


def test_networks_that_a_scale_makes_the_same_are_shown_once() -> None:
    same = [run(60.0, 5_000, **compact(0.0))]
    found = make({f"cifar10/resnet-{d}/group-lasso-1e-5": same for d in (20, 56)}, scale="demo")
    (grid,) = [g for g in found.grids if g.title.startswith("Smaller")]
    assert len(grid.rows) == 1


def test_corrected_runs_are_kept_apart() -> None:
    evidence: Callable[[str], Evidence] = lambda name: {name: Cell("paper", [run(98, 9_000)])}  # noqa: E731
    assert not shown(evidence(f"{MLP}/corrected-pretrained-hoyer-square-0.0002/V0.03"))
    assert shown(evidence(f"{MLP}/pretrained-hoyer-square-0.0002/V0.03"))


def test_the_epochs_that_corrected_runs_choose_are_listed_with_the_accuracy_there() -> None:
    """Published runs, and runs without held-out images, choose none."""

    def chosen(epoch: float | None, there: float, last: float) -> Any:
        known = {"epoch_best_on_val": epoch, "top1_accuracy_best_on_val": there, "top1_accuracy": last}
        return SimpleNamespace(outcome=None, metric=lambda name: known[name])

    name = f"{MLP}/corrected-pretrained-hoyer-square-0.0002/V0.03"
    runs = [chosen(31.0, 98.0, 97.9), chosen(7.0, 98.2, 98.1), chosen(None, 0.0, 97.0)]
    (grid,) = make({name: runs}).grids
    assert grid.rows == [
        (paper.experiments[name].title, "31, 7", "98.10 ± 0.14 (n = 2)", "98.00 ± 0.14 (n = 2)", "paper")
    ]
    assert make({name: runs[2:]}) == Appendix()


def test_without_runs_there_is_nothing() -> None:
    assert make({}) == Appendix()
