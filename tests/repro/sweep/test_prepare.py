"""Which runs a sweep stands for."""

from __future__ import annotations

import pytest

from repro.planning import experiments_for
from repro.registry import load
from repro.sweep import Wanted, prepare
from shared.errors import ReproError


def test_a_table_is_swept_with_its_own_seeds_and_protocols():
    paper = load("flipout")
    table = paper.table("vgg19")
    runs = prepare(paper, Wanted(tables=["vgg19"], scale="demo")).runs
    assert {(r.experiment, r.seed) for r in runs} == {(e, s) for e in experiments_for(table) for s in table.seeds}
    assert all(r.protocol == paper.at_scale(r.experiment, "demo", r.seed) for r in runs)


def test_nothing_named_is_the_whole_paper_each_run_once():
    paper = load("flipout")
    runs = prepare(paper, Wanted(scale="demo", seeds="1")).runs
    assert {r.experiment for r in runs} <= {e for t in paper.tables.values() for e in experiments_for(t)}
    assert len({r.protocol.identity for r in runs}) == len(runs) > 100


def test_a_pattern_is_all_experiments_it_fits():
    paper = load("flipout")
    runs = prepare(paper, Wanted(experiments=["vgg19/flipout/*"], seeds="7,8", scale="demo")).runs
    wanted = {e for e in paper.experiments if e.startswith("vgg19/flipout/")}
    assert {(r.experiment, r.seed) for r in runs} == {(e, s) for e in wanted for s in (7, 8)}


def test_a_grid_is_one_run_a_combination_and_seed():
    grid = ["method=snip,none", "network=lenet300", "seed=1,2"]
    runs = prepare(load("flipout"), Wanted(grid=grid[:2], seeds="2", scale="demo", sets=["model.width=0.1"])).runs
    assert [(r.title, r.seed) for r in runs] == [
        (f"method={m} network=lenet300", s) for m in ("snip", "none") for s in (42, 43)
    ]
    assert {r.protocol.model.width for r in runs} == {0.1}
    assert {r.seed for r in prepare(load("flipout"), Wanted(grid=grid, scale="demo")).runs} == {1, 2}
    with pytest.raises(ReproError, match="The grid names its seeds"):
        prepare(load("flipout"), Wanted(grid=grid, seeds="3", scale="demo"))


def test_combinations_that_are_one_run_are_run_once():
    grid = ["method=none", "network=lenet300", "sparsity=.9"]
    both = prepare(load("flipout"), Wanted(grid=["method=none", "lr=0.1,.1"], scale="demo"))
    assert len(both.runs) == 1
    with pytest.raises(ReproError, match="method=none network=lenet300"):
        prepare(load("flipout"), Wanted(grid=grid, scale="demo"))


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Wanted(tables=["vgg19"], grid=["method=none"]), "no part of a table"),
        (Wanted(tables=["vgg19"], sets=["model.width=1"]), "stay as published"),
        (Wanted(experiments=["vgg19/flipuot/99.9"]), "did you mean vgg19/flipout/99.9"),
        (Wanted(tables=["vgg91"]), "did you mean vgg19"),
        (Wanted(tables=["vgg19"], scale="papr"), "did you mean paper"),
    ],
)
def test_refusals_say_what_would_be_right(wanted, reason):
    with pytest.raises(ReproError, match=reason):
        prepare(load("flipout"), wanted)
