"""What was asked for, turned into runs: scale, seeds, directories, jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repro import home
from repro.launch.job import Ended, Job
from repro.planning import Run, experiments_for, parse_seeds, runs_for
from repro.scale import Choice, choose
from shared.claims import Table
from shared.errors import ReproError, unknown
from shared.paper import Paper
from shared.protocol import Precision

HEAVY_MACS = 30_000_000
"""Forward multiply-adds per sample from which one run makes use of all cores of a machine."""


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    paper: Paper
    table: Table
    scale: str = "auto"
    seeds: str | None = None
    data_dir: Path | None = None
    runs_dir: Path | None = None
    device: str = "auto"
    precision: str | None = None
    jobs: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A request turned into runs."""

    request: Request
    choice: Choice
    seeds: tuple[int, ...]
    runs_dir: Path
    runs: tuple[Run, ...]

    @property
    def left(self) -> list[Run]:
        """Runs that have no record yet."""
        return [r for r in self.runs if r.state != "done"]


def prepare(request: Request) -> Prepared:
    """Choose scale and seeds, and list the runs.

    Raises:
        ReproError: for a scale, seed or precision that cannot be, or data that are missing.
    """
    paper, table = request.paper, request.table
    experiments = experiments_for(table)
    choice = choose(paper, table, request.scale, experiments, request.data_dir)
    seeds = parse_seeds(request.seeds, table.seeds)
    runs_dir = home.runs_dir(request.runs_dir)
    runs = runs_for(paper, table, choice.scale, seeds, runs_dir)
    if request.precision is not None:
        runs = [with_precision(r, request.precision, runs_dir) for r in runs]
    return Prepared(request, choice, seeds, runs_dir, tuple(runs))


def with_precision(run: Run, precision: str, runs_dir: Path) -> Run:
    """The same run at another precision: another identity, and an immaterial deviation."""
    from dataclasses import replace
    from typing import get_args

    from repro.planning import state_of

    if precision not in get_args(Precision):
        raise unknown("precision", precision, get_args(Precision))
    protocol = run.protocol.with_(precision=precision)
    directory = home.run_path(runs_dir, protocol)
    return replace(run, protocol=protocol, directory=directory, state=state_of(directory))


def check(prepared: Prepared) -> None:
    """Fail early, in one sentence, where runs that are left cannot run: folder, device or data.

    Raises:
        ReproError: naming what is wrong and what to do.
        MissingDataError: naming what is missing and what to do.
    """
    from repro.doctor import unwritable

    if not prepared.left:
        return
    if reason := unwritable(prepared.runs_dir):
        raise ReproError(f"{prepared.runs_dir} cannot be written to ({reason}); choose another --runs-dir.")
    check_device(prepared.request.device)
    from shared.data.places import roots
    from shared.data.sources import load, present

    roots(prepared.request.data_dir)  # a folder that was named must exist, even where no data are read from it
    for data in {r.protocol.data.name: r.protocol.data for r in prepared.left}.values():
        if not present(data, prepared.request.data_dir):
            load(data, prepared.request.data_dir)  # raises the sentence


def check_device(device: str) -> None:
    """Refuse a device that does not exist here, before a worker finds out.

    Raises:
        ReproError: naming one that does.
    """
    from repro.scale import has_cuda

    if device in ("auto", "cpu"):
        return
    if device.startswith("cuda") and not has_cuda():  # known without importing PyTorch
        raise ReproError(f"device {device!r} is not available here; use --device cpu.")
    from shared.training.engine import device_named

    device_named(device)


def jobs_for(prepared: Prepared) -> tuple[list[Job], int]:
    """The jobs that are left, and how many to run at a time.

    On a CPU small networks get one thread each and run side by side; large ones use all cores one after the other.
    """
    from repro.launch.pool import cores
    from repro.workload import forward_macs

    request = prepared.request
    heavy = any(forward_macs(r.protocol.model) > HEAVY_MACS for r in prepared.left)
    on_gpu = request.device.startswith("cuda") or (request.device == "auto" and _gpu())
    workers = request.jobs or (1 if heavy or on_gpu else cores())
    workers = max(1, min(workers, len(prepared.left)))
    threads = max(1, cores() // workers) if heavy else 1
    prefixes = prepared.runs_dir / "beginnings"
    return [
        Job(r.protocol, r.directory, r.label, request.data_dir, request.device, threads, prefixes)
        for r in prepared.left
    ], workers


def _gpu() -> bool:
    from repro.scale import has_cuda

    return has_cuda()


def execute(prepared: Prepared) -> Iterator[list[Ended]]:
    """Execute what is left; see ``repro.launch.pool.run_all``.

    Runs that another process has are waited for: a verdict on the others alone would be one on seeds nobody chose.
    """
    from repro.launch.pool import run_all

    jobs, workers = jobs_for(prepared)
    yield from run_all(jobs, workers, patient=True)
