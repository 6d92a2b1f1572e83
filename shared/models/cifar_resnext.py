"""ResNeXt for 32x32 images (hoyer sheet, section 2.2)."""

from __future__ import annotations

import math

from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.fan_out import fan_out
from shared.models.initialise import initialised
from shared.models.pooling import GlobalAverage
from shared.models.resnet import projection
from shared.models.sizing import scaled
from shared.protocol import Model

STAGES = (64, 128, 256)
EXPANSION = 4


class Block(nn.Module):
    """1x1, grouped 3x3 (with the stride) and 1x1 convolution around a shortcut; batch norm after each.

    The inner width is ``cardinality`` times a quarter of a stage's outputs, in ``cardinality`` groups.
    """

    def __init__(self, inputs: int, planes: int, stride: int, cardinality: int) -> None:
        super().__init__()
        inner, outputs = cardinality * planes, EXPANSION * planes
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=cardinality, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.shortcut = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, 4 * planes, H/stride, W/stride]``."""
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        out: Tensor = (self.bn3(self.conv3(y)) + self.shortcut(x)).relu()
        return out


def cifar_resnext(
    model: Model, generator: Generator | None = None, *, depth: int = 29, cardinality: int = 8
) -> nn.Module:
    """ResNeXt-depth with ``cardinality`` groups of 64 channels in its first stage, stages of 256, 512 and 1024.

    Raises:
        ReproError: on a depth that is not 9n + 2.
    """
    if depth < 11 or (depth - 2) % 9:
        raise ReproError(f"The depth of this ResNeXt is 9n + 2 (11, 20, 29, ...), not {depth}.")
    planes = [scaled(c, model.width) for c in STAGES]
    stem = scaled(64, model.width)
    sd = math.sqrt(2 / (EXPANSION * planes[-1]))
    return initialised(lambda: _network(model, stem, planes, (depth - 2) // 9, cardinality), generator, fan_out(sd))


def _network(model: Model, stem: int, planes: list[int], blocks: int, cardinality: int) -> nn.Sequential:
    network = nn.Sequential()
    network.add_module("conv1", nn.Conv2d(model.channels, stem, 3, 1, 1, bias=False))
    network.add_module("bn1", nn.BatchNorm2d(stem))
    network.add_module("relu", nn.ReLU())
    inputs = stem
    for stage, width in enumerate(planes, 1):
        layers = nn.Sequential()
        for position in range(blocks):
            layers.add_module(str(position), Block(inputs, width, 2 if stage > 1 and not position else 1, cardinality))
            inputs = EXPANSION * width
        network.add_module(f"stage{stage}", layers)
    network.add_module("pool", GlobalAverage())
    network.add_module("classifier", nn.Linear(inputs, model.classes))
    return network
