"""Conv6: three pairs of convolutions and three linear layers, no batch normalisation (flipout sheet, section 2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Generator, nn

from shared.models.initialise import initialised
from shared.models.sizing import needs_side, scaled
from shared.protocol import Model


def pair(inputs: int, outputs: int) -> list[nn.Module]:
    """Two 3x3 convolutions with bias, ReLU after each, then a 2x2 max-pool."""
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return [first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2)]


def network(channels: int, widths: tuple[int, int, int], hidden: int, side: int, classes: int) -> nn.Sequential:
    """Pairs of the given widths, then linear layers; ``side`` is the input's side length in pixels."""
    a, b, c = widths
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(*pair(channels, a), *pair(a, b), *pair(b, c)),
            flatten=nn.Flatten(),
            fc1=nn.Linear(c * (side // 8) ** 2, hidden),
            relu1=nn.ReLU(),
            fc2=nn.Linear(hidden, hidden),
            relu2=nn.ReLU(),
            fc3=nn.Linear(hidden, classes),
        )
    )


def conv6(model: Model, generator: Generator | None = None) -> nn.Module:
    """Conv6 for images of at least 8x8; the first linear layer takes what three pools leave (4x4 at 32x32)."""
    needs_side(model, 8)
    widths = (scaled(64, model.width), scaled(128, model.width), scaled(256, model.width))
    hidden = scaled(256, model.width)
    return initialised(lambda: network(model.channels, widths, hidden, model.size, model.classes), generator)
