import itertools

import pytest

from repro.registry import load, names
from repro.report import lines, series
from repro.report.gallery import percent, pictures, place
from repro.report.runs import groups, highest


def test_published_points_are_those_of_the_claims(paper):
    found = series.published(paper, paper.table("grid"), "VGG19")
    assert list(found) == ["global magnitude", "layer-wise magnitude", "random", "SNIP", "FlipOut"]
    last = found["FlipOut"][-1]
    assert (last.sparsity, round(last.mean, 2), last.n) == (pytest.approx(99.902, abs=1e-3), 87.40, 3)
    assert all(p.sparsity < q.sparsity for points in found.values() for p, q in itertools.pairwise(points))


def test_a_sparsity_that_is_an_outcome_is_the_one_published(paper):
    found = series.published(paper, paper.table("hoyer"), "VGG19")
    assert {p.sparsity: p.mean for p in found["Hoyer-Square"]}[99.89] == pytest.approx(82.78, abs=0.01)


@pytest.mark.parametrize(
    ("paper_name", "experiment", "method"),
    [
        ("flipout", "vgg19/flipout/99.9", "FlipOut"),
        ("dsr", "mnist/dsr/99", "DSR"),
        ("dsr", "mnist/dense", "dense"),
        ("dsr", "cifar10/dsr/90", "DSR"),
        ("random_tickets", "published/vgg19-cifar10/snip/98", "SNIP"),
        ("synflow", "vgg11-bn-cifar10/synflow/c1.00", "SynFlow"),
    ],
)
def test_a_method_is_named_without_network_sparsity_and_job(paper_name, experiment, method):
    assert series.method_of(load(paper_name).experiments[experiment]) == method


def test_a_method_at_several_sparsities_is_one_series():
    dsr = load("dsr")
    found = series.published(dsr, dsr.table("mnist"), "LeNet-300-100")
    assert {name: len(points) for name, points in found.items()} == {
        "DSR": 6,
        "static sparse": 6,
        "gradual pruning": 6,
    }


@pytest.mark.parametrize("name", names())
def test_every_experiment_says_whose_it_is_and_what_it_joins(name):
    for experiment in load(name).experiments.values():
        assert experiment.title.startswith(experiment.who.split(" on ")[0].split("-2")[0])
        assert experiment.who
        assert experiment.series
        level = series.level_of(experiment)
        assert level is None or 0 <= level < 100


def test_a_network_on_two_data_sets_has_two_figures():
    paper = load("random_tickets")
    table = paper.table("random-tickets")
    assert [s for s in series.subjects(paper, table) if s.startswith("VGG19")] == [
        "VGG19 on CIFAR-10",
        "VGG19 on CIFAR-100",
    ]
    found = series.published(paper, table, "VGG19 on CIFAR-10")
    assert [p.sparsity for p in found["random tickets"]] == [90, 95, 98]


@pytest.mark.parametrize(("level", "text"), [(99.902, "99.9"), (99.9999, "99.9999"), (75.0, "75"), (99.996, "99.996")])
def test_no_pruned_network_is_shown_at_a_hundred_percent(level, text):
    assert percent(level) == text


def test_our_points_stand_at_the_sparsity_the_runs_ended_with(paper, made):
    runs = [made("vgg19/flipout/75", "paper", seed) for seed in (42, 43)]
    (point,) = series.ours(groups(paper, runs), ["FlipOut"])["FlipOut"]
    assert point.sparsity == pytest.approx(100 * (1 - runs[0].outcome.remaining / runs[0].outcome.prunable))
    assert point.mean == pytest.approx(sum(r.outcome.last.percent for r in runs) / 2)
    assert point.n == 2


def test_only_the_highest_scale_of_a_network_is_drawn(paper, made):
    runs = [made("vgg19/flipout/75", "paper"), made("vgg19/random/75", "demo"), made("resnet18/random/75", "demo")]
    found = groups(paper, runs)
    assert {g.scale for g in highest(found, "VGG19")} == {"paper"}
    assert {g.scale for g in highest(found, "ResNet18")} == {"demo"}


def test_runs_of_other_protocols_belong_to_no_experiment(paper, made):
    record = made("vgg19/flipout/75", "paper")
    other = record.protocol.with_(model=record.protocol.model.model_copy(update={"width": 0.3}))
    assert groups(paper, [record.model_copy(update={"protocol": other, "identity": other.identity})]) == []


def test_bands_hold_the_mean_and_the_range_over_seeds(made):
    runs = [made("vgg19/flipout/75", "paper", seed) for seed in (42, 43, 44)]
    band = lines.band(runs)
    last = [r.outcome.last.percent for r in runs]
    assert (band.low[-1], band.high[-1], band.n) == (min(last), max(last), 3)
    assert band.mean[-1] == pytest.approx(sum(last) / 3, abs=0.01)


def test_prunings_are_the_epochs_in_which_weights_went(made):
    record = made("vgg19/flipout/75", "demo")
    curve = {"epoch": [1, 2, 3, 4], "test_correct": [1, 1, 1, 1], "remaining": [record.outcome.prunable, 500, 500, 20]}
    outcome = record.outcome.model_copy(update={"curve": type(record.outcome.curve)(curve)})
    assert lines.prunings(record.model_copy(update={"outcome": outcome})) == (2, 4)


def test_histograms_add_up_all_tensors(made):
    record = made("vgg19/flipout/75", "demo")
    weights = {"limit": 0.3, "bins": 3, "counts": {"a": [1, 2, 3], "b": [10, 20, 30], "torn": [1]}}
    outcome = record.outcome.model_copy(update={"extra": {"weights": weights}})
    found = lines.steps(record.model_copy(update={"outcome": outcome}))
    assert found.counts == (11, 22, 33)
    assert found.edges == pytest.approx((-0.3, -0.1, 0.1, 0.3))


def test_a_method_keeps_its_place_unless_it_is_taken():
    known = [f"m{i}" for i in range(12)]
    assert place(["m3", "m1"], known) == {"m3": 3, "m1": 1}
    assert place(["m1", "m9"], known) == {"m1": 1, "m9": 2}


def test_names_of_figures_are_unique(paper, made):
    wanted = [f"vgg19/{m}/99.9" for m in ("flipout", "snip", "random")] + ["vgg19/hoyer-square-6e-5"]
    found = pictures(paper, list(paper.tables.values()), groups(paper, [made(e, "paper") for e in wanted]))
    names = [p.name for p in found]
    assert len(names) == len(set(names))
    assert {"curves-vgg19-at-99.9", "layers-vgg19-at-99.9", "weights-vgg19-at-99.9", "vgg19-vgg19"} <= set(names)
