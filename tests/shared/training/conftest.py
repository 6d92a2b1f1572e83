"""Tiny runs for the tests of the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from papers.flipout.components import COMPONENTS
from shared.data.imageset import ImageSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.protocol import Augment, Data, Method, Model, Optimizer, Protocol, Schedule, Train
from shared.training.engine import Engine
from shared.training.layout import layout
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup

FLIPOUT = (
    Method(name="mask-gradients"),
    Method(name="gradient-noise", options={"scale": 1.0}),
    Method(name="count-flips"),
    Method(name="prune", options={"criterion": "flipout", "fraction": 0.5, "interval": 2}),
)


def protocol(**changes: Any) -> Protocol:
    """A FlipOut run of a thin convolutional network on random images."""
    train = Train(
        epochs=6,
        batch_size=16,
        optimizer=Optimizer(lr=0.05, momentum=0.9, weight_decay=5e-4),
        schedule=Schedule(kind="multistep", milestones=(3, 5)),
        methods=FLIPOUT,
    )
    base = Protocol(
        paper="flipout",
        model=Model(name="resnet18", width=0.0625, channels=1, size=8),
        data=Data(name="random", mean=(0.5,), std=(0.25,), augment=(Augment(kind="pad-crop", padding=1),)),
        phases=(train,),
        seed=42,
    )
    return base.with_(**changes)


def setup(plan: Protocol, device: str = "cpu", images: int = 70) -> Setup:
    """The network and random images with a learnable pattern."""
    from shared.models.registry import build

    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(images) % 10
    pixels = torch.randint(0, 100, (images, 1, 8, 8), generator=generator, dtype=torch.uint8)
    pixels[torch.arange(images), 0, labels % 8, labels // 2] = 255
    examples = ImageSet(pixels, labels, 10).to(device)
    draws = KeyedDraws(plan.seed)
    place = torch.device(device)
    model = build(plan.model, draws.generator("initial-weights", (0, 0, 0))).to(place)
    lies = layout(model, place)
    model = model.to(memory_format=lies)
    train = EpochLoader(examples, plan.data, draws, 16, train=True, memory_format=lies)
    test = EpochLoader(examples, plan.data, draws, 16, train=False, memory_format=lies)
    held_out = examples.subset(torch.arange(0, images, 3, device=place)) if plan.data.select_on else None
    selection = held_out and EpochLoader(held_out, plan.data, draws, 16, train=False, memory_format=lies)
    return Setup(model, train, test, images, draws, place, eval_batch=32, selection=selection)


@pytest.fixture
def make_engine(tmp_path: Path) -> Callable[..., Engine]:
    """Build an engine; ``folder`` names its directory, further options go to the engine."""

    def make(plan: Protocol | None = None, folder: str = "run", device: str = "cpu", **options: Any) -> Engine:
        plan = plan or protocol()
        options.setdefault("own", COMPONENTS)
        return Engine(plan, setup(plan, device), RunDirectory(tmp_path / folder), **options)

    return make


def fingerprint(engine: Engine) -> dict[str, Any]:
    """Everything that must be bit-identical between two runs: weights, buffers, masks, flip counters, metrics."""
    tensors = {f"model/{k}": v for k, v in engine.state.model.state_dict().items()}
    tensors |= {f"mask/{k}": v for k, v in engine.state.masks.live.items()}
    tensors |= {f"flips/{k}": v for k, v in engine.state.signals.get("flips", {}).items()}
    rows = [{k: v for k, v in r.items() if k != "seconds"} for r in engine.rows]
    return {"rows": rows} | {k: v.detach().cpu().numpy().tobytes() for k, v in tensors.items()}


@pytest.fixture
def tiny() -> Callable[..., Protocol]:
    """``protocol`` of this file."""
    return protocol


@pytest.fixture
def print_of() -> Callable[[Engine], dict[str, Any]]:
    """``fingerprint`` of this file."""
    return fingerprint
