"""The networks of the SynFlow code by its own names (sheet, section 2), as models of our registry."""

from __future__ import annotations

from shared.errors import unknown
from shared.protocol import Model, Options

SIZES: dict[str, tuple[int, int, int, int]] = {
    # data: channels, side, classes, training images
    "mnist": (1, 28, 10, 60_000),
    "cifar10": (3, 32, 10, 50_000),
    "cifar100": (3, 32, 100, 50_000),
    "tiny-imagenet": (3, 64, 200, 100_000),
    "imagenet": (3, 224, 1000, 1_281_167),
}
LOTTERY: tuple[str, ...] = tuple(f"vgg{d}{bn}" for d in (11, 13, 16, 19) for bn in ("", "-bn"))
LOTTERY += tuple(f"{wide}resnet{d}" for wide in ("", "wide-") for d in (20, 32, 44, 56, 110))
LARGE: tuple[str, ...] = tuple(f"vgg{d}{bn}" for d in (11, 13, 16, 19) for bn in ("", "-bn"))
LARGE += tuple(f"resnet{d}" for d in (18, 34, 50, 101, 152))
TINY = (*LARGE, *(f"wide-resnet{d}" for d in (18, 34, 50, 101, 152)))
CLASSES: dict[str, tuple[str, ...]] = {
    "default": ("fc", "conv"),
    "lottery": LOTTERY,
    "tinyimagenet": TINY,
    "imagenet": (*LARGE, "wide-resnet50", "wide-resnet101"),
}


def model_for(family: str, name: str, data: str, *, trained_scales: bool = False) -> Model:
    """The network of a model class of the original, for a data set.

    Args:
        family: ``default``, ``lottery``, ``tinyimagenet`` or ``imagenet``.
        name: as the original types it, e.g. ``vgg16-bn`` or ``wide-resnet18``.
        data: sets channels, side and classes.
        trained_scales: let the identity scales train, as the optimiser of June 2020 did.

    Raises:
        ReproError: for a name that the class does not have; the original stops with a KeyError.
    """
    if name not in CLASSES[family]:
        raise unknown(f"{family} network", name, CLASSES[family])
    channels, size, classes, _ = SIZES[data]
    ours, width, options = _ours(family, name, trained_scales)
    return Model(name=ours, width=width, classes=classes, channels=channels, size=size, options=options)


def _ours(family: str, name: str, trained_scales: bool) -> tuple[str, float, Options]:
    scale = "trained" if trained_scales else "frozen"
    wide = name.startswith("wide-")
    base = name.removeprefix("wide-").removesuffix("-bn")
    if family == "default":
        return base, 1.0, {}
    if base.startswith("vgg"):
        plain: Options = {} if name.endswith("-bn") else {"batchnorm": False}
        if family == "lottery":
            return base, 1.0, {"initial": "fan-in", "last_pool": "average", **plain}
        return base, 1.0, {"initial": "torchvision", "hidden": 1024 if family == "tinyimagenet" else 4096, **plain}
    if family == "lottery":
        return base, 2.0 if wide else 1.0, {"identity_scale": scale}
    options: Options = {"initial": "fan-out"}
    # The factor of wide-resnet18 and 34 reaches blocks that never use it: the same networks (sheet 2.3, trap 7).
    if wide and base not in ("resnet18", "resnet34"):
        options["inner_width"] = 2.0
    options |= {"stem": "imagenet"} if family == "imagenet" else {"identity_scale": scale}
    return base, 1.0, options


CLASSIFIER: dict[str, tuple[str, ...]] = {
    # patterns of the layers that --dense-classifier leaves unmasked (sheet 2.6)
    "fc": ("11.*",),
    "conv": ("5.*",),
    "vgg": ("classifier.*",),
    "resnet": ("linear.*",),
}


def dense_classifier(model: Model) -> tuple[str, ...]:
    """Name patterns of a network's classifier; all three linear layers of a VGG for larger images."""
    for start, patterns in CLASSIFIER.items():
        if model.name.startswith(start):
            if start == "vgg" and not model.options.get("hidden"):
                return ("classifier.weight", "classifier.bias")
            return patterns
    raise unknown("SynFlow network", model.name, CLASSIFIER)
