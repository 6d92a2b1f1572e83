from __future__ import annotations

import pytest

from repro.registry import load
from repro.workload import forward_macs, petaflop, steps_of
from shared.protocol import Model


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
