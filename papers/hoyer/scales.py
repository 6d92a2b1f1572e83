"""The three scales as functions from a paper-scale protocol to a protocol.

Cutting epochs keeps the relative place of every step of the learning rate. The demo is chosen for cost alone: its
numbers are set by a time budget and never by an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from papers.hoyer import settings
from shared.data.sizes import SIZES
from shared.protocol import Data, Model, Options, Protocol, Scale, Train


@dataclass(frozen=True)
class Cut:
    """How far a scale is cut: hidden width, epochs, images kept of each class (0: all), images of a step."""

    width: float
    epochs: float
    per_class: int = 0
    test_per_class: int = 0
    batch_size: int | None = None


DEMO_MNIST = Cut(width=1 / 4, epochs=1 / 25, batch_size=32)
DEMO_ZOO = Cut(width=1 / 4, epochs=1 / 60, per_class=50, batch_size=32)
DEMO_WIDE = replace(DEMO_ZOO, width=1 / 16)
"""For the widest networks of the zoo, which would take as long as all others together."""
REDUCED_MNIST = Cut(width=1, epochs=1 / 10, per_class=1000)
REDUCED_ZOO = Cut(width=1 / 2, epochs=1 / 8, per_class=500, test_per_class=200)

SHALLOW: dict[str, Options] = {
    "cifar-resnet": {"depth": 11},
    "cifar-preresnet": {"depth": 11},
    "wide_resnet": {"depth": 10},
    "cifar-resnext": {"depth": 11},
    "cifar-densenet": {"depth": 10},
}
"""Depths of the demo: the shallowest network of each family that still has all its stages."""

WIDE = ("wide_resnet", "cifar-resnext")
"""Networks of which the demo has a sixteenth of the width."""

SCALE_NOTES: dict[Scale, str] = {
    "demo": (
        "The 1,437 embedded 8x8 digits resized to the network's input, batches of 32; LeNets at 1/4 width, 10 epochs "
        "for 250, 4 and 2 for 100 and 50; other networks at 1/4 width (WRN, ResNeXt: 1/16) and their least depth, "
        "epochs divided by 60, 50 images a class; strengths and thresholds as published; chosen for cost alone, so "
        "only sentences can be judged."
    ),
    "reduced": (
        "The paper's data: MNIST with 1,000 training images a class and a tenth of the epochs; CIFAR with 500 a class, "
        "half the width and an eighth of the epochs."
    ),
    "paper": "As published: full width and data, 250 epochs on MNIST, the zoo's recipes on CIFAR; seeds 42, 43, 44.",
}


def paper(protocol: Protocol) -> Protocol:
    """The protocol itself."""
    return protocol


def demo(protocol: Protocol) -> Protocol:
    """Embedded digits, thin and shallow networks, a few epochs."""
    small = protocol.model.size == 28
    cut = DEMO_MNIST if small else DEMO_WIDE if protocol.model.name in WIDE else DEMO_ZOO
    side = 28 if small else 32
    same = ("val_rule", "evaluate_on", "select_on", "checks")
    data = settings.DIGITS.model_copy(
        update={
            **{name: getattr(protocol.data, name) for name in same},
            "resize": side,
            "per_class": cut.per_class or None,
            "val_size": _held_out(protocol.data, 10 * cut.per_class or SIZES["digits"][0]),
        }
    )
    return _cut(protocol, cut, "demo", data, _shallow(protocol.model, side))


def reduced(protocol: Protocol) -> Protocol:
    """The paper's data, fewer images, fewer epochs."""
    cut = REDUCED_MNIST if protocol.model.size == 28 else REDUCED_ZOO
    there = SIZES[protocol.data.name][1] // protocol.model.classes if cut.test_per_class else 0
    changes = {
        "per_class": cut.per_class,
        "test_per_class": min(cut.test_per_class, there) or None,  # CIFAR-100 and ImageNet have fewer than 200
        "val_size": _held_out(protocol.data, cut.per_class * protocol.model.classes),
    }
    return _cut(protocol, cut, "reduced", protocol.data.model_copy(update=changes), protocol.model)


def _cut(protocol: Protocol, cut: Cut, name: Scale, data: Data, model: Model) -> Protocol:
    model = model.model_copy(update={"width": model.width * cut.width})
    phases = tuple(_shorter(p, cut) if isinstance(p, Train) else p for p in protocol.phases)
    return protocol.with_(scale=name, model=model, data=data, phases=phases)


def _shorter(phase: Train, cut: Cut) -> Train:
    epochs = max(1 + len(phase.schedule.milestones), round(phase.epochs * cut.epochs))
    milestones: list[int] = []
    for milestone in phase.schedule.milestones:
        milestones.append(max(round(milestone * epochs / phase.epochs), milestones[-1] + 1 if milestones else 1))
    return phase.model_copy(
        update={
            "epochs": epochs,
            "batch_size": cut.batch_size or phase.batch_size,
            "schedule": phase.schedule.model_copy(update={"milestones": tuple(milestones)}),
        }
    )


def _shallow(model: Model, side: int) -> Model:
    """The demo's network: one channel, ten classes, the least depth of its family."""
    options = {**model.options, **SHALLOW.get(model.name, {})}
    if model.name in ("cifar-resnet", "cifar-preresnet") and model.options.get("block", "basic") == "basic":
        options["depth"] = 8
    name = model.name
    if name.startswith("imagenet-"):  # no ImageNet network reads images of 32x32
        name, options = "cifar-resnet", {"depth": 8}
    return model.model_copy(update={"name": name, "options": options, "channels": 1, "classes": 10, "size": side})


def _held_out(data: Data, images: int) -> int:
    """The validation part, as large a share of the images as it was."""
    whole = {"mnist": 60_000, "fashion-mnist": 60_000, "imagenet": 1_281_167}.get(data.name, 50_000)
    return max(1, round(data.val_size / whole * images)) if data.val_size else 0
