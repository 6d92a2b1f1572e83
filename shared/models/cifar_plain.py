"""AlexNet and VGG19-BN for 32x32 images as in bearpaw/pytorch-classification (hoyer sheet, section 2.2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Generator, nn

from shared.models import vgg
from shared.models.fan_out import fan_out
from shared.models.initialise import initialised
from shared.models.sizing import needs_side, scaled
from shared.protocol import Model


def cifar_alexnet(model: Model, generator: Generator | None = None) -> nn.Module:
    """AlexNet with one linear layer: biases everywhere, no batch norm, framework-default initialisation."""
    needs_side(model, 32)
    a, b, c, d = (scaled(n, model.width) for n in (64, 192, 384, 256))
    side = (model.size + 10 - 11) // 4 + 1
    flat = d * (side // 8) ** 2

    def make() -> nn.Module:
        features = nn.Sequential(
            nn.Conv2d(model.channels, a, 11, 4, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(a, b, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(d, d, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        layers = OrderedDict(features=features, flatten=nn.Flatten(), classifier=nn.Linear(flat, model.classes))
        return nn.Sequential(layers)

    return initialised(make, generator)


def cifar_vgg19(model: Model, generator: Generator | None = None) -> nn.Module:
    """VGG19-BN, convolutions with bias 0 at the start, classifier N(0, 0.01^2)."""
    needs_side(model, 32)
    plan: vgg.Plan = [s if isinstance(s, str) else scaled(s, model.width) for s in vgg.PLANS["vgg19"]]
    return initialised(lambda: vgg.network(plan, model.channels, model.classes), generator, fan_out(0.01))
