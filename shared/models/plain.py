"""The two plain networks of the SynFlow code: six linear layers, and two convolutions (synflow sheet, section 2.6)."""

from __future__ import annotations

from itertools import pairwise

from torch import Generator, nn

from shared.models.initialise import initialised
from shared.models.sizing import scaled
from shared.protocol import Model

HIDDEN = 5


def fc(model: Model, generator: Generator | None = None) -> nn.Module:
    """Flatten, five hidden layers of 100 units with ReLU, linear output; framework-default initialisation."""
    pixels, units = model.channels * model.size**2, scaled(100, model.width)
    sizes = [pixels, *[units] * HIDDEN]

    def make() -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(units, model.classes))

    return initialised(make, generator)


def conv(model: Model, generator: Generator | None = None) -> nn.Module:
    """Two 3x3 convolutions of 32 channels with ReLU, linear output on the whole map; framework defaults."""
    planes = scaled(32, model.width)
    return initialised(
        lambda: nn.Sequential(
            nn.Conv2d(model.channels, planes, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(planes, planes, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(planes * model.size**2, model.classes),
        ),
        generator,
    )
