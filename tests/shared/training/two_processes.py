"""A program, not a test: what each of two processes does that train together.

Usage: ``python two_processes.py FOLDER``, with ``RANK``, ``WORLD_SIZE``, ``MASTER_ADDR`` and ``MASTER_PORT`` set.
Writes ``FOLDER/found-RANK.pt``.
"""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from papers.flipout.components import COMPONENTS
from shared.data.batch import Batch, Part
from shared.data.imageset import ImageSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.models.dropout import DrawnDropout
from shared.protocol import Augment, Data, Method, Model, Optimizer, Protocol, Prune, Rewind, Train
from shared.training.engine import Engine
from shared.training.follower import Follower
from shared.training.gradient_sum import GradientSum
from shared.training.layout import layout
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup
from shared.training.state import State
from shared.training.stop import Stop, Stopped
from shared.training.whole_batch import spread, training_on
from shared.training.world import DisagreementError, World

IMAGES, BATCH, EPOCHS, HELD = 37, 16, 4, 11
"""Two batches and a third of five images, of which one process has two; an epoch is chosen on the first ``HELD``."""
FLIPOUT = (
    Method(name="mask-gradients"),
    Method(name="gradient-noise", options={"scale": 1.0}),
    Method(name="count-flips"),
    Method(name="hoyer-square", options={"strength": 1e-5}),
    Method(name="prune", options={"criterion": "flipout", "fraction": 0.5, "interval": 2}),
)


def protocol() -> Protocol:
    """Train, score with SNIP, rewind, train with FlipOut: noise, counters, a penalty, prunings."""
    optimizer = Optimizer(lr=0.02, momentum=0.9, weight_decay=5e-4)
    return Protocol(
        paper="flipout",
        model=Model(name="resnet18", width=0.0625, channels=1, size=8, classes=100),
        data=Data(
            name="random",
            mean=(0.5,),
            std=(0.25,),
            augment=(Augment(kind="pad-crop", padding=1),),
            val_size=HELD,
            select_on="val",
        ),
        phases=(
            Train(name="dense", epochs=1, batch_size=BATCH, optimizer=optimizer),
            Prune(method=Method(name="snip", options={"sparsity": 0.3, "variant": "corrected"})),
            Rewind(phase="dense", epoch=1, optimizer=True),
            Train(epochs=EPOCHS, batch_size=BATCH, optimizer=optimizer, methods=FLIPOUT),
        ),
        precision="float64",
        seed=42,
    )


