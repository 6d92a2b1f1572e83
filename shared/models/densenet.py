"""DenseNet121 in its ImageNet form (flipout sheet, section 2); tensor names and order are torchvision's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from shared.models.initialise import initialised, kaiming_normal
from shared.models.pooling import GlobalAverage
from shared.models.sizing import needs_side, scaled
from shared.protocol import Model

BLOCKS = (6, 12, 24, 16)
BOTTLENECK = 4  # inner channels of a layer, in growth rates


class DenseLayer(nn.Sequential):
    """BN-ReLU-conv1x1-BN-ReLU-conv3x3, appended to its input: ``[B, C, H, W]`` -> ``[B, C + growth, H, W]``."""

    def __init__(self, inputs: int, growth: int) -> None:
        inner = BOTTLENECK * growth
        super().__init__(
            OrderedDict(
                norm1=nn.BatchNorm2d(inputs),
                relu1=nn.ReLU(),
                conv1=nn.Conv2d(inputs, inner, 1, bias=False),
                norm2=nn.BatchNorm2d(inner),
                relu2=nn.ReLU(),
                conv2=nn.Conv2d(inner, growth, 3, padding=1, bias=False),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate the new channels after the old ones."""
        return torch.cat([x, super().forward(x)], 1)


def dense_block(layers: int, inputs: int, growth: int) -> nn.Sequential:
    """``layers`` dense layers in a row."""
    named = ((f"denselayer{i + 1}", DenseLayer(inputs + i * growth, growth)) for i in range(layers))
    return nn.Sequential(OrderedDict(named))


def transition(inputs: int) -> nn.Sequential:
    """BN-ReLU-conv1x1 to half the channels (rounded down), average pool 2."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(),
            conv=nn.Conv2d(inputs, inputs // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )


def network(blocks: Sequence[int], stem: int, growth: int, channels: int, classes: int) -> nn.Sequential:
    """Stem, dense blocks with transitions between them, final BN-ReLU, global average, linear layer with bias."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv0=nn.Conv2d(channels, stem, 7, stride=2, padding=3, bias=False),
        norm0=nn.BatchNorm2d(stem),
        relu0=nn.ReLU(),
        pool0=nn.MaxPool2d(3, 2, padding=1),
    )
    width = stem
    for index, count in enumerate(blocks, 1):
        layers[f"denseblock{index}"] = dense_block(count, width, growth)
        width += count * growth
        if index < len(blocks):
            layers[f"transition{index}"] = transition(width)
            width //= 2
    layers["norm5"] = nn.BatchNorm2d(width)
    layers["relu5"] = nn.ReLU()
    return nn.Sequential(
        OrderedDict(features=nn.Sequential(layers), pool=GlobalAverage(), classifier=nn.Linear(width, classes))
    )


def densenet121(model: Model, generator: Generator | None = None) -> nn.Module:
    """DenseNet121 for images of at least 29x29 (published at 224x224); width scales the stem and the growth rate."""
    needs_side(model, 29)
    stem, growth = scaled(64, model.width), scaled(32, model.width)
    return initialised(
        lambda: network(BLOCKS, stem, growth, model.channels, model.classes), generator, rule=kaiming_normal
    )
