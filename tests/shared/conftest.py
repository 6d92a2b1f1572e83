"""Networks that several rooms' tests need."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torchvision
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet


def thin_resnet() -> nn.Module:
    return ResNet(Bottleneck, [1, 1, 1, 1], num_classes=7, width_per_group=8)


def thin_alexnet() -> nn.Module:
    model = torchvision.models.alexnet(num_classes=7)
    model.classifier[1], model.classifier[4] = nn.Linear(256 * 6 * 6, 20), nn.Linear(20, 30)
    model.classifier[6] = nn.Linear(30, 7)
    return model


@pytest.fixture(params=[thin_resnet, thin_alexnet], ids=["resnet", "alexnet"])
def thin_imagenet(request: pytest.FixtureRequest) -> Callable[[], nn.Module]:
    """Makes a network of torchvision's kind for ImageNet that is small enough for a test, of 7 classes."""
    make: Callable[[], nn.Module] = request.param
    return make
