"""ResNet-50 for 224x224 images, with a rounded base width (dsr sheet, section 2.3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.initialise import initialised
from shared.models.wide_resnet import fan_out_normal
from shared.protocol import Model

BLOCKS = (3, 4, 6, 3)
EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride) and 1x1 convolution, each normalised; registered as conv1, conv3, conv2."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Conv2d | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample_bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, 4 * width, H/stride, W/stride]``."""
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return F.relu(h + (x if self.downsample is None else self.downsample_bn(self.downsample(x))))


def imagenet_resnet50(model: Model, generator: Generator | None = None) -> nn.Module:
    """ResNet-50 with stage widths b, 2b, 4b, 8b of the rounded base ``b = round(64 * width)`` (half to even).

    Raises:
        ReproError: on a size that is not a multiple of 32, or a width that leaves no channel.
    """
    if model.size % 32:
        raise ReproError(f"This ResNet-50 halves its image five times; a side of {model.size} is no multiple of 32.")
    base = round(64 * model.width)
    if base < 1:
        raise ReproError(f"A width of {model.width:g} leaves no channel; use at least 0.01.")
    return initialised(lambda: _network(model, base), generator, fan_out_normal)


def _network(model: Model, base: int) -> nn.Sequential:
    network = nn.Sequential()
    network.add_module("stem", nn.Conv2d(model.channels, base, 7, 2, 3, bias=False))
    network.add_module("stem_bn", nn.BatchNorm2d(base))
    network.add_module("stem_relu", nn.ReLU())
    network.add_module("stem_pool", nn.MaxPool2d(3, 2, 1))
    channels = base
    for s, blocks in enumerate(BLOCKS):
        stage, width = nn.Sequential(), base * 2**s
        for b in range(1, blocks + 1):
            stage.add_module(f"block{b}", Bottleneck(channels, width, 2 if s and b == 1 else 1))
            channels = EXPANSION * width
        network.add_module(f"stage{s + 1}", stage)
    network.add_module("pool", nn.AvgPool2d(model.size // 32))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(channels, model.classes))
    return network
