"""Seconds of a step of every kind that a plan has: measured where it matters most, within a fixed time, else inferred.

A kind is a network with its batch and the components of its training. Those that most of the plan's arithmetic goes to
come first. A step that takes too long is measured on fewer images, and kinds that differ from it only in components or
classes are not measured again. What the time does not suffice for gets the rate of the measured kind whose step is
closest in size.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from repro.launch.shortage import is_shortage
from repro.timing import LATER, Timing, first_training, matmul_rate, timed
from repro.workload import FLOP_PER_MAC, PASSES, forward_macs, petaflop
from shared.errors import ReproError
from shared.protocol import Protocol, canonical, digest
from shared.training.rundir import write_atomic

BUDGET_SECONDS = 12.0
"""For all measurements of a plan together."""
QUICK_SECONDS = 0.6
"""More is not spent on a step that is quick: its median is steady by then."""
SHARE_OF_PEAK = 1 / 4
"""What a network's step is assumed to reach of a matrix product's rate before anything was measured."""
WARM_UP = 2
"""A measurement costs two steps and two evaluations: the first of each warms up."""
SMALLEST = 2


@dataclass(frozen=True)
class Kind:
    """Steps that cost the same.

    Attributes:
        protocol: one that has such steps.
        batch: images of a step.
        macs: multiply-adds of one image, forward.
        weight: arithmetic that is left of this kind.
    """

    protocol: Protocol
    batch: int
    macs: int
    weight: float

    @property
    def network(self) -> str:
        """The network and batch, whatever its classes and the components of its training."""
        m = self.protocol.model
        return f"{m.name}/{m.width:g}/{m.size}/{self.batch}/{self.protocol.precision}"

    def flop(self, batch: int) -> float:
        """Of one step."""
        return FLOP_PER_MAC * PASSES * self.macs * batch


@dataclass(frozen=True)
class Rate:
    """Seconds of a step and of evaluating one image, and where they come from (see ``repro.cost.Line``)."""

    step: float
    image: float
    batch: int
    basis: Literal["measured", "scaled", "extrapolated"]
    measured_batch: int | None


def rates_of(experiments: Mapping[str, tuple[Protocol, int]], device: Any, own: Any, known: Cache) -> dict[str, Rate]:
    """The rate of each experiment.

    Args:
        experiments: a protocol and the number of runs that are left, by experiment.
        device: a torch device.
        own: components of the paper.
        known: earlier measurements; new ones are added.
    """
    kinds: dict[str, Kind] = {}
    key_of = {}
    for experiment, (protocol, left) in experiments.items():
        key = key_of[experiment] = shape_key(protocol)
        weight = left * petaflop(protocol)
        if key in kinds:
            kinds[key] = replace(kinds[key], weight=kinds[key].weight + weight)
        else:
            batch = first_training(protocol).batch_size
            kinds[key] = Kind(protocol, batch, max(1, forward_macs(protocol.model)), weight)
    timings = measure(kinds, device, own, known)
    rates = {key: inferred(key, kinds, timings) for key in kinds}
    return {experiment: rates[key] for experiment, key in key_of.items()}


def shape_key(protocol: Protocol) -> str:
    """Equal for protocols whose steps cost the same."""
    train = first_training(protocol)
    plan = {
        "model": canonical(protocol.model),
        "precision": protocol.precision,
        "augment": [canonical(a) for a in protocol.data.augment],
        "optimizer": train.optimizer.name,
        "batch": train.batch_size,
        "methods": [canonical(m) for m in train.methods if m.name not in LATER],
    }
    return digest(plan)[:16]


def measure(kinds: Mapping[str, Kind], device: Any, own: Any, known: Cache) -> dict[str, Timing]:
    """Measure what the time suffices for, the heaviest first; at least one kind is always measured."""
    order = sorted(kinds, key=lambda key: -kinds[key].weight)
    found = {key: timing for key in order if (timing := known.get(key)) is not None}
    reduced = {kinds[k].network for k, t in found.items() if t.batch < kinds[k].batch}
    deadline = time.perf_counter() + BUDGET_SECONDS
    peak = None if found else SHARE_OF_PEAK * matmul_rate(device)
    for position, key in enumerate(order):
        kind = kinds[key]
        if key in found or kind.network in reduced:
            continue
        waiting = {kinds[k].network for k in order[position:] if k not in found} - reduced
        seconds = (deadline - time.perf_counter()) / len(waiting)
        rate = peak if peak is not None and not found else _rate_near(kind, kinds, found)
        batch = affordable(kind, seconds, rate)
        if found and (batch is None or seconds <= 0):
            continue
        timing = _fitting(kind, device, own, batch or min(SMALLEST, kind.batch), min(seconds, QUICK_SECONDS))
        if timing is None:
            continue
        found[key] = timing
        known.put(key, timing)
        if timing.batch < kind.batch:
            reduced.add(kind.network)
    return found


def affordable(kind: Kind, seconds: float, rate: float) -> int | None:
    """The most images of a step, of the whole batch, a half, a quarter..., whose measurement fits; ``None``: none.

    Args:
        kind: what is to be measured.
        seconds: that it may take.
        rate: expected floating-point operations a second.
    """
    passes = WARM_UP * (PASSES + 1) / PASSES
    batch = kind.batch
    while batch > SMALLEST and passes * kind.flop(batch) / rate > seconds:
        batch = max(SMALLEST, batch // 2)
    return batch if passes * kind.flop(batch) / rate <= seconds else None


def _fitting(kind: Kind, device: Any, own: Any, batch: int, seconds: float) -> Timing | None:
    """A measurement on as many images as the device has room for; ``None`` if not even two."""
    while True:
        try:
            return timed(kind.protocol, device, own, batch, seconds)
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            if batch <= SMALLEST:
                return None
            batch = max(SMALLEST, batch // 2)


def inferred(key: str, kinds: Mapping[str, Kind], timings: Mapping[str, Timing]) -> Rate:
    """A kind's rate from its own measurement, scaled to its batch, or from the one whose step is closest in size.

    Raises:
        ReproError: if nothing at all could be measured.
    """
    kind = kinds[key]
    if key in timings:
        t = timings[key]
        basis: Literal["measured", "scaled"] = "measured" if t.batch == kind.batch else "scaled"
        return Rate(full_step(kind, t), t.image, kind.batch, basis, t.batch)
    near = _nearest(kind, kinds, timings)
    if near is None:
        raise ReproError("Not even two images of any of these networks fit on the device; try --device cpu.")
    t, other = timings[near], kinds[near]
    step = full_step(other, t) * kind.flop(kind.batch) / other.flop(other.batch)
    return Rate(step, t.image * kind.macs / other.macs, kind.batch, "extrapolated", None)


def full_step(kind: Kind, timing: Timing) -> float:
    """Seconds of a step of the whole batch: as measured, and for each further image the passes of a training step.

    Multiplying the step of a few images would multiply what it spends on the weights alone, which is most of it.
    """
    return timing.step + (kind.batch - timing.batch) * PASSES * timing.image


def _nearest(kind: Kind, kinds: Mapping[str, Kind], timings: Mapping[str, Timing]) -> str | None:
    """The measured kind whose step is closest in arithmetic, as a ratio."""

    def distance(key: str) -> float:
        return abs(math.log(kinds[key].flop(kinds[key].batch) / kind.flop(kind.batch)))

    return min(timings, key=distance, default=None)


def _rate_near(kind: Kind, kinds: Mapping[str, Kind], timings: Mapping[str, Timing]) -> float:
    """Floating-point operations a second, by the clock, of the closest measured kind."""
    near = _nearest(kind, kinds, timings)
    assert near is not None
    return kinds[near].flop(timings[near].batch) / timings[near].clock


class Cache:
    """Measurements of this machine, kept between calls.

    Args:
        path: the file they are kept in.
        machine: names machine, device, threads and version; measurements of another are not used.
    """

    def __init__(self, path: Path, machine: str) -> None:
        self.path, self.machine, self.new = path, machine, False
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            found = None
        known = found.items() if isinstance(found, dict) else ()
        self.values: dict[str, dict[str, Any]] = {name: kept for name, kept in known if isinstance(kept, dict)}

    def get(self, key: str) -> Timing | None:
        """The kept measurement, if there is one that can be read."""
        try:
            kept = self.values[self.machine][key]
            return Timing(float(kept["step"]), float(kept["image"]), int(kept["batch"]), float(kept["clock"]))
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, key: str, timing: Timing) -> None:
        """Keep a measurement."""
        self.values.setdefault(self.machine, {})[key] = vars(timing)
        self.new = True

    def save(self) -> None:
        """Write what was measured; a folder that cannot be written to is no reason to fail a plan."""
        if not self.new:
            return
        try:
            write_atomic(self.path, json.dumps(self.values, indent=1))
        except OSError:
            return
