"""ResNet-20 to ResNet-1202, CIFAR form of OpenLTH: projection shortcuts (synflow sheet, section 2.2)."""

from __future__ import annotations

from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.channel_scale import ChannelScale
from shared.models.initialise import fan_in_normal, framework_default, initialised, vgg_normal
from shared.models.pooling import GlobalAverage
from shared.models.resnet import conv
from shared.models.sizing import scaled
from shared.protocol import Model

DEPTHS = {f"resnet{depth}": depth for depth in (20, 32, 44, 56, 110, 1202)}
WIDTH = 16
"""Channels of the first segment; the ``wide-`` networks of the SynFlow code are those of width multiplier 2."""


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut: ``[B, inputs, H, W]`` -> ``[B, outputs, H/stride, W/stride]``."""

    def __init__(self, inputs: int, outputs: int, downsample: bool, shortcut: nn.Module) -> None:
        super().__init__()
        stride = 2 if downsample else 1
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Residual branch plus shortcut, then ReLU."""
        y = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(y)) + self.shortcut(x)).relu()


class LotteryResNet(nn.Module):
    """Stem, three segments of equal depth with 1, 2 and 4 times the width, global average, linear layer with bias.

    Args:
        depth: 6 * blocks per segment + 2.
        width: channels of the first segment.
        channels: of the images.
        classes: outputs.
        identity_scale: whether identity shortcuts carry a factor per channel, and whether it is trained.
    """

    def __init__(self, depth: int, width: int, channels: int, classes: int, identity_scale: str) -> None:
        super().__init__()
        self.conv, self.bn = conv(channels, width, 3), nn.BatchNorm2d(width)
        blocks: list[nn.Module] = []
        inputs = width
        for segment in range(3):
            outputs = width << segment
            for position in range((depth - 2) // 6):
                downsample = segment > 0 and position == 0
                blocks.append(Block(inputs, outputs, downsample, shortcut(inputs, outputs, downsample, identity_scale)))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = GlobalAverage()
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[B, channels, H, W]`` -> logits ``[B, classes]``."""
        x = self.bn(self.conv(x)).relu()
        logits: Tensor = self.linear(self.pool(self.blocks(x)))
        return logits


def shortcut(inputs: int, outputs: int, downsample: bool, identity_scale: str) -> nn.Module:
    """A strided 1x1 convolution with batch normalisation where the shape changes, else the (scaled) identity."""
    if downsample or inputs != outputs:
        return nn.Sequential(conv(inputs, outputs, 1, 2 if downsample else 1), nn.BatchNorm2d(outputs))
    return nn.Sequential() if identity_scale == "none" else ChannelScale(outputs, identity_scale == "trained")


SCALES = ("none", "frozen", "trained")


def check_scale(identity_scale: str) -> None:
    """Refuse an unknown kind of identity shortcut.

    Raises:
        ReproError: naming the known ones.
    """
    if identity_scale not in SCALES:
        raise ReproError(f"identity_scale is one of {', '.join(SCALES)}, not {identity_scale!r}.")


INITIAL = {"fan-in": fan_in_normal, "torchvision": vgg_normal}


def lottery_resnet(
    model: Model, generator: Generator | None = None, *, identity_scale: str = "none", initial: str = "fan-in"
) -> nn.Module:
    """ResNet-20, 32, 44, 56, 110 or 1202.

    Args:
        model: name and sizes; ``width`` 2 gives the wide- networks of the SynFlow code, and the double-width ones of
            GraSP (random_tickets sheet, 2.2).
        generator: of the initial weights.
        identity_scale: ``none``, or a factor per channel on identity shortcuts, ``frozen`` or ``trained``.
        initial: ``fan-in``: Kaiming-normal convolutions and linear layer; ``torchvision``: Kaiming-normal convolutions
            by fan-out, linear layer N(0, 0.01^2). Biases are 0.

    Raises:
        ReproError: on a value an option does not take.
    """
    check_scale(identity_scale)
    if initial not in INITIAL:
        raise ReproError(f"initial is one of {', '.join(INITIAL)}, not {initial!r}.")
    width = scaled(WIDTH, model.width)
    return initialised(
        lambda: LotteryResNet(DEPTHS[model.name], width, model.channels, model.classes, identity_scale),
        generator,
        framework_default,
        then=INITIAL[initial],
    )
