"""DenseNet-BC for 32x32 images (hoyer sheet, section 2.2)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.fan_out import fan_out
from shared.models.initialise import initialised
from shared.models.pooling import GlobalAverage
from shared.models.sizing import scaled
from shared.protocol import Model


class Layer(nn.Module):
    """A 1x1 convolution to four times the growth, then 3x3 to the growth; batch norm and ReLU before each."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, inputs + growth, H, W]``."""
        y = self.conv1(self.bn1(x).relu())
        return torch.cat((x, self.conv2(self.bn2(y).relu())), 1)


class Transition(nn.Module):
    """Batch norm, ReLU, 1x1 convolution to half the channels, 2x2 average pool."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, outputs, H/2, W/2]``."""
        out: Tensor = self.pool(self.conv1(self.bn1(x).relu()))
        return out


def cifar_densenet(
    model: Model, generator: Generator | None = None, *, depth: int = 100, growth_rate: int = 12
) -> nn.Module:
    """DenseNet-BC: three dense blocks of (depth - 4)/6 layers with transitions that halve the channels.

    Raises:
        ReproError: on a depth that is not 6n + 4.
    """
    if depth < 10 or (depth - 4) % 6:
        raise ReproError(f"The depth of a DenseNet-BC is 6n + 4 (10, 16, ..., 100, ..., 190), not {depth}.")
    growth = scaled(growth_rate, model.width)
    return initialised(lambda: _network(model, growth, (depth - 4) // 6), generator, fan_out())


def _network(model: Model, growth: int, layers: int) -> nn.Sequential:
    network, channels = nn.Sequential(), 2 * growth
    network.add_module("conv1", nn.Conv2d(model.channels, channels, 3, padding=1, bias=False))
    for block in (1, 2, 3):
        dense = nn.Sequential()
        for position in range(layers):
            dense.add_module(str(position), Layer(channels, growth))
            channels += growth
        network.add_module(f"dense{block}", dense)
        if block < 3:
            network.add_module(f"trans{block}", Transition(channels, channels // 2))
            channels //= 2
    network.add_module("bn", nn.BatchNorm2d(channels))
    network.add_module("relu", nn.ReLU())
    network.add_module("pool", GlobalAverage())
    network.add_module("fc", nn.Linear(channels, model.classes))
    return network
