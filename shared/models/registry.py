"""Every network by name. Adding one is a small file and a line here.

Listing the names imports no family, and no torch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.errors import ReproError, unknown
from shared.lazy import attribute
from shared.protocol import Model

if TYPE_CHECKING:
    from torch import Generator, nn

NETWORKS: dict[str, str] = {
    # name: "module:function"; called with (model, generator) and model.options as keyword arguments
    "cifar-alexnet": "shared.models.cifar_plain:cifar_alexnet",
    "cifar-densenet": "shared.models.cifar_densenet:cifar_densenet",
    "cifar-preresnet": "shared.models.cifar_resnet:cifar_preresnet",
    "cifar-resnet": "shared.models.cifar_resnet:cifar_resnet",
    "cifar-resnext": "shared.models.cifar_resnext:cifar_resnext",
    "cifar-vgg19": "shared.models.cifar_plain:cifar_vgg19",
    "imagenet-alexnet": "shared.models.torchvision_nets:imagenet_alexnet",
    "imagenet-resnet18": "shared.models.torchvision_nets:imagenet_resnet18",
    "imagenet-resnet50": "shared.models.torchvision_nets:imagenet_resnet50",
    "imagenet-resnext50": "shared.models.torchvision_nets:imagenet_resnext50",
    "conv": "shared.models.plain:conv",
    "conv6": "shared.models.conv6:conv6",
    "densenet121": "shared.models.densenet:densenet121",
    "fc": "shared.models.plain:fc",
    "lenet300": "shared.models.lenet:lenet300",
    "wide_resnet": "shared.models.wide_resnet:wide_resnet",
    "imagenet_resnet50": "shared.models.imagenet_resnet:imagenet_resnet50",
    "lenet5": "shared.models.lenet:lenet5",
    "lenet5-caffe": "shared.models.lenet:lenet5_caffe",
    "resnet20": "shared.models.lottery_resnet:lottery_resnet",
    "resnet32": "shared.models.lottery_resnet:lottery_resnet",
    "resnet44": "shared.models.lottery_resnet:lottery_resnet",
    "resnet56": "shared.models.lottery_resnet:lottery_resnet",
    "resnet110": "shared.models.lottery_resnet:lottery_resnet",
    "resnet1202": "shared.models.lottery_resnet:lottery_resnet",
    "resnet18": "shared.models.resnet:resnet",
    "resnet34": "shared.models.resnet:resnet",
    "resnet50": "shared.models.resnet:resnet",
    "resnet101": "shared.models.resnet:resnet",
    "resnet152": "shared.models.resnet:resnet",
    "vgg11": "shared.models.vgg:vgg",
    "vgg13": "shared.models.vgg:vgg",
    "vgg16": "shared.models.vgg:vgg",
    "vgg19": "shared.models.vgg:vgg",
}


def names() -> list[str]:
    """The networks that can be built, sorted."""
    return sorted(NETWORKS)


def build(model: Model, generator: Generator | None = None) -> nn.Module:
    """Construct and initialise a network on the CPU, in training mode.

    Args:
        model: name, width multiplier, classes, input channels, input side length, options.
        generator: the CPU generator of the initial weights; without one, a fresh generator at seed 0. The global
            generator is neither read nor advanced.

    Raises:
        ReproError: on an unknown name, an option the network does not have, or a size it cannot take.
    """
    if model.name not in NETWORKS:
        raise unknown("network", model.name, NETWORKS)
    family: Callable[..., Any] = attribute(NETWORKS[model.name])
    check_options(model, family)
    network: nn.Module = family(model, generator, **model.options)
    return network


def check_options(model: Model, family: Callable[..., Any]) -> None:
    """Refuse options that the family's function does not take as keyword-only arguments."""
    parameters = inspect.signature(family).parameters.values()
    known = [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    for option in model.options:
        if not known:
            raise ReproError(f"{model.name} has no options, so {option!r} would have no effect; remove it.")
        if option not in known:
            raise unknown(f"option of {model.name}", option, known)
