"""VGG with batch normalisation, CIFAR form: one linear layer after five pools (flipout sheet, section 2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from torch import Generator, nn

from shared.models.initialise import initialised
from shared.models.pooling import GlobalAverage
from shared.models.sizing import needs_side, scaled
from shared.protocol import Model

Plan = Sequence[int | Literal["M"]]

PLANS: dict[str, Plan] = {
    # output channels of a 3x3 convolution, or M for a 2x2 max-pool
    "vgg11": (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "vgg13": (64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    "vgg16": (64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M"),
    "vgg19": (64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"),
}


def features(plan: Plan, channels: int, *, conv_bias: bool = True, affine: bool = True) -> nn.Sequential:
    """The convolutional part: conv3x3 (padding 1), batch normalisation, ReLU per number; 2x2 max-pool per M."""
    layers: list[nn.Module] = []
    for step in plan:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2, 2))
            continue
        conv = nn.Conv2d(channels, step, 3, padding=1, bias=conv_bias)
        layers += [conv, nn.BatchNorm2d(step, affine=affine), nn.ReLU()]
        channels = step
    return nn.Sequential(*layers)


def network(plan: Plan, channels: int, classes: int, *, conv_bias: bool = True, affine: bool = True) -> nn.Sequential:
    """Convolutional part, average over what is left of the map (the identity at 1x1), one linear layer with bias."""
    widths = [step for step in plan if not isinstance(step, str)]
    return nn.Sequential(
        OrderedDict(
            features=features(plan, channels, conv_bias=conv_bias, affine=affine),
            pool=GlobalAverage(),
            classifier=nn.Linear(widths[-1], classes),
        )
    )


def vgg(model: Model, generator: Generator | None = None) -> nn.Module:
    """VGG11, 13, 16 or 19 for images of at least 32x32, convolutions with bias, framework-default initialisation."""
    needs_side(model, 32)
    plan: Plan = [step if isinstance(step, str) else scaled(step, model.width) for step in PLANS[model.name]]
    return initialised(lambda: network(plan, model.channels, model.classes), generator)
