from __future__ import annotations

from dataclasses import replace

import pytest

from repro.registry import load
from repro.request import jobs_for
from repro.sweep import Wanted, prepare
from repro.workload import forward_macs, petaflop, steps_of
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.accounting import layer_table, macs


def test_multiply_adds_of_a_perceptron_are_its_weights():
    assert forward_macs(Model(name="lenet300", channels=1, size=28)) == 784 * 300 + 300 * 100 + 100 * 10


def test_work_counts_training_and_every_evaluation():
    protocol = load("flipout").at_scale("vgg19/flipout/99.9", "demo", 42)
    samples = 3 * 22 * 1000 + (22 + 10) * 360  # 22 epochs, and an evaluation after each of 10 prunings
    assert petaflop(protocol) == pytest.approx(2 * forward_macs(protocol.model) * samples / 1e15, rel=1e-12)


def test_a_training_on_half_of_the_data_has_half_of_the_steps():
    paper = load("random_tickets")
    steps = {c: steps_of(paper.at_scale(f"corrected/vgg19-cifar10/lr-rewinding/95{c}", "demo", 0)) for c in
             ("", "/half-dataset", "/corrupted")}  # fmt: skip
    assert steps == {"": 2 * 12 * 32, "/half-dataset": 12 * 16 + 12 * 32, "/corrupted": 2 * 12 * 32}


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "vgg11", "lenet5", "cifar-resnet", "wide_resnet"])
def test_networks_are_counted_without_making_their_weights(name):
    model = Model(name=name, width=0.125)
    assert forward_macs(model) == macs(layer_table(build(model), (3, 32, 32)))[0]


@pytest.mark.parametrize(("width", "workers", "threads"), [(2.0, 1, 4), (0.25, 4, 1)])
def test_a_large_network_gets_all_cores_and_small_ones_one_each(monkeypatch, tmp_path, width, workers, threads):
    """By its multiply-adds: a wide residual network is as large as a VGG, whatever its name begins with."""
    monkeypatch.setattr("repro.launch.pool.cores", lambda: 4)
    paper = load("dsr")
    wanted = Wanted(grid=("network=wide_resnet", f"model.width={width}", "seed=1,2,3,4"), scale="paper", device="cpu")
    made, at_once = jobs_for(prepare(paper, replace(wanted, runs_dir=tmp_path)))
    assert (at_once, {job.threads for job in made}) == (workers, {threads})
