"""The three scales as functions from a paper-scale protocol to a protocol.

Cutting epochs keeps the relative place of milestones, prunings and levels. The demo is chosen for cost alone: its
numbers are set by a time budget and never by an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

from papers.synflow.settings import data_for
from shared.protocol import Augment, Data, Method, Phase, Protocol, Scale, Schedule, Train


@dataclass(frozen=True)
class Cut:
    """How far a scale is cut.

    Attributes:
        width: multiplier of hidden channels.
        epochs: what 100 epochs become; other lengths in proportion.
        per_class, test_per_class: images kept of each class (0: all).
        batch_size: images of a step, where so few images would otherwise make too few of them.
    """

    width: float
    epochs: int
    per_class: int
    test_per_class: int = 0
    batch_size: int | None = None


DEMO = Cut(width=1 / 8, epochs=4, per_class=60, batch_size=32)
REDUCED = Cut(width=1 / 4, epochs=20, per_class=500, test_per_class=500)
SCALE_NOTES: dict[Scale, str] = {
    "demo": (
        "60 embedded 8x8 digits of each class resized to 32x32, networks at 1/8 width, batches of 32, 4 epochs for "
        "100, shifts but no mirroring, ten classes whatever the data set; chosen for cost alone, so only sentences can "
        "be judged."
    ),
    "reduced": (
        "The paper's data with 500 training images a class, networks at 1/4 width, 20 epochs for 100; milestones and "
        "prunings keep their relative place."
    ),
    "paper": "As published: full width and data; 160 epochs on CIFAR, 100 on Tiny-ImageNet, 10 on MNIST.",
}


def paper(protocol: Protocol) -> Protocol:
    """The protocol itself."""
    return protocol


def demo(protocol: Protocol) -> Protocol:
    """Embedded digits, thin networks, a few epochs."""
    crop = tuple(Augment(kind="pad-crop", padding=4) for a in protocol.data.augment if a.kind == "pad-crop")
    changes = {"augment": crop, "per_class": DEMO.per_class, "resize": 32, "checks": protocol.data.checks}
    data = data_for("digits").model_copy(update=changes)
    return _cut(protocol, DEMO, "demo", data, {"classes": 10, "channels": 1, "size": 32})


def reduced(protocol: Protocol) -> Protocol:
    """The paper's own data, fewer images, thinner networks, fewer epochs."""
    kept: dict[str, int] = {"per_class": REDUCED.per_class}
    if protocol.model.classes == 10:  # other data have fewer test images of a class
        kept["test_per_class"] = REDUCED.test_per_class
    return _cut(protocol, REDUCED, "reduced", protocol.data.model_copy(update=kept), {})


def _cut(protocol: Protocol, cut: Cut, name: Scale, data: Data, sizes: dict[str, int]) -> Protocol:
    model = protocol.model.model_copy(update={"width": protocol.model.width * cut.width, **sizes})
    phases = tuple(shorter(p, cut.epochs / 100, cut.batch_size) for p in protocol.phases)
    return protocol.with_(scale=name, model=model, data=data, phases=phases)


def shorter(phase: Phase, ratio: float, batch_size: int | None = None) -> Phase:
    """A training phase of ``ratio`` times the epochs, at least 2, every event at its relative place."""
    if not isinstance(phase, Train):
        return phase
    epochs = max(2, round(phase.epochs * ratio))
    ratio = epochs / phase.epochs
    methods = tuple(_moved(m, ratio, epochs) for m in phase.methods)
    changes = {"epochs": epochs, "methods": methods, "schedule": _schedule(phase.schedule, ratio, epochs)}
    return phase.model_copy(update=changes | ({"batch_size": batch_size} if batch_size else {}))


def _moved(method: Method, ratio: float, epochs: int) -> Method:
    epoch = method.options.get("epoch")
    if method.name != "prune-after" or not isinstance(epoch, int):
        return method
    return method.model_copy(
        update={"options": {**method.options, "epoch": min(epochs - 1, max(1, round(epoch * ratio)))}}
    )


def _schedule(schedule: Schedule, ratio: float, epochs: int) -> Schedule:
    """Milestones at their relative place; in a very short run two of them may fall together."""
    if not schedule.milestones:
        return schedule
    moved = {min(epochs - 1, max(1, round(milestone * ratio))) for milestone in schedule.milestones}
    return schedule.model_copy(update={"milestones": tuple(sorted(moved))})
