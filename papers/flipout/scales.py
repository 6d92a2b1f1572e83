"""The three scales as functions from a paper-scale protocol to a protocol (sheet 6.1).

Cutting epochs keeps the number of prunings and the relative place of every event. The demo is chosen for cost alone:
its numbers are set by a time budget and never by an outcome.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from papers.flipout import settings
from shared.protocol import Augment, Data, Method, Options, Protocol, Scale, Schedule, Train
from shared.sparsity.schedule import prune_epochs

EVENT_OPTIONS = ("stop_epoch", "last_epoch")
SHIFT = 0.05
"""How far a pruning may move, as a fraction of the run."""


@dataclass(frozen=True)
class Cut:
    """How far a scale is cut.

    Attributes:
        width: multiplier of hidden channels.
        epochs: what 350 epochs become; longer and shorter phases in proportion.
        per_class, test_per_class: images kept of each class (0: all).
        side: image side for the 224-pixel data set.
        batch_size: images of a step, where so few images would otherwise make too few of them.
    """

    width: float
    epochs: int
    per_class: int = 0
    test_per_class: int = 0
    side: int = 32
    batch_size: int | None = None


DEMO = Cut(width=1 / 8, epochs=22, per_class=100, batch_size=32)
REDUCED = Cut(width=1 / 4, epochs=44, per_class=500, test_per_class=500, side=64)

SCALE_NOTES: dict[Scale, str] = {
    "demo": (
        "100 embedded 8x8 digits of each class resized to 32x32, networks at 1/8 width, batches of 32, 22 epochs for "
        "350 (a few more where a number of "
        "prunings needs them), shifts but no mirroring; chosen for cost alone, so only sentences can be judged."
    ),
    "reduced": (
        "The paper's data with 500 training images a class, networks at 1/4 width, 44 epochs for 350, Imagenette at "
        "64x64; every pruning and learning-rate step keeps its relative place."
    ),
    "paper": "As published: full width and data, 350 epochs (500 for Hoyer-Square), seeds 42, 43 and 44.",
}


def paper(protocol: Protocol) -> Protocol:
    """The protocol itself."""
    return protocol


def demo(protocol: Protocol) -> Protocol:
    """Embedded digits, thin networks, a few epochs."""
    changes = {
        "augment": _without_mirroring(protocol.data.augment, DEMO.side),
        "per_class": DEMO.per_class,
        "val_size": _held_out(protocol.data, _kept(DEMO, settings.IMAGES["digits"])),
        "val_rule": protocol.data.val_rule,
        "evaluate_on": protocol.data.evaluate_on,
        "checks": protocol.data.checks,
    }
    data = settings.DIGITS.model_copy(update=changes)
    return _cut(protocol, DEMO, "demo", data, channels=1, side=DEMO.side)


def reduced(protocol: Protocol) -> Protocol:
    """The paper's own data, fewer images, thinner networks, fewer epochs."""
    side = REDUCED.side if protocol.model.size > REDUCED.side else protocol.model.size
    changes = {
        "per_class": REDUCED.per_class,
        "test_per_class": REDUCED.test_per_class,
        "resize": side if protocol.data.resize else None,
        "augment": tuple(_resized(a, side / protocol.model.size) for a in protocol.data.augment),
        "val_size": _held_out(protocol.data, REDUCED.per_class * protocol.model.classes),
    }
    data = protocol.data.model_copy(update=changes)
    return _cut(protocol, REDUCED, "reduced", data, channels=protocol.model.channels, side=side)


def _cut(protocol: Protocol, cut: Cut, name: Scale, data: Data, *, channels: int, side: int) -> Protocol:
    width = protocol.model.width * cut.width
    model = protocol.model.model_copy(update={"width": width, "channels": channels, "size": side})
    ratio = cut.epochs / settings.EPOCHS
    phases = tuple(_shorter(p, ratio, cut.batch_size) if isinstance(p, Train) else p for p in protocol.phases)
    return protocol.with_(scale=name, model=model, data=data, phases=phases)


def _shorter(phase: Train, ratio: float, batch_size: int | None) -> Train:
    phase = shorten(phase, ratio)
    return phase.model_copy(update={"batch_size": batch_size}) if batch_size else phase


def shorten(phase: Train, ratio: float) -> Train:
    """The phase with its epochs multiplied by ``ratio``, every event at its relative place.

    The length is the first from ``ratio`` times the old one in which as many prunings fit, each near its old place: 350
    epochs with 10 prunings at interval 32 become 22 epochs with 10 prunings at interval 2.
    """
    if ratio >= 1:
        return phase
    wanted = max(1, round(phase.epochs * ratio))
    for epochs in range(wanted, phase.epochs):
        methods = tuple(_rescale(m, phase.epochs, epochs) for m in phase.methods)
        if all(
            _alike(_places(o, phase.epochs), _places(m, epochs)) for o, m in zip(phase.methods, methods, strict=True)
        ):
            schedule = _schedule(phase.schedule, phase.epochs, epochs)
            return phase.model_copy(update={"epochs": epochs, "methods": methods, "schedule": schedule})
    return phase


def _places(method: Method, epochs: int) -> list[float]:
    """When a component prunes, as fractions of the phase; empty for one that does not prune."""
    if method.name != "prune":
        return []
    interval = _whole(method.options, "interval") or epochs
    return [epoch / epochs for epoch in prune_epochs(epochs, interval, _whole(method.options, "stop_epoch"))]


def _alike(old: list[float], new: list[float]) -> bool:
    return len(old) == len(new) and all(abs(a - b) < SHIFT for a, b in zip(old, new, strict=True))


def _rescale(method: Method, old: int, new: int) -> Method:
    options = dict(method.options)
    for key in EVENT_OPTIONS:
        if (at := _whole(options, key)) is not None:
            options[key] = max(1, round(at * new / old))
    if (interval := _whole(options, "interval")) is not None:
        parts = (old - 1) // interval + 1
        even = interval == math.ceil(old / parts)
        options["interval"] = math.ceil(new / parts) if even else max(1, round(interval * new / old))
    return method.model_copy(update={"options": options})


def _schedule(schedule: Schedule, old: int, new: int) -> Schedule:
    milestones: list[int] = []
    for milestone in schedule.milestones:
        at = max(1, round(milestone * new / old), milestones[-1] + 1 if milestones else 1)
        milestones.append(at)
    return schedule.model_copy(update={"milestones": tuple(milestones)})


def _whole(options: Options, key: str) -> int | None:
    value = options.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _resized(augment: Augment, ratio: float) -> Augment:
    return augment.model_copy(update={"padding": round(augment.padding * ratio)}) if augment.padding else augment


def _without_mirroring(augments: tuple[Augment, ...], side: int) -> tuple[Augment, ...]:
    """Shifts by an eighth of the side; a mirrored digit is no digit, so flips are dropped."""
    return tuple(a.model_copy(update={"padding": side // 8}) for a in augments if a.kind == "pad-crop")


def _kept(cut: Cut, images: int) -> int:
    """Training images that a cut leaves of a ten-class data set."""
    return 10 * cut.per_class if cut.per_class else images


def _held_out(data: Data, images: int) -> int:
    """The validation part, as large a share of the images as it was."""
    share = data.val_size / settings.IMAGES[data.name]
    return max(1, round(share * images)) if data.val_size else 0
