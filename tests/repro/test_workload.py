from __future__ import annotations

import pytest

from repro.registry import load
from repro.workload import forward_macs, petaflop
from shared.protocol import Model


def test_multiply_adds_of_a_perceptron_are_its_weights():
    assert forward_macs(Model(name="lenet300", channels=1, size=28)) == 784 * 300 + 300 * 100 + 100 * 10


def test_work_counts_training_and_every_evaluation():
    protocol = load("flipout").at_scale("vgg19/flipout/99.9", "demo", 42)
    samples = 3 * 22 * 1000 + (22 + 10) * 360  # 22 epochs, and an evaluation after each of 10 prunings
    assert petaflop(protocol) == pytest.approx(2 * forward_macs(protocol.model) * samples / 1e15, rel=1e-12)
