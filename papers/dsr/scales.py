"""The three scales as functions from a paper-scale protocol to a protocol.

N_p shrinks with the prunable units, so that an event moves the share of the weights that the paper's moves.

Cutting epochs keeps the relative place of every step of the learning rate, of the period and of every pruning, and the
number of prunings. Periods keep their ratios (1, 2, 4, 8), hence where in a run its reallocations crowd. Their number
is kept as far as steps allow: where the cut leaves less than ``shortest_period`` steps between two, fewer happen, since
a weight that grew needs some steps before it is judged. The demo is chosen for cost alone: its numbers are set by a
time budget and never by an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

from papers.dsr.sizes import prunable_units
from shared.protocol import Data, Method, Options, Protocol, Scalar, Scale, Train


@dataclass(frozen=True)
class Cut:
    """How far a network's runs are cut.

    Attributes:
        epochs: factor of the epochs.
        steps: factor of the optimiser steps, which rewiring periods follow.
        shortest_period: steps between two reallocations, at least.
        width: factor of hidden channels.
        per_class, test_per_class: images kept of each class (0: all).
        side: of the images.
        batch: images of a step.
        depth: of the wide ResNet.
    """

    epochs: float
    steps: float
    width: float
    per_class: int
    test_per_class: int
    side: int
    batch: int
    shortest_period: int
    depth: int = 28


DEMO = {
    "lenet300": Cut(0.1, 1 / 300, 1, 100, 0, 28, 50, 4),
    "wide_resnet": Cut(0.06, 1 / 417, 1 / 8, 100, 0, 32, 50, 4, depth=10),
    "imagenet_resnet50": Cut(0.12, 1 / 2085, 1 / 16, 100, 0, 32, 50, 4),
}
REDUCED = {
    "lenet300": Cut(0.2, 1 / 60, 1, 500, 500, 28, 100, 2),
    "wide_resnet": Cut(0.15, 1 / 67, 1 / 4, 500, 500, 32, 100, 2, depth=16),
    "imagenet_resnet50": Cut(0.2, 1 / 50, 1 / 8, 50, 10, 64, 100, 2),
}
SCALE_NOTES: dict[Scale, str] = {
    "demo": (
        "100 embedded 8x8 digits of each class, batches of 50; LeNet at full size on 28x28 in 10 epochs for 100, "
        "WRN-10 at 1/8 width in 12 for 200, ResNet-50 at 1/16 width on 32x32 in 12 for 100; shifts but no mirroring. "
        "N_p in proportion to the prunable weights. Periods keep their ratios, from 4 steps on: 21 reallocations on "
        "LeNet for 273, 22 on WRN for 367, 26 on ResNet-50 for 232. Gradual pruning prunes after each epoch. Chosen "
        "for cost alone, so only sentences can be judged."
    ),
    "reduced": (
        "The paper's data with 500 training images a class (ImageNet: 50 at 64x64); LeNet at full size in 20 epochs "
        "for 100, WRN-16 at 1/4 width in 30 for 200, ResNet-50 at 1/8 width in 20 for 100; N_p in proportion to the "
        "prunable weights. Periods keep their ratios, from 2 steps on: 227 reallocations on LeNet for 273, 278 on WRN "
        "for 367, 230 on ResNet-50 for 232. Gradual pruning prunes after each epoch."
    ),
    "paper": "As published: full networks and data, five seeds (42 to 46; the originals were never seeded).",
}
DIGITS = Data(name="digits", mean=(0.3053,), std=(0.3760,))


def paper(protocol: Protocol) -> Protocol:
    """The protocol itself."""
    return protocol


def demo(protocol: Protocol) -> Protocol:
    """Embedded digits, thin networks, a few epochs."""
    cut = DEMO[protocol.model.name]
    keep = {
        "per_class": cut.per_class,
        "val_size": _held_out(protocol, cut.per_class, 10),
        "evaluate_on": protocol.data.evaluate_on,
    }
    crops = (a for a in protocol.data.augment if a.kind == "pad-crop")
    shifts = tuple(a.model_copy(update={"padding": cut.side // 8}) for a in crops)
    data = DIGITS.model_copy(update={**keep, "resize": cut.side, "augment": shifts})
    data = data.model_copy(update={"val_rule": protocol.data.val_rule})
    return _cut(protocol, cut, "demo", data, channels=1, classes=10)


def reduced(protocol: Protocol) -> Protocol:
    """The paper's own data, fewer images, thinner networks, fewer epochs."""
    cut = REDUCED[protocol.model.name]
    keep: dict[str, object] = {"per_class": cut.per_class, "test_per_class": cut.test_per_class}
    keep["val_size"] = _held_out(protocol, cut.per_class, protocol.model.classes)
    if protocol.data.resize is not None:
        keep["resize"] = cut.side
    if protocol.data.resize and protocol.data.shorter_side:
        keep["shorter_side"] = round(protocol.data.shorter_side * cut.side / protocol.data.resize)
    data = protocol.data.model_copy(update=keep)
    return _cut(protocol, cut, "reduced", data, channels=protocol.model.channels, classes=protocol.model.classes)


