"""The FlipOut code's own FLOP counter (flipout sheet, section 4.12)."""

import pytest
import torch
from torch import nn

from shared.errors import ReproError
from shared.models.initialise import initialised
from shared.models.layers import sequential
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.accounting import layer_table, macs
from shared.sparsity.published_flops import published_flops

# weights are 0.5 * sin(a * k + b); live are the indices k that masks leave (golden case flop-counts-masked)
LIVE_4 = [1, 3, 5, 16, 18, 20, 31, 33, 44, 46, 48, 59, 61, 63, 74, 76, 78, 89, 91, 93]
LIVE_4 += [104, 106, 117, 119, 121, 132, 134, 136, 147, 149, 151, 162, 164, 166, 177, 179]
WEIGHTS = {
    "0.weight": (3.18, 3.86, [*range(14, 31)]),
    "4.weight": (4.82, 5.98, LIVE_4),
    "7.weight": (5.23, 6.51, [2]),
}


def masked_chain() -> nn.Sequential:
    network = sequential(
        [
            {"type": "conv", "in": 2, "out": 4, "kernel": 3, "padding": 1},
            {"type": "batchnorm", "channels": 4},
            {"type": "relu"},
            {"type": "maxpool", "kernel": 2, "stride": 2},
            {"type": "conv", "in": 4, "out": 5, "kernel": 3, "bias": False},
            {"type": "relu"},
            {"type": "flatten"},
            {"type": "linear", "in": 5, "out": 3},
        ]
    ).double()
    with torch.no_grad():
        for name, (a, b, live) in WEIGHTS.items():
            weight = network.get_parameter(name)
            values = 0.5 * torch.sin(a * torch.arange(weight.numel(), dtype=torch.float64) + b)
            weight.zero_().view(-1)[live] = values[live]
        filter_1 = network.get_parameter("4.weight")[1]
        filter_1.zero_()
        filter_1[0, 0, 0], filter_1[0, 0, 1] = 0.5, -0.5
    return network


def test_the_reference_counts() -> None:
    """A filter of +0.5 and -0.5 counts as absent, and the unpadded convolution is over-counted."""
    network = masked_chain()
    assert [int(network.get_parameter(n).count_nonzero()) for n in WEIGHTS] == [17, 32, 1]
    assert published_flops(network, (2, 6, 6)) == (4227, 2593)


@pytest.mark.parametrize(("name", "side"), [("vgg11", 32), ("resnet18", 32), ("densenet121", 64), ("conv6", 32)])
def test_the_total_equals_the_macs_of_padded_networks(name: str, side: int) -> None:
    network = build(Model(name=name, width=0.1, size=side))
    total, nonzero = published_flops(network, (3, side, side))
    assert total == nonzero == macs(layer_table(network, (3, side, side)))[0]


def test_the_total_exceeds_the_macs_without_padding() -> None:
    network = build(Model(name="lenet5", channels=1))
    expected = 150 * 1024 + 2400 * 196 + 48000 * 25 + 10080 + 840  # maps of 32, 14, 5 as if padded
    assert published_flops(network, (1, 32, 32))[0] == expected > macs(layer_table(network, (1, 32, 32)))[0]


def test_same_padding_rounds_the_strided_map_up() -> None:
    network = initialised(lambda: nn.Sequential(nn.Conv2d(1, 1, 3, stride=(2, 3))))
    assert published_flops(network, (1, 5, 7)) == (9 * 3 * 3, 9 * 3 * 3)


def test_unstructured_zeros_are_invisible_and_dead_filters_are_not() -> None:
    network = build(Model(name="lenet300", channels=1, size=8))
    dense = published_flops(network, (1, 8, 8))
    with torch.no_grad():
        network.get_parameter("fc2.weight")[0, 1:] = 0
        network.get_parameter("fc1.weight")[0, :] = 0
    total, nonzero = published_flops(network, (1, 8, 8))
    assert total == dense[0] == dense[1]
    assert dense[1] - nonzero == 64


def test_grouped_convolutions_are_refused() -> None:
    network = initialised(lambda: nn.Sequential(nn.Conv2d(4, 4, 3, groups=2)))
    with pytest.raises(ReproError, match="no rule for grouped convolutions"):
        published_flops(network, (4, 8, 8))
