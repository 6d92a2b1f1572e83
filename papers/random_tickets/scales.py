"""The three scales as functions from a paper-scale protocol to a protocol.

Cutting epochs keeps the relative place of milestones and rewind epochs. The demo is chosen for cost alone: its numbers
are set by a time budget and never by an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

from papers.random_tickets import settings
from shared.protocol import Augment, Data, Phase, Protocol, Prune, Rewind, Scale, Schedule, Train

DIGIT_CLASSES = 10
PIXELS = 32


@dataclass(frozen=True)
class Cut:
    """How far a scale is cut.

    Attributes:
        width: multiplier of the network's channels.
        epochs: what 160 epochs become; longer and shorter trainings in proportion.
        per_class, test_per_class: images kept of each class (0: all).
        batch_size: images of a step, where so few images would otherwise make too few of them.
    """

    width: float
    epochs: int
    per_class: int
    test_per_class: int = 0
    batch_size: int | None = None


DEMO = Cut(width=1 / 8, epochs=12, per_class=100, batch_size=32)
REDUCED = Cut(width=1 / 4, epochs=32, per_class=500, test_per_class=500)

SCALE_NOTES: dict[Scale, str] = {
    "demo": (
        "100 embedded 8x8 digits of each class resized to 32x32, networks at 1/8 width, batches of 32, 12 epochs for "
        "160, shifts but no mirroring, ten classes whatever the data set; chosen for cost alone, so only sentences can "
        "be judged."
    ),
    "reduced": (
        "The paper's data with 500 training images a class, networks at 1/4 width, 32 epochs for 160; milestones and "
        "rewind epochs keep their relative place."
    ),
    "paper": "As published: full width and data, 160 epochs (Tiny-ImageNet 300), and as many again after a rewind.",
}


def paper(protocol: Protocol) -> Protocol:
    """The protocol itself."""
    return protocol


def demo(protocol: Protocol) -> Protocol:
    """Embedded digits, thin networks, a few epochs."""
    digits = settings.data_for("digits", settings.SU)
    crop = tuple(_narrower(a, PIXELS / protocol.model.size) for a in protocol.data.augment if a.kind == "pad-crop")
    data = digits.model_copy(update={"augment": crop, "per_class": DEMO.per_class, "checks": protocol.data.checks})
    sizes = {"classes": DIGIT_CLASSES, "channels": 1, "size": PIXELS}
    return _cut(protocol, DEMO, "demo", data, sizes)


def reduced(protocol: Protocol) -> Protocol:
    """The paper's own data, fewer images, thinner networks, fewer epochs."""
    kept = {"per_class": REDUCED.per_class}
    if protocol.data.name != "tiny-imagenet":
        small = protocol.model.classes > DIGIT_CLASSES  # CIFAR-100 has 100 test images of a class
        kept |= {} if small else {"test_per_class": REDUCED.test_per_class}
    if protocol.data.name == "digits":
        kept = {"per_class": DEMO.per_class}
    return _cut(protocol, REDUCED, "reduced", protocol.data.model_copy(update=kept), {})


def _cut(protocol: Protocol, cut: Cut, name: Scale, data: Data, sizes: dict[str, int]) -> Protocol:
    model = protocol.model.model_copy(update={"width": protocol.model.width * cut.width, **sizes})
    full = 300 if protocol.data.name == "tiny-imagenet" else 160
    phases = tuple(shorter(p, cut.epochs / full, cut) for p in protocol.phases)
    return protocol.with_(scale=name, model=model, data=data, phases=phases)


def shorter(phase: Phase, ratio: float, cut: Cut) -> Phase:
    """A phase whose epochs are multiplied by ``ratio``, every event at its relative place."""
    if isinstance(phase, Rewind):
        return phase.model_copy(update={"epoch": round(phase.epoch * ratio)})
    if isinstance(phase, Prune):
        return phase
    if not isinstance(phase, Train):
        return phase
    epochs = max(1, round(phase.epochs * ratio))
    changes = {"epochs": epochs, "schedule": _schedule(phase.schedule, ratio, epochs)}
    return phase.model_copy(update=changes | ({"batch_size": cut.batch_size} if cut.batch_size else {}))


def _schedule(schedule: Schedule, ratio: float, epochs: int) -> Schedule:
    if schedule.epochs is not None:
        return schedule.model_copy(update={"epochs": epochs})
    milestones: list[int] = []
    for milestone in schedule.milestones:
        milestones.append(max(1, round(milestone * ratio), milestones[-1] + 1 if milestones else 1))
    return schedule.model_copy(update={"milestones": tuple(milestones)})


def _narrower(augment: Augment, ratio: float) -> Augment:
    return augment.model_copy(update={"padding": max(1, round(augment.padding * ratio))})
