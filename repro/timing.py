"""Seconds of one optimiser step and of one evaluated image, measured on random images.

On a CPU that other programs keep busy, an action counts for the processor time it took where that is less than what the
clock says: alone on the machine it takes no longer than that. Counting the clock would multiply a passing load by every
step of a plan.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.protocol import Protocol, Prune, Train

Action = Callable[[], None]
LATER = ("prune",)
"""Components that act between epochs and cost a step nothing."""
MOST_REPEATS = 100
EVALUATING = 1 / 3
"""Share of the time that goes to the evaluation, which is one of the step's three passes."""


@dataclass(frozen=True)
class Timing:
    """Measured seconds.

    Attributes:
        step: of one optimiser step.
        image: of evaluating one image.
        batch: images of the step that was measured.
        clock: of one optimiser step, whatever else the machine did.
    """

    step: float
    image: float
    batch: int
    clock: float


def timed(protocol: Protocol, device: Any, own: Any, batch: int, seconds: float) -> Timing:
    """Measure a protocol's step for about so many seconds; it runs twice however long that takes.

    Args:
        protocol: of the run; its first training phase is measured.
        device: a torch device.
        own: components of its paper.
        batch: images of a step, at least 2; the protocol's own or fewer.
        seconds: to spend.

    Raises:
        RuntimeError: if a batch does not fit on the device, as PyTorch says it there (``repro.launch.shortage``).
    """
    from shared.training.precision import backend

    step, evaluation = _actions(protocol, device, own, batch)
    with backend(protocol.precision, device):
        one, clock = _median(step, device, seconds * (1 - EVALUATING))
        image, _ = _median(evaluation, device, seconds * EVALUATING)
        return Timing(one, image / batch, batch, clock)


def matmul_rate(device: Any, size: int = 768) -> float:
    """Floating-point operations a second of a square product, by the clock: what a device does at its best now."""
    import torch

    a = torch.ones(size, size, device=device)

    def product() -> None:
        torch.mm(a, a)

    _once(product, device)
    return 2 * size**3 / min(_once(product, device)[1] for _ in range(3))


def _actions(protocol: Protocol, device: Any, own: Any, batch: int) -> tuple[Action, Action]:
    """A step and an evaluation of a network that is set up as its run would be."""
    import torch

    from shared.data.imageset import ImageSet
    from shared.data.loader import EpochLoader
    from shared.draws import KeyedDraws
    from shared.models.registry import build
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training import components
    from shared.training.layout import layout
    from shared.training.optim import build_optimizer
    from shared.training.precision import storage_dtype
    from shared.training.state import State
    from shared.training.step import Step, Totals

    spec, side = protocol.model, protocol.model.size
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2 * batch, spec.channels, side, side), dtype=torch.uint8, generator=generator)
    labels = torch.arange(2 * batch) % spec.classes
    images = ImageSet(pixels, labels, spec.classes).to(device)
    draws, dtype = KeyedDraws(0), storage_dtype(protocol.precision)
    model = build(spec, generator).to(device=device, dtype=dtype)
    lies = layout(model, device)
    model = model.to(memory_format=lies)
    # Decoding and cropping pictures is the work of other processes, and no part of a step.
    data = protocol.data.model_copy(
        update={"augment": tuple(a for a in protocol.data.augment if not a.on_pictures), "shorter_side": None}
    )
    loader = EpochLoader(images, data, draws, batch, dtype=dtype, train=True, memory_format=lies)
    state = State(protocol, model, Masks(prunable_parameters(model, protocol.prunable)), draws, device)
    if any(isinstance(phase, Prune) for phase in protocol.phases):
        state.kept |= {f"frozen/{n}": torch.ones_like(p) for n, p in state.masks.parameters.items()}
    train = first_training(protocol)
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

    return one_step, one_evaluation


def first_training(protocol: Protocol) -> Train:
    """The training phase whose steps are measured; runs that only prune step nothing."""
    return next((p for p in protocol.phases if isinstance(p, Train)), Train(epochs=1))


def _median(action: Action, device: Any, seconds: float) -> tuple[float, float]:
    """Median seconds of an action after a warm-up, and by the clock; it runs twice at least."""
    _once(action, device)
    times: list[tuple[float, float]] = []
    started = time.perf_counter()
    while not times or (time.perf_counter() - started < seconds and len(times) < MOST_REPEATS):
        times.append(_once(action, device))
    return statistics.median(t for t, _ in times), statistics.median(clock for _, clock in times)


def _once(action: Action, device: Any) -> tuple[float, float]:
    """Seconds of an action, and by the clock."""
    import torch

    started, used = time.perf_counter(), time.process_time()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        clock = time.perf_counter() - started
        return clock, clock
    clock = time.perf_counter() - started
    return min(clock, time.process_time() - used), clock
