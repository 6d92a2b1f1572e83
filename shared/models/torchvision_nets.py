"""ImageNet networks as torchvision defines them (hoyer sheet, section 2.3)."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from torch import Generator, nn

from shared.errors import ReproError
from shared.models.fan_out import fan_out
from shared.models.initialise import framework_default, initialised
from shared.protocol import Model


def _network(name: str, rule: Any, model: Model, generator: Generator | None = None) -> nn.Module:
    """The network of that name, without trained weights.

    Raises:
        ReproError: on a width or number of channels that these fixed networks do not have.
    """
    if model.width != 1 or model.channels != 3:
        raise ReproError(
            f"{model.name} has one width and three input channels; leave model.width and channels as they are."
        )
    if model.size < 64:
        raise ReproError(f"{model.name} reads images of 224x224; {model.size}x{model.size} is too small for it.")
    make = getattr(importlib.import_module("torchvision.models"), name)
    return initialised(lambda: make(weights=None, num_classes=model.classes), generator, rule)


imagenet_alexnet = partial(_network, "alexnet", framework_default)
imagenet_resnet18 = partial(_network, "resnet18", fan_out())
imagenet_resnet50 = partial(_network, "resnet50", fan_out())
imagenet_resnext50 = partial(_network, "resnext50_32x4d", fan_out())
