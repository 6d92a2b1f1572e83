"""One run to be executed, and how it ended: what passes between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from repro.launch.processes import Launch
from shared.protocol import Protocol

State = Literal["finished", "diverged", "interrupted", "failed"]


@dataclass(frozen=True)
class Job:
    """A run and where it lives.

    Attributes:
        protocol: what to run.
        directory: its run directory.
        label: for people, e.g. ``VGG19, FlipOut, 99.9 %, seed 42``.
        data_dir: where data are looked for first.
        device: ``auto``, ``cpu``, ``cuda``...
        threads: CPU threads of the process.
        prefixes: where common beginnings are shared.
        checkpoint_seconds: shortest time between two checkpoints.
        deadline: seconds since 1970 by which it must have left, after a checkpoint.
        launch: which of several processes this is that train the run together; ``None``: the only one.
    """

    protocol: Protocol
    directory: Path
    label: str
    data_dir: Path | None = None
    device: str = "auto"
    threads: int = 1
    prefixes: Path | None = None
    checkpoint_seconds: float = 30.0
    deadline: float | None = None
    launch: Launch | None = None


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        job: what was to be run.
        state: how it ended.
        sentence: why, where it did not finish.
        again: whether a second attempt may end otherwise (a crash, a killed process), or would be refused alike.
        busy: whether it failed because another process has the run.
        attempts: how often it was tried.
    """

    job: Job
    state: State
    sentence: str = ""
    again: bool = False
    busy: bool = False
    attempts: int = 1
