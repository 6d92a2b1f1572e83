"""What runs cost on this machine: a few real steps are measured within some seconds, the rest is arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from repro.workload import evaluated_images, evaluations, phase_steps, steps_of
from shared.protocol import Protocol, Train

if TYPE_CHECKING:
    from repro.planning import Run
    from repro.rates import Rate
    from repro.request import Prepared

Basis = Literal["measured", "scaled", "extrapolated"]
BUSY = 1.5
"""Load of a core from which a measurement says more about the other programs than about the run."""


@dataclass(frozen=True)
class Line:
    """The runs of one experiment: how many are left, and seconds for one of them.

    Attributes:
        basis: ``measured`` (its own step), ``scaled`` (a step of fewer images) or ``extrapolated`` (no step of its
            own: multiply-adds counted, at the rate of a step that was measured).
        batch: images of a step.
        measured_batch: images of the step that was measured; ``None`` where none was.
    """

    experiment: str
    title: str
    runs: int
    left: int
    seconds: float
    steps: int
    step_seconds: float
    basis: Basis = "measured"
    batch: int = 0
    measured_batch: int | None = None


@dataclass(frozen=True)
class Estimate:
    """Cost of a plan.

    Attributes:
        workers: runs at a time.
        shared_seconds: what is not spent because several of the runs begin with the same training, which is done once.
        load_per_core: programs that wanted each core in the minute before; 0 where the system does not say.
    """

    lines: tuple[Line, ...]
    workers: int
    device: str
    shared_seconds: float = 0.0
    load_per_core: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether other work on this machine made the measurements too long."""
        return self.load_per_core > BUSY

    @property
    def seconds_left(self) -> float:
        """Wall-clock time for what is left, with ``workers`` runs at a time."""
        return (sum(line.left * line.seconds for line in self.lines) - self.shared_seconds) / self.workers

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "device": self.device,
            "workers": self.workers,
            "seconds_left": self.seconds_left,
            "shared_seconds": self.shared_seconds,
            "load_per_core": self.load_per_core,
            "experiments": [vars(line) for line in self.lines],
        }


def estimate(prepared: Prepared) -> Estimate:
    """Measure steps of the networks that the plan's time goes to, and extrapolate to every run of it."""
    import platform

    import torch

    from repro.device import device_name
    from repro.rates import Cache, rates_of
    from repro.registry import load
    from repro.request import jobs_for
    from shared.training.engine import device_named

    jobs, workers = jobs_for(prepared)
    threads = jobs[0].threads if jobs else 1
    device = device_named(prepared.request.device)
    name = device_name(device)
    known = Cache(prepared.runs_dir / "cost.json", f"{platform.node()}/{name}/{threads}/{torch.__version__}")
    own = load(prepared.request.paper.name).components
    groups: dict[str, list[Run]] = {}
    for run in prepared.runs:
        groups.setdefault(run.experiment, []).append(run)
    left = {e: sum(r.state != "done" for r in runs) for e, runs in groups.items()}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        rates = rates_of({e: (runs[0].protocol, left[e]) for e, runs in groups.items()}, device, own, known)
    finally:
        torch.set_num_threads(before)
    busy = load_per_core()
    if busy <= BUSY:
        known.save()
    lines = tuple(_line(e, runs, left[e], rates[e]) for e, runs in groups.items())
    return Estimate(lines, workers, name, shared_seconds(prepared.left, rates), busy)


def load_per_core() -> float:
    """Programs that wanted each core over the last minute; 0 where the system does not say."""
    import os

    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0


def _line(experiment: str, runs: list[Run], left: int, rate: Rate) -> Line:
    protocol = runs[0].protocol
    steps = steps_of(protocol)
    seconds = steps * rate.step + evaluations(protocol) * rate.image
    return Line(
        experiment,
        runs[0].title,
        len(runs),
        left,
        seconds,
        steps,
        rate.step,
        rate.basis,
        rate.batch,
        rate.measured_batch,
    )


def shared_seconds(runs: list[Run], rates: Mapping[str, Rate]) -> float:
    """Seconds of first trainings that another of these runs does already (``shared.training.whole``)."""
    from shared.training.whole import sharable, whole_key

    seen: set[str] = set()
    saved = 0.0
    for run in runs:
        if not sharable(run.protocol, 0):
            continue
        key = whole_key(run.protocol)
        if key in seen:
            saved += _first_seconds(run.protocol, rates[run.experiment])
        seen.add(key)
    return saved


def _first_seconds(protocol: Protocol, rate: Rate) -> float:
    first = protocol.phases[0]
    assert isinstance(first, Train)
    return phase_steps(protocol, first) * rate.step + first.epochs * evaluated_images(protocol) * rate.image
