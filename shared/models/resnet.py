"""ResNet, CIFAR form: 3x3 stem without pooling, four stages, projection shortcuts (flipout sheet, section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Generator, Tensor, nn

from shared.models.initialise import initialised
from shared.models.pooling import GlobalAverage
from shared.models.sizing import scaled
from shared.protocol import Model

STAGES: dict[str, tuple[bool, tuple[int, ...]]] = {
    # bottleneck blocks?, blocks per stage
    "resnet18": (False, (2, 2, 2, 2)),
    "resnet34": (False, (3, 4, 6, 3)),
    "resnet50": (True, (3, 4, 6, 3)),
    "resnet101": (True, (3, 4, 23, 3)),
    "resnet152": (True, (3, 8, 36, 3)),
}


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the map's size at stride 1."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """The shortcut: the identity, or a strided 1x1 convolution with batch normalisation where the shape changes."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut: ``[B, inputs, H, W]`` -> ``[B, planes, H/stride, W/stride]``."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, planes, 3, stride), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3), nn.BatchNorm2d(planes)
        self.shortcut = projection(inputs, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Residual branch plus shortcut, then ReLU."""
        y = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(y)) + self.shortcut(x)).relu()


class Bottleneck(nn.Module):
    """1x1, 3x3 (which carries the stride), 1x1 to four times the planes, around a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * planes
        self.conv1, self.bn1 = conv(inputs, planes, 1), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3, stride), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = conv(planes, outputs, 1), nn.BatchNorm2d(outputs)
        self.shortcut = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Residual branch plus shortcut, then ReLU."""
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        return (self.bn3(self.conv3(y)) + self.shortcut(x)).relu()


class ResNet(nn.Module):
    """Stem, stages, global average (4x4 at 32x32 inputs), linear layer with bias.

    Args:
        block: ``BasicBlock`` or ``Bottleneck``.
        blocks: blocks per stage.
        planes: channels per stage, before expansion; the stem has the first.
        channels: of the images.
        classes: outputs.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: Sequence[int],
        planes: Sequence[int],
        channels: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(channels, planes[0], 3), nn.BatchNorm2d(planes[0])
        inputs, stages = planes[0], []
        for index, (count, width) in enumerate(zip(blocks, planes, strict=True)):
            stage = []
            for position in range(count):
                stage.append(block(inputs, width, 2 if index and not position else 1))
                inputs = block.expansion * width
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        self.pool = GlobalAverage()
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[B, channels, H, W]`` -> logits ``[B, classes]``."""
        x = self.bn1(self.conv1(x)).relu()
        logits: Tensor = self.linear(self.pool(self.stages(x)))
        return logits


def resnet(model: Model, generator: Generator | None = None) -> nn.Module:
    """ResNet18, 34, 50, 101 or 152 for images of any size, framework-default initialisation."""
    bottleneck, blocks = STAGES[model.name]
    planes = [scaled(c, model.width) for c in (64, 128, 256, 512)]
    block = Bottleneck if bottleneck else BasicBlock
    return initialised(lambda: ResNet(block, blocks, planes, model.channels, model.classes), generator)
