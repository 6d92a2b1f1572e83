from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repro.home import run_path
from repro.launch.job import Ended, Job
from repro.registry import load
from repro.single import Asked, plan

Make = Callable[..., Job]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A job that trains a thin LeNet on the embedded digits for some epochs."""

    def job(epochs: int = 3, seed: int = 42, runs: str = "runs", **fields: Any) -> Job:
        sets = ["model.width=0.05", f"phases.train.epochs={epochs}", "phases.train.schedule.milestones=[2]"]
        sets.append("phases.train.methods.prune.options.interval=1")
        asked = Asked(options={"network": "lenet300"}, scale="demo", seed=seed, sets=sets)
        protocol = plan(load("flipout"), asked).protocol
        made = Job(protocol, run_path(tmp_path / runs, protocol), f"seed {seed}", checkpoint_seconds=0.0, device="cpu")
        return replace(made, **fields)

    return job


@pytest.fixture
def all_of() -> Callable[[Iterator[list[Ended]]], dict[int, Ended]]:
    """Every end that an iterator yields, by seed; one end a run."""

    def collect(events: Iterator[list[Ended]]) -> dict[int, Ended]:
        ended = [e for some in events for e in some]
        seeds = [e.job.protocol.seed for e in ended]
        assert len(set(seeds)) == len(seeds)
        return dict(zip(seeds, ended, strict=True))

    return collect


def epochs(job: Job) -> int:
    """Lines of a run's metric stream."""
    path = job.directory / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


@pytest.fixture
def until() -> Callable[[Job, int], int]:
    """Wait for a run's epoch; returns the process that has it."""

    def wait(job: Job, epoch: int) -> int:
        end = time.monotonic() + 60
        while epochs(job) < epoch:
            assert time.monotonic() < end, "the run does not get on"
            time.sleep(0.01)
        return int(json.loads((job.directory / "status.json").read_text())["pid"])

    return wait


@pytest.fixture
def outcome() -> Callable[[Job], dict[str, Any]]:
    """What must be the same of two executions of one run: everything but times and the machine."""

    def read(job: Job) -> dict[str, Any]:
        record = json.loads((job.directory / "record.json").read_text())
        masks = (job.directory / "masks.safetensors").read_bytes()
        rows = [json.loads(line) for line in (job.directory / "metrics.jsonl").read_text().splitlines()]
        for row in rows:
            row.pop("seconds")
        checkpoints = sorted((job.directory / "checkpoint").iterdir())
        weights = (checkpoints[-1] / "tensors.safetensors").read_bytes()
        record["outcome"]["curve"].pop("seconds", None)
        return {"outcome": record["outcome"], "rows": rows, "masks": masks, "weights": weights}

    return read
