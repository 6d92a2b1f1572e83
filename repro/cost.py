"""What runs cost on this machine: a few real steps are measured, the rest is arithmetic."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.data.sizes import SIZES
from shared.protocol import Protocol, Prune, Train, canonical, digest
from shared.training.rundir import write_atomic

if TYPE_CHECKING:
    from repro.request import Prepared

MEASURE_SECONDS = 2.0
LATER = ("prune",)


@dataclass(frozen=True)
class Line:
    """The runs of one experiment: how many are left, and seconds for one of them."""

    experiment: str
    title: str
    runs: int
    left: int
    seconds: float
    steps: int
    step_seconds: float


@dataclass(frozen=True)
class Estimate:
    """Cost of a plan. ``seconds_left`` is wall-clock time with ``workers`` runs at a time."""

    lines: tuple[Line, ...]
    workers: int
    device: str

    @property
    def seconds_left(self) -> float:
        """Wall-clock time for what is left."""
        return sum(line.left * line.seconds for line in self.lines) / self.workers

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "device": self.device,
            "workers": self.workers,
            "seconds_left": self.seconds_left,
            "experiments": [vars(line) for line in self.lines],
        }


def estimate(prepared: Prepared) -> Estimate:
    """Measure each distinct kind of step once and extrapolate to every run of the plan."""
    import torch

    from repro.registry import load
    from repro.request import jobs_for
    from shared.training.engine import device_named

    jobs, workers = jobs_for(prepared)
    threads = jobs[0].threads if jobs else 1
    device = device_named(prepared.request.device)
    known = Cache(prepared.runs_dir / "cost.json", f"{platform.node()}/{_name(device)}/{threads}/{torch.__version__}")
    own = load(prepared.request.paper.name).components
    lines = []
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for experiment in dict.fromkeys(r.experiment for r in prepared.runs):
            runs = [r for r in prepared.runs if r.experiment == experiment]
            protocol = runs[0].protocol

            def measure(protocol: Protocol = protocol) -> dict[str, float]:
                return measured(protocol, device, own)

            per = known.get(shape_key(protocol), measure)
            steps = steps_of(protocol)
            seconds = steps * per["step"] + evaluations(protocol) * per["image"]
            left = sum(r.state != "done" for r in runs)
            lines.append(Line(experiment, runs[0].title, len(runs), left, seconds, steps, per["step"]))
    finally:
        torch.set_num_threads(before)
    known.save()
    return Estimate(tuple(lines), workers, _name(device))


def training_images(protocol: Protocol) -> int:
    """Images of a training epoch."""
    data = protocol.data
    full = data.per_class * protocol.model.classes if data.per_class else SIZES.get(data.name, (0, 0))[0]
    return full - data.val_size


def evaluated_images(protocol: Protocol) -> int:
    """Images of one evaluation."""
    data = protocol.data
    if data.evaluate_on == "val":
        return data.val_size
    return data.test_per_class * protocol.model.classes if data.test_per_class else SIZES.get(data.name, (0, 0))[1]


def steps_of(protocol: Protocol) -> int:
    """Optimiser steps of a run."""
    images = training_images(protocol)
    return sum(p.epochs * -(-images // p.batch_size) for p in protocol.phases if isinstance(p, Train))


def evaluations(protocol: Protocol) -> int:
    """Images evaluated over a run: once an epoch, and once more after each pruning."""
    from shared.sparsity.schedule import prune_epochs

    prunings = 0
    for phase in protocol.phases:
        for method in phase.methods if isinstance(phase, Train) else ():
            if isinstance(phase, Train) and "interval" in method.options:
                stop = method.options.get("stop_epoch")
                interval = int(str(method.options["interval"]))
                prunings += len(prune_epochs(phase.epochs, interval, int(str(stop)) if stop else None))
    return (protocol.epochs + prunings) * evaluated_images(protocol)


def shape_key(protocol: Protocol) -> str:
    """Equal for protocols whose steps cost the same."""
    train = next((p for p in protocol.phases if isinstance(p, Train)), Train(epochs=1))  # prune-only runs step nothing
    plan = {
        "model": canonical(protocol.model),
        "precision": protocol.precision,
        "augment": [canonical(a) for a in protocol.data.augment],
        "optimizer": train.optimizer.name,
        "batch": train.batch_size,
        "methods": [canonical(m) for m in train.methods if m.name not in LATER],
    }
    return digest(plan)[:16]


def measured(protocol: Protocol, device: Any, own: Any) -> dict[str, float]:
    """Seconds of one optimiser step and of evaluating one image, on random images; medians after a warm-up."""
    import torch

    from shared.data.imageset import ImageSet
    from shared.data.loader import EpochLoader
    from shared.draws import KeyedDraws
    from shared.models.registry import build
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training import components
    from shared.training.optim import build_optimizer
    from shared.training.precision import backend, storage_dtype
    from shared.training.setup import LAYOUT, batch_size
    from shared.training.state import State
    from shared.training.step import Step, Totals

    model_spec, side, size = protocol.model, protocol.model.size, batch_size(protocol)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2 * size, model_spec.channels, side, side), dtype=torch.uint8, generator=generator)
    labels = torch.arange(2 * size) % model_spec.classes
    images = ImageSet(pixels, labels, model_spec.classes).to(device)
    draws, dtype, layout = KeyedDraws(0), storage_dtype(protocol.precision), LAYOUT
    model = build(model_spec, generator).to(device=device, dtype=dtype).to(memory_format=layout)
    loader = EpochLoader(images, protocol.data, draws, size, dtype=dtype, train=True, memory_format=layout)
    state = State(protocol, model, Masks(prunable_parameters(model, protocol.prunable)), draws, device)
    for phase in protocol.phases:
        if isinstance(phase, Prune):
            ones = {f"frozen/{n}": torch.ones_like(p) for n, p in state.masks.parameters.items()}
            state.kept |= ones
    train = next((p for p in protocol.phases if isinstance(p, Train)), Train(epochs=1))  # prune-only runs step nothing
    state.phase, state.epoch = train, 1
    state.optimizer = build_optimizer(train.optimizer, state.parameters)
    method = components.build(tuple(m for m in train.methods if m.name not in LATER), own)
    for component in method:
        component.start(state)
    step = Step(state, method, Totals.zeros(device))
    batches = list(loader.epoch(1))

    def one_step() -> None:
        state.step += 1
        step.draw()
        step(batches[state.step % 2])

    def one_evaluation() -> None:
        with torch.no_grad():
            model.eval()(batches[0].images)
            model.train()

    with backend(protocol.precision, device):
        return {"step": _median(one_step, device), "image": _median(one_evaluation, device) / size}


def _median(action: Callable[[], None], device: Any) -> float:
    """Median seconds of an action, after one warm-up: for about two seconds, and at least three times if that is quick.

    An action of more than a second is measured twice: it varies little, and a plan must not take longer than a coffee.
    """
    times: list[float] = []
    least = 3 if _once(action, device) < 1 else 2
    started = time.perf_counter()
    while len(times) < least or (time.perf_counter() - started < MEASURE_SECONDS and len(times) < 100):
        times.append(_once(action, device))
    return statistics.median(times)


def _once(action: Callable[[], None], device: Any) -> float:
    import torch

    started = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _name(device: Any) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} CPU"


class Cache:
    """Measurements of this machine, kept between calls.

    Args:
        path: the file they are kept in.
        machine: names machine, device, threads and version; measurements of another are not used.
    """

    def __init__(self, path: Path, machine: str) -> None:
        self.path, self.machine = path, machine
        try:
            self.values: dict[str, dict[str, dict[str, float]]] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.values = {}

    def get(self, key: str, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """The kept measurement, or a new one."""
        mine = self.values.setdefault(self.machine, {})
        if key not in mine:
            mine[key] = measure()
        return mine[key]

    def save(self) -> None:
        """Keep what was measured; a folder that cannot be written to is no reason to fail a plan."""
        try:
            write_atomic(self.path, json.dumps(self.values, indent=1))
        except OSError:
            return
