"""ResNet and pre-activation ResNet for 32x32 images, of any depth (hoyer sheet, section 2.2).

Shortcuts are strided 1x1 convolutions where the shape changes (option B); three stages of 16, 32 and 64 channels.
"""

from __future__ import annotations

from typing import Literal

from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.fan_out import fan_out
from shared.models.initialise import initialised
from shared.models.pooling import GlobalAverage
from shared.models.resnet import BasicBlock, Bottleneck, conv
from shared.models.sizing import scaled
from shared.protocol import Model

Kind = Literal["basic", "bottleneck"]
STAGES = (16, 32, 64)


class PreBasicBlock(nn.Module):
    """Two 3x3 convolutions, each after normalisation and ReLU; the shortcut takes the raw input, without batch norm."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, planes, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(planes), conv(planes, planes, 3)
        self.shortcut = raw_projection(inputs, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, planes, H/stride, W/stride]``."""
        y = self.conv1(self.bn1(x).relu())
        y = self.conv2(self.bn2(y).relu())
        out: Tensor = y + self.shortcut(x)
        return out


class PreBottleneck(nn.Module):
    """1x1, 3x3 (with the stride) and 1x1 convolution to four times the planes, each after normalisation and ReLU."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, planes, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(planes), conv(planes, planes, 3, stride)
        self.bn3, self.conv3 = nn.BatchNorm2d(planes), conv(planes, 4 * planes, 1)
        self.shortcut = raw_projection(inputs, 4 * planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` -> ``[B, 4 * planes, H/stride, W/stride]``."""
        y = self.conv1(self.bn1(x).relu())
        y = self.conv2(self.bn2(y).relu())
        y = self.conv3(self.bn3(y).relu())
        out: Tensor = y + self.shortcut(x)
        return out


def raw_projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The shortcut of a pre-activation block: the identity, or a strided 1x1 convolution alone."""
    return nn.Identity() if stride == 1 and inputs == outputs else conv(inputs, outputs, 1, stride)


class CifarResNet(nn.Module):
    """Stem, three stages, global average, linear layer.

    Args:
        block: class of the residual blocks.
        blocks: per stage.
        planes: channels of the stages, before expansion.
        channels, classes: of the images.
        preactivated: whether batch norm and ReLU come before the average instead of after the stem.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck | PreBasicBlock | PreBottleneck],
        blocks: int,
        planes: list[int],
        channels: int,
        classes: int,
        preactivated: bool,
    ) -> None:
        super().__init__()
        self.preactivated = preactivated
        self.conv1 = conv(channels, planes[0], 3)
        self.bn1: nn.Module = nn.Identity() if preactivated else nn.BatchNorm2d(planes[0])
        inputs, stages = planes[0], []
        for stage, width in enumerate(planes, 1):
            layers = []
            for position in range(blocks):
                layers.append(block(inputs, width, 2 if stage > 1 and not position else 1))
                inputs = block.expansion * width
            stages.append(nn.Sequential(*layers))
        self.layer1, self.layer2, self.layer3 = stages
        self.bn: nn.Module = nn.BatchNorm2d(inputs) if preactivated else nn.Identity()
        self.pool = GlobalAverage()
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[B, channels, H, W]`` -> logits ``[B, classes]``."""
        x = self.conv1(x)
        if not self.preactivated:
            x = self.bn1(x).relu()
        for stage in (self.layer1, self.layer2, self.layer3):
            x = stage(x)
        if self.preactivated:
            x = self.bn(x).relu()
        logits: Tensor = self.fc(self.pool(x))
        return logits


def blocks_of(depth: int, block: Kind) -> int:
    """Blocks per stage.

    Raises:
        ReproError: for a depth that such blocks cannot make.
    """
    per = 6 if block == "basic" else 9
    if depth < per + 2 or (depth - 2) % per:
        raise ReproError(f"A depth of {depth} is not {per}n + 2, as {block} blocks need it; try {per * 3 + 2}.")
    return (depth - 2) // per


def cifar_resnet(
    model: Model, generator: Generator | None = None, *, depth: int = 20, block: Kind = "basic"
) -> nn.Module:
    """ResNet-depth with basic or bottleneck blocks; the block never changes with the depth (hoyer sheet, trap 4)."""
    return _network(model, generator, depth, block, preactivated=False)


def cifar_preresnet(
    model: Model, generator: Generator | None = None, *, depth: int = 20, block: Kind = "basic"
) -> nn.Module:
    """Pre-activation ResNet-depth with basic or bottleneck blocks."""
    return _network(model, generator, depth, block, preactivated=True)


def _network(model: Model, generator: Generator | None, depth: int, block: Kind, *, preactivated: bool) -> nn.Module:
    blocks = blocks_of(depth, block)
    planes = [scaled(c, model.width) for c in STAGES]
    pairs: dict[Kind, tuple[type, type]] = {
        "basic": (BasicBlock, PreBasicBlock),
        "bottleneck": (Bottleneck, PreBottleneck),
    }
    if block not in pairs:
        raise ReproError(f"block is basic or bottleneck, not {block!r}.")
    kind = pairs[block][preactivated]
    return initialised(
        lambda: CifarResNet(kind, blocks, planes, model.channels, model.classes, preactivated), generator, fan_out()
    )