def _held_out(protocol: Protocol, per_class: int, classes: int) -> int:
    """The validation part: a tenth of what is left, where there was one."""
    return per_class * classes // 10 if protocol.data.val_size else 0


def _cut(protocol: Protocol, cut: Cut, name: Scale, data: Data, *, channels: int, classes: int) -> Protocol:
    model = protocol.model
    options: Options = dict(model.options)
    if model.name == "wide_resnet":
        options["depth"] = min(cut.depth, int(str(options.get("depth", 28))))
    changes = {"width": model.width * cut.width, "channels": channels, "classes": classes, "size": cut.side}
    small = protocol.with_(scale=name, model=model.model_copy(update={**changes, "options": options}), data=data)
    phases = (shorten(p, cut) if isinstance(p, Train) else p for p in protocol.phases)
    return small.with_(phases=tuple(_retargeted(p, protocol, small) if isinstance(p, Train) else p for p in phases))


def _retargeted(phase: Train, whole: Protocol, small: Protocol) -> Train:
    """Units to reallocate at an event in proportion to the prunable ones: the share that moves is the paper's (7.3)."""

    def rescaled(method: Method) -> Method:
        target, units = method.options.get("target"), str(method.options.get("granularity", "weight"))
        if target is None:
            return method
        cut = int(str(target)) * prunable_units(small, units) / prunable_units(whole, units)
        return method.model_copy(update={"options": {**method.options, "target": max(1, round(cut))}})

    return phase.model_copy(update={"methods": tuple(rescaled(m) for m in phase.methods)})


def shorten(phase: Train, cut: Cut) -> Train:
    """The phase with its epochs cut, every event at its relative place.

    A gradual pruning keeps all its steps and prunes after every epoch, hence its interval is what it is shortened by.
    """
    epochs = max(1, round(phase.epochs * cut.epochs))
    prunes = next((m for m in phase.methods if m.name == "prune-gradually"), None)
    if prunes is not None:
        epochs = -(-phase.epochs // int(str(prunes.options["interval"])))
    methods = tuple(_rescaled(m, epochs / phase.epochs, cut) for m in phase.methods)
    return phase.model_copy(update={"epochs": epochs, "batch_size": cut.batch, "methods": methods})


def _rescaled(method: Method, ratio: float, cut: Cut) -> Method:
    options = dict(method.options)
    for key in ("epochs", "period_epochs", "temperature_epochs"):
        if isinstance(at := options.get(key), list):
            options[key] = _places(at, ratio)
    if isinstance(periods := options.get("periods"), list):
        options["periods"] = _periods([float(str(p)) for p in periods], cut)
    if (stop := options.get("stop_epoch")) is not None:
        options["stop_epoch"] = max(1, round(int(str(stop)) * ratio))
    if method.name == "prune-gradually":
        options["first"] = -(-int(str(options["first"])) // int(str(options["interval"])))
        options["interval"] = 1
    return method.model_copy(update={"options": options})


def _periods(periods: list[float], cut: Cut) -> list[Scalar]:
    """Scaled periods with the ratios that they have, none below the shortest."""
    first = max(float(cut.shortest_period), round(periods[0] * cut.steps))
    return [max(cut.shortest_period, round(first * p / periods[0])) for p in periods]


def _places(epochs: list[Scalar], ratio: float) -> list[Scalar]:
    """Scaled epochs, still increasing from 0."""
    out: list[int] = []
    for epoch in epochs:
        out.append(max(round(int(str(epoch)) * ratio), out[-1] + 1 if out else 0))
    return list(out)
