"""ResNet, CIFAR form: 3x3 stem without pooling, four stages, projection shortcuts (flipout sheet, section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Generator, Tensor, nn

from shared.errors import ReproError
from shared.models.channel_scale import ChannelScale
from shared.models.initialise import fan_out_normal, initialised
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


def projection(inputs: int, outputs: int, stride: int, identity_scale: str = "none") -> nn.Module:
    """The shortcut: the identity, or a strided 1x1 convolution with batch normalisation where the shape changes.

    ``identity_scale`` other than ``none`` puts a factor per channel on the identity (synflow sheet, section 2.3).
    """
    if stride == 1 and inputs == outputs:
        return nn.Sequential() if identity_scale == "none" else ChannelScale(outputs, identity_scale == "trained")
    return nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut: ``[B, inputs, H, W]`` -> ``[B, planes, H/stride, W/stride]``."""

    expansion = 1

    def __init__(
        self, inputs: int, planes: int, stride: int, identity_scale: str = "none", inner_width: float = 1
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, planes, 3, stride), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3), nn.BatchNorm2d(planes)
        self.shortcut = projection(inputs, planes, stride, identity_scale)

    def forward(self, x: Tensor) -> Tensor:
        """Residual branch plus shortcut, then ReLU."""
        y = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(y)) + self.shortcut(x)).relu()


class Bottleneck(nn.Module):
    """1x1, 3x3 (which carries the stride), 1x1 to four times the planes, around a shortcut."""

    expansion = 4

    def __init__(
        self, inputs: int, planes: int, stride: int, identity_scale: str = "none", inner_width: float = 1
    ) -> None:
        super().__init__()
        outputs, inner = self.expansion * planes, scaled(planes, inner_width)
        self.conv1, self.bn1 = conv(inputs, inner, 1), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = conv(inner, inner, 3, stride), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = conv(inner, outputs, 1), nn.BatchNorm2d(outputs)
        self.shortcut = projection(inputs, outputs, stride, identity_scale)

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
        stem: ``cifar``, or ``imagenet``: a 7x7 convolution of stride 2 and a 3x3 max-pool of stride 2.
        identity_scale: see ``projection``.
        inner_width: multiplier of the channels inside a bottleneck alone (the wide ResNets of torchvision).
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: Sequence[int],
        planes: Sequence[int],
        channels: int,
        classes: int,
        *,
        stem: str = "cifar",
        identity_scale: str = "none",
        inner_width: float = 1,
    ) -> None:
        super().__init__()
        large = stem == "imagenet"
        self.conv1 = conv(channels, planes[0], 7, 2) if large else conv(channels, planes[0], 3)
        self.bn1 = nn.BatchNorm2d(planes[0])
        self.stem_pool = nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity()
        inputs, stages = planes[0], []
        for index, (count, width) in enumerate(zip(blocks, planes, strict=True)):
            stage = []
            for position in range(count):
                stride = 2 if index and not position else 1
                stage.append(block(inputs, width, stride, identity_scale, inner_width))
                inputs = block.expansion * width
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        self.pool = GlobalAverage()
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[B, channels, H, W]`` -> logits ``[B, classes]``."""
        x = self.stem_pool(self.bn1(self.conv1(x)).relu())
        logits: Tensor = self.linear(self.pool(self.stages(x)))
        return logits


INITIAL = {"framework": None, "fan-out": fan_out_normal}


def resnet(
    model: Model,
    generator: Generator | None = None,
    *,
    stem: str = "cifar",
    initial: str = "framework",
    identity_scale: str = "none",
    inner_width: float = 1,
) -> nn.Module:
    """ResNet18, 34, 50, 101 or 152 for images of any size.

    Args:
        model: name and sizes.
        generator: of the initial weights.
        stem: ``cifar`` or ``imagenet``.
        initial: ``framework`` defaults, or ``fan-out``: Kaiming-normal convolutions (synflow sheet, section 2.3).
        identity_scale: ``none``, or a factor per channel on identity shortcuts, ``frozen`` or ``trained``.
        inner_width: multiplier of the channels inside a bottleneck alone.

    Raises:
        ReproError: on a value an option does not take.
    """
    for option, value, known in (
        ("stem", stem, ("cifar", "imagenet")),
        ("initial", initial, tuple(INITIAL)),
        ("identity_scale", identity_scale, ("none", "frozen", "trained")),
    ):
        if value not in known:
            raise ReproError(f"{option} is one of {', '.join(known)}, not {value!r}.")
    bottleneck, blocks = STAGES[model.name]
    if inner_width != 1 and not bottleneck:
        raise ReproError(f"{model.name} has no bottleneck blocks, so inner_width would have no effect; remove it.")
    planes = [scaled(c, model.width) for c in (64, 128, 256, 512)]
    block = Bottleneck if bottleneck else BasicBlock

    def make() -> nn.Module:
        return ResNet(
            block,
            blocks,
            planes,
            model.channels,
            model.classes,
            stem=stem,
            identity_scale=identity_scale,
            inner_width=inner_width,
        )

    return initialised(make, generator, then=INITIAL[initial])
