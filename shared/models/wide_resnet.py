"""Wide residual networks for 32x32 images, pre-activation (Zagoruyko and Komodakis, 2016; dsr sheet, section 2.2)."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.dropout import DrawnDropout
from shared.models.initialise import framework_default, initialised
from shared.protocol import Model

BASE = (16, 32, 64)


class Block(nn.Module):
    """Two 3x3 convolutions, each after normalisation and ReLU.

    A shortcut convolution takes the pre-activated input where the channels change; otherwise the raw input is added.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = DrawnDropout(dropout) if dropout else nn.Identity()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, outputs, H/stride, W/stride]``."""
        a = F.relu(self.bn1(x))
        h: Tensor = self.conv2(self.dropout(F.relu(self.bn2(self.conv1(a)))))
        if self.shortcut is not None:
            return h + self.shortcut(a)
        return h + (x if self.stride == 1 else x[:, :, :: self.stride, :: self.stride])


def widths(factor: float) -> list[int]:
    """Channels of the three groups: 16k, 32k and 64k, each rounded on its own, half to even."""
    return [round(base * factor) for base in BASE]


def wide_resnet(
    model: Model, generator: Generator | None = None, *, depth: int = 28, dropout: float = 0.0
) -> nn.Module:
    """WRN-depth-k with k = ``model.width``; stem 16, three groups of (depth - 4)/6 blocks, strides 1, 2, 2.

    ``dropout`` acts between the two convolutions of a block and needs the component of that name while training.

    Convolutions start as N(0, 2/(kh*kw*out)), the classifier uniform on +-1/sqrt(inputs) with bias 0.

    Raises:
        ReproError: on a depth that is not 6n + 4, or a size that does not halve twice.
    """
    if depth < 10 or (depth - 4) % 6:
        raise ReproError(f"The depth of a wide ResNet is 6n + 4 (10, 16, 22, 28, ...), not {depth}.")
    if model.size % 4:
        raise ReproError(f"A wide ResNet halves its image twice; a side of {model.size} cannot be divided by 4.")
    groups = widths(model.width)
    if min(groups) < 1:
        raise ReproError(f"A width of {model.width:g} leaves a group without channels; use at least 0.04.")
    return initialised(lambda: _network(model, groups, (depth - 4) // 6, dropout), generator, fan_out_normal)


def _network(model: Model, groups: list[int], blocks: int, dropout: float) -> nn.Sequential:
    network = nn.Sequential()
    network.add_module("stem", nn.Conv2d(model.channels, 16, 3, 1, 1, bias=False))
    channels = 16
    for g, width in enumerate(groups, 1):
        group = nn.Sequential()
        for b in range(1, blocks + 1):
            group.add_module(f"block{b}", Block(channels, width, 2 if g > 1 and b == 1 else 1, dropout))
            channels = width
        network.add_module(f"group{g}", group)
    network.add_module("bn", nn.BatchNorm2d(channels))
    network.add_module("relu", nn.ReLU())
    network.add_module("pool", nn.AvgPool2d(model.size // 4))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(channels, model.classes))
    return network


def fan_out_normal(module: nn.Module, generator: Generator) -> None:
    """Convolutions N(0, 2/(kh*kw*out)), linear biases 0, the rest as the framework has it (dsr sheet, 2.2 and 2.3)."""
    framework_default(module, generator)
    if isinstance(module, nn.Conv2d):
        module.weight.normal_(0, fan_out_sd(module), generator=generator)
    elif isinstance(module, nn.Linear) and module.bias is not None:
        module.bias.zero_()


def fan_out_sd(convolution: nn.Conv2d) -> float:
    """``sqrt(2 / (kh * kw * out))``."""
    kh, kw = convolution.kernel_size
    return math.sqrt(2 / (kh * kw * convolution.out_channels))