def setup() -> Setup:
    """A thin residual network and random images, in float64."""
    from shared.models.registry import build

    plan = protocol()
    labels = torch.arange(IMAGES) % 10
    pixels = torch.randint(0, 100, (IMAGES, 1, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    pixels[torch.arange(IMAGES), 0, labels % 8, labels // 2] = 255
    draws = KeyedDraws(plan.seed)
    model = build(plan.model, draws.generator("initial-weights", (0, 0, 0))).double()
    how: dict[str, Any] = {"dtype": torch.float64, "memory_format": layout(model, torch.device("cpu"))}
    model = model.to(memory_format=how["memory_format"])
    train, test = (
        EpochLoader(ImageSet(pixels, labels, 10), plan.data, draws, BATCH, train=train, **how)
        for train in (True, False)
    )
    held_out = EpochLoader(ImageSet(pixels[:HELD], labels[:HELD], 10), plan.data, draws, BATCH, train=False, **how)
    return Setup(model, train, test, IMAGES, draws, torch.device("cpu"), eval_batch=10, selection=held_out)


def engine(folder: Path, world: World, *observers: Component, stop: Stop | None = None) -> Engine:
    """The run in a folder, with a checkpoint after every epoch."""
    directory = RunDirectory(folder) if world.leads else Follower(folder)
    options: dict[str, Any] = {"checkpoint_seconds": 0.0, "own": COMPONENTS, "observers": observers}
    return Engine(protocol(), setup(), directory, world=world, stop=stop, **options)


def outcome(run: Engine) -> dict[str, Any]:
    """Everything that two runs are compared by."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in run.rows]
    masks = {name: live.clone() for name, live in run.state.masks.live.items()}
    return {"rows": rows, "weights": run.state.model.state_dict(), "masks": masks, "extra": run.extra}


class Cut(Component):
    """The end of a process after the second step of an epoch."""

    steps = 0

    def after_batch(self, state: State) -> None:
        self.steps += len(state.protocol.phases[-1].methods) > 0 and state.epoch == 3
        if self.steps == 2:
            raise KeyboardInterrupt


class Odd(Component):
    """A mistake of one process: a weight that the others do not have."""

    def after_epoch(self, state: State) -> None:
        next(iter(state.masks.parameters.values())).data.view(-1)[0] += 1e-9


def interrupted(folder: Path, world: World) -> dict[str, Any]:
    """A run that is cut in the middle of an epoch and continued."""
    with suppress(KeyboardInterrupt):
        engine(folder, world, Cut()).run()
    done = len(RunDirectory(folder).rows())
    again = engine(folder, world)
    again.run()
    return {"done": done, **outcome(again)}


def asked_to_stop(folder: Path, world: World) -> str:
    """One process is asked to leave, the other is not."""
    stop = Stop()
    stop.asked = not world.leads
    try:
        engine(folder, world, stop=stop).run()
    except Stopped as stopped:
        return str(stopped)
    return ""


def disagreeing(folder: Path, world: World) -> str:
    """The second process goes its own way."""
    try:
        engine(folder, world, *([] if world.leads else [Odd()])).run()
    except DisagreementError as error:
        return str(error)
    return ""


def layers() -> nn.Sequential:
    """Every layer that depends on the whole batch."""
    drawn = DrawnDropout(0.4)
    drawn.noise = torch.randn(7, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, momentum=None), nn.Flatten(), nn.Linear(12, 5),
        nn.BatchNorm1d(5), nn.Dropout(0.3), drawn, nn.Linear(5, 4),
    )  # fmt: skip


def few_layers() -> nn.Sequential:
    """Layers that can be trained on a single image."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))


def compared(world: World, make: Callable[[], nn.Sequential], n: int) -> dict[str, float]:
    """How far a network on a part of ``n`` images is from itself on all of them: forward, backward, statistics."""
    torch.manual_seed(0)
    whole = make().double()
    x, y = torch.randn(n, 2, 4, 4, dtype=torch.float64), torch.arange(n) % 4
    part = copy.deepcopy(whole)
    rows, sums = spread(part, world), GradientSum(list(part.parameters()), bucket_bytes=300)
    assert len(sums.buckets) > 1
    one, mine = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.manual_seed(5)
    logits = whole(one)
    F.cross_entropy(logits, y).backward()
    torch.manual_seed(5)
    batch, at = Batch(mine, y).part(world.part), world.part.rows(n)
    sums.begin()
    with training_on(rows, batch):
        parts = part(batch.images)
    (F.cross_entropy(parts, batch.labels, reduction="sum") / n).backward()
    sums.finish()
    found = {"logits": far(parts, logits[at]), "images": far(mine.grad[at], one.grad[at])}
    found |= {
        f"{i}": far(p.grad, q.grad) for i, (p, q) in enumerate(zip(part.parameters(), whole.parameters(), strict=True))
    }
    found |= {k: far(b, c) for (k, b), c in zip(part.named_buffers(), whole.buffers(), strict=True)}
    torch.manual_seed(6)
    outside = part(x)  # not in a step: an ordinary network
    torch.manual_seed(6)
    return found | {"outside": far(outside, whole(x))}


def far(a: Tensor, b: Tensor) -> float:
    """The largest difference."""
    assert a.shape == b.shape
    return float((a.double() - b.double()).detach().abs().sum())


def main(folder: Path) -> None:
    """All of it, one after the other."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    world = World(dist.get_rank(), dist.get_world_size())
    assert world.part == Part(world.rank, 2)
    found: dict[str, Any] = {"layers": compared(world, layers, 7), "single": compared(world, few_layers, 1)}
    run = engine(folder / "whole", world)
    run.run()
    found["whole"] = outcome(run)
    steps: dict[str, Callable[[Path, World], Any]] = {
        "cut": interrupted, "stopped": asked_to_stop, "odd": disagreeing,
    }  # fmt: skip
    for name, step in steps.items():
        found[name] = step(folder / name, world)
    torch.save(found, folder / f"found-{world.rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    assert "MASTER_PORT" in os.environ
    main(Path(sys.argv[1]))
