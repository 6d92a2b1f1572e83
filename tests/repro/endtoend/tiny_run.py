"""A program, not a test: one short FlipOut run on the digits, which kills itself if it is told to.

Usage: ``python tiny_run.py FOLDER [STEP]``; with STEP the process ends there by SIGKILL, in the middle of an epoch.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from repro.launch.execute import execute
from repro.launch.job import Job
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Schedule, Train

EPOCHS, STEPS = 6, 7
"""Epochs, and steps of each: 200 images in batches of 32."""

FLIPOUT = (
    Method(name="mask-gradients"),
    Method(name="gradient-noise", options={"scale": 1.0}),
    Method(name="count-flips"),
    Method(name="prune", options={"criterion": "flipout", "fraction": 0.5, "interval": 2}),
)


def protocol(seed: int = 42) -> Protocol:
    """A thin ResNet with momentum, decay, noise, flip counters, two prunings and two learning-rate steps."""
    train = Train(
        epochs=EPOCHS,
        batch_size=32,
        optimizer=Optimizer(lr=0.05, momentum=0.9, weight_decay=5e-4),
        schedule=Schedule(kind="multistep", milestones=(3, 5)),
        methods=FLIPOUT,
    )
    return Protocol(
        paper="flipout",
        scale="demo",
        model=Model(name="resnet18", width=0.0625, channels=1, size=8),
        data=Data(name="digits", mean=(0.3,), std=(0.37,), per_class=20),
        phases=(train,),
        seed=seed,
    )


def job(folder: Path, seed: int = 42, **options: Any) -> Job:
    """The run in a folder, with a checkpoint after every epoch."""
    return Job(protocol(seed), folder, f"tiny, seed {seed}", device="cpu", checkpoint_seconds=0.0, **options)


def die_at(step: int) -> None:
    """From now on this process does not survive a step."""
    from shared.training.step import Step

    inner = Step.__call__

    def fatal(self: Step, batch: Any) -> None:
        inner(self, batch)
        if self.state.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Step.__call__ = fatal  # type: ignore[method-assign]


def keep_flips(folder: Path) -> None:
    """Leave the flip counters at the end of the run in a file; no other file holds them once a phase is over."""
    from safetensors.torch import save_file

    from shared.training import outcome

    inner = outcome.summarise

    def summarise(engine: Any, status: str) -> dict[str, Any]:
        flips = {name: counts.contiguous() for name, counts in engine.state.signals["flips"].items()}
        save_file(flips, folder / "flips.safetensors")
        return inner(engine, status)

    outcome.summarise = summarise


if __name__ == "__main__":
    place = Path(sys.argv[1])
    keep_flips(place)
    if len(sys.argv) > 2:
        die_at(int(sys.argv[2]))
    ended = execute(job(place, prefixes=place.parent / "beginnings"))
    print(ended.state, ended.sentence)
