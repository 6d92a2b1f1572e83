"""VGG with batch normalisation, CIFAR form: one linear layer after five pools (flipout sheet, section 2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from torch import Generator, nn

from shared.errors import ReproError
from shared.models.initialise import fan_in_normal, initialised, vgg_fan_in_normal, vgg_normal
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


INITIAL = {
    "framework": None,
    "fan-in": fan_in_normal,
    "torchvision": vgg_normal,
    "fan-in-convolutions": vgg_fan_in_normal,
}


def features(
    plan: Plan,
    channels: int,
    *,
    conv_bias: bool = True,
    affine: bool = True,
    batchnorm: bool = True,
    last_pool: str = "max",
) -> nn.Sequential:
    """The convolutional part: conv3x3 (padding 1), batch normalisation, ReLU per number; 2x2 max-pool per M.

    ``last_pool="average"`` makes the last pool an average pool (OpenLTH); ``"none"`` leaves it out, so that the average
    before the linear layer does its work (the sanity-checking and GraSP code bases).
    """
    layers: list[nn.Module] = []
    for step in plan:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2, 2))
            continue
        conv = nn.Conv2d(channels, step, 3, padding=1, bias=conv_bias)
        layers += [conv, nn.BatchNorm2d(step, affine=affine)] if batchnorm else [conv]
        layers.append(nn.ReLU())
        channels = step
    if last_pool == "average":
        layers[-1] = nn.AvgPool2d(2, 2)
    elif last_pool == "none":
        layers.pop()
    return nn.Sequential(*layers)


def network(
    plan: Plan,
    channels: int,
    classes: int,
    *,
    conv_bias: bool = True,
    affine: bool = True,
    batchnorm: bool = True,
    last_pool: str = "max",
    hidden: int = 0,
    side: int = 1,
) -> nn.Sequential:
    """Convolutional part, average over what is left of the map (the identity at 1x1), one linear layer with bias.

    With ``hidden`` units the map (``side`` x ``side``) is flattened instead and three linear layers with ReLU and
    dropout follow, as in the networks for larger images.
    """
    width = [step for step in plan if not isinstance(step, str)][-1]
    convolutions = features(
        plan, channels, conv_bias=conv_bias, affine=affine, batchnorm=batchnorm, last_pool=last_pool
    )
    if not hidden:
        return nn.Sequential(
            OrderedDict(features=convolutions, pool=GlobalAverage(), classifier=nn.Linear(width, classes))
        )
    classifier = nn.Sequential(
        nn.Linear(width * side**2, hidden),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden, classes),
    )
    return nn.Sequential(OrderedDict(features=convolutions, flatten=nn.Flatten(), classifier=classifier))


def vgg(
    model: Model,
    generator: Generator | None = None,
    *,
    batchnorm: bool = True,
    affine: bool = True,
    conv_bias: bool = True,
    last_pool: str = "max",
    initial: str = "framework",
    hidden: int = 0,
) -> nn.Module:
    """VGG11, 13, 16 or 19 for images of at least 32x32.

    Args:
        model: name and sizes.
        generator: of the initial weights.
        batchnorm: whether batch normalisation follows each convolution.
        affine: whether batch normalisation has a gamma and beta of its own.
        conv_bias: whether convolutions have a bias.
        last_pool: ``max``, ``average`` (the lottery networks of OpenLTH) or ``none`` (random_tickets sheet, 2.1).
        initial: ``framework`` defaults, ``fan-in`` (Kaiming-normal convolutions and linear layers, biases 0),
            ``torchvision`` (Kaiming-normal by fan-out, linear layers N(0, 0.01^2)) or ``fan-in-convolutions``
            (Kaiming-normal by fan-in, linear layers as there).
        hidden: units of two further linear layers with dropout; 0 for the CIFAR form.

    Raises:
        ReproError: on a value an option does not take.
    """
    for option, value, known in (
        ("last_pool", last_pool, ("max", "average", "none")),
        ("initial", initial, tuple(INITIAL)),
    ):
        if value not in known:
            raise ReproError(f"{option} is one of {', '.join(known)}, not {value!r}.")
    if hidden and last_pool == "none":
        raise ReproError("The three linear layers follow the last pool; leave last_pool at max or average.")
    if not affine and not batchnorm:
        raise ReproError("Without batch normalisation affine has no effect; remove it.")
    needs_side(model, 32 if last_pool != "none" else 16)
    plan: Plan = [step if isinstance(step, str) else scaled(step, model.width) for step in PLANS[model.name]]

    def make() -> nn.Module:
        return network(
            plan,
            model.channels,
            model.classes,
            batchnorm=batchnorm,
            affine=affine,
            conv_bias=conv_bias,
            last_pool=last_pool,
            hidden=scaled(hidden, model.width) if hidden else 0,
            side=model.size // 32,
        )

    return initialised(make, generator, then=INITIAL[initial])
