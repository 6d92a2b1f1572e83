"""Memory of a step is counted, not tried."""

from __future__ import annotations

import pytest

from shared.protocol import Model
from shared.training.footprint import SHARE, Footprint, footprint

LENET = Model(name="lenet300", channels=1, size=28)


def test_a_fully_connected_network_keeps_its_inputs_and_outputs():
    inputs, label = 4 * 784, 8
    kept = inputs + 4 * (300 + 100 + 10) + label
    assert footprint(LENET).sample == kept + 2 * inputs  # the largest, twice more
    assert footprint(LENET, "float64").sample == 2 * (kept - label + 2 * inputs) + label


def test_a_wider_or_larger_input_needs_more():
    thin, wide, large = (
        footprint(Model(name="resnet18", width=w, size=size)) for w, size in ((0.0625, 8), (0.125, 8), (0.0625, 16))
    )
    assert wide.fixed > 3 * thin.fixed
    assert 1.5 * thin.sample < wide.sample < 2.5 * thin.sample
    assert large.fixed == thin.fixed
    assert 3.5 * thin.sample < large.sample < 4.5 * thin.sample


@pytest.mark.parametrize(("fits", "batch"), [(127, 64), (64, 64), (63, 32), (1, 1), (0.9, None), (-5, None)])
def test_the_batch_is_halved_until_it_fits(fits, batch):
    print_ = Footprint(fixed=1000, sample=100)
    assert print_.batch(int((1000 + 100 * fits) / SHARE) + 1, 128) == batch
