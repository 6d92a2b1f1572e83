"""One run to be executed, and how it ended: what passes between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    """

    protocol: Protocol
    directory: Path
    label: str
    data_dir: Path | None = None
    device: str = "auto"
    threads: int = 1
    prefixes: Path | None = None
    checkpoint_seconds: float = 30.0


@dataclass(frozen=True)
class Ended:
    """How a job ended; ``sentence`` says why where it did not finish."""

    job: Job
    state: State
    sentence: str = ""
