from __future__ import annotations

from dataclasses import replace

import pytest

from repro.cli.run_options import application
from repro.launch.pool import cores
from repro.registry import load
from repro.single import Asked, forget, job, plan
from shared.errors import ReproError
from shared.paper import Option
from shared.training.rundir import RunDirectory

PAPER = load("flipout")


def small(tmp_path, **more):
    return plan(PAPER, Asked(options={"network": "lenet300"}, scale="demo", runs_dir=tmp_path, **more))


def test_every_experiment_at_demo_scale_is_recognised_as_itself(tmp_path):
    single = small(tmp_path)
    assert single.experiment is None
    for name in ("vgg19/flipout/99.9", "densenet121/unpruned", "resnet18/hoyer-square-6e-5"):
        own = replace(single, protocol=PAPER.at_scale(name, "demo", 7))
        assert own.experiment is not None
        assert own.experiment.id == name
        assert all(claims for claims in own.tables.values())


def test_small_networks_get_one_thread_and_large_ones_all(tmp_path):
    assert job(small(tmp_path)).threads == 1
    assert job(small(tmp_path, threads=3)).threads == 3
    assert job(plan(PAPER, Asked(scale="paper", runs_dir=tmp_path))).threads == cores()


def test_what_another_process_runs_is_neither_run_nor_deleted(tmp_path):
    single = small(tmp_path)
    holder = RunDirectory(single.directory)
    with holder.locked():
        holder.set_status("running")
        with pytest.raises(ReproError, match="is in use by process"):
            forget(single)
    assert holder.status()["state"] == "running"


def test_options_reach_the_paper_only_if_typed(tmp_path):
    seen = {}

    def build(options):
        seen.update(options)
        return PAPER.build({"seed": options["seed"]})

    plan(replace(PAPER, build=build), Asked(options={"sparsity": 0.9}, scale="demo", seed=5, runs_dir=tmp_path))
    assert seen == {"sparsity": 0.9, "seed": 5}


def test_a_paper_cannot_declare_an_option_that_every_paper_has():
    twice = replace(PAPER, options=(*PAPER.options, Option("device", str, None, "Another device.")))
    with pytest.raises(ReproError, match="'device'"):
        application(twice, lambda own, common: None)
