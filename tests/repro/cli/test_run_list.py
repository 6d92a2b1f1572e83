"""Lists in ``repro run`` are the runs of a sweep; text that may hold commas stays as it is."""

from __future__ import annotations

import json

import pytest

from repro.cli.run_list import split
from repro.registry import load
from shared.errors import ReproError

SYNFLOW = ["run", "synflow", "--network", "fc", "--dataset", "mnist", "--scale", "demo", "--no-mlflow", "--json"]


def test_numbers_and_choices_split_and_other_text_does_not():
    words = ["--compression", "1,2,5", "--pruner=rand,mag", "--lr-milestones", "60,120", "--seed", "1,2", "--shuffle"]
    out, axes = split(load("synflow"), words)
    assert axes == {"compression": ["1", "2", "5"], "pruner": ["rand", "mag"], "seed": ["1", "2"]}
    assert out == ["--compression", "1", "--pruner=rand", "--lr-milestones", "60,120", "--seed", "1", "--shuffle"]
    assert split(load("synflow"), ["--compression"]) == (["--compression"], {})
    assert split(load("flipout"), ["--sparsity", ".9,.99"])[1] == {"sparsity": [".9", ".99"]}


@pytest.mark.parametrize("text", ["1,,2", "1,1", ",2"])
def test_lists_with_gaps_or_repetitions_are_refused(text):
    with pytest.raises(ReproError, match="no list of different values"):
        split(load("synflow"), ["--compression", text])


def test_every_combination_is_a_run_with_the_other_options(repro):
    said = repro(*SYNFLOW, "--compression", "2,5", "--pruner", "rand,mag", "--epochs", "40", "--seed", "7", "--dry-run")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert (document["kind"], len(document["runs"])) == ("sweep", 4)
    assert [r["title"] for r in document["runs"]] == [
        f"compression={c} pruner={p}" for c in (2, 5) for p in ("rand", "mag")
    ]
    assert {r["seed"] for r in document["runs"]} == {7}
    one = repro(*SYNFLOW, "--compression", "5", "--pruner", "mag", "--epochs", "40", "--seed", "7", "--dry-run")
    assert json.loads(one.out)["identity"] == document["runs"][3]["identity"]


def test_runs_of_a_list_are_made_and_not_made_twice(repro):
    few = [*SYNFLOW, "--pruner", "mag", "--set", "phases.train.epochs=1", "--compression", "2,5"]
    first = json.loads(repro(*few).out)
    assert first["counts"] == {"finished": 2}
    assert [round(r["prunable"] / r["remaining"]) for r in first["runs"]] == [2, 5]
    assert json.loads(repro(*few).out)["runs"] == [{**r, "attempts": 0} for r in first["runs"]]


def test_what_belongs_to_one_run_is_refused(repro):
    said = repro(*SYNFLOW, "--compression", "2,5", "--restart")
    assert said.code == 2
    assert "--restart is for one run" in said.err
    said = repro(*SYNFLOW, "--compression", "2,ten", "--pruner", "mag")
    assert said.code == 2
    assert "--compression takes float values, not 'ten'" in said.err
