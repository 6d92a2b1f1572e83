"""What ``repro sweep`` does, without a screen: many runs of a paper, by table, experiment, grid or queue."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro import home
from repro.launch.job import Ended, Job
from repro.planning import Run, experiments_for, in_order, parse_seeds, state_of
from repro.request import Prepared, Request, jobs_for, with_precision
from repro.scale import Choice, choose
from repro.single import Asked
from shared.claims import Table
from shared.errors import ReproError, unknown
from shared.paper import Paper

if TYPE_CHECKING:
    from repro.evidence.record import Record
    from repro.launch.grid import Combination

SEEDS = (42, 43, 44)
PLACES = ("local", "ray")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was typed after ``repro sweep PAPER``: what to run, and how.

    Attributes:
        tables, experiments: names; experiments may hold ``*``. Neither, nor a grid: all tables.
        grid: ``name=value,value`` each.
        queue: a file of grids, one a line.
        scale, seeds, precision, sets: of every run; ``sets`` only for grids.
        data_dir, runs_dir, device, jobs, threads, per_gpu: the machine; ``per_gpu`` runs share one GPU.
        options, variant, checks: of every run of a grid, where a combination does not say otherwise.
    """

    tables: Sequence[str] = ()
    experiments: Sequence[str] = ()
    grid: Sequence[str] = ()
    queue: Path | None = None
    scale: str = "auto"
    seeds: str | None = None
    precision: str | None = None
    sets: Sequence[str] = ()
    data_dir: Path | None = None
    runs_dir: Path | None = None
    device: str = "auto"
    jobs: int | None = None
    threads: int | None = None
    per_gpu: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    checks: Sequence[str] = ()


def prepare(paper: Paper, wanted: Wanted) -> Prepared:
    """List the runs, each once; those sharing a beginning in the order that lets them share it.

    Raises:
        ReproError: for names, seeds, scales or combinations that cannot be.
    """
    from repro.launch.grid import combinations, queue

    grid = [*combinations(wanted.grid), *(queue(wanted.queue) if wanted.queue else [])]
    named = bool(wanted.tables or wanted.experiments)
    if grid and named:
        raise ReproError("Use --grid and --queue, or --table and --experiment; a grid is no part of a table.")
    if wanted.sets and not grid:
        raise ReproError("--set changes the runs of a --grid or --queue; those of tables stay as published.")
    choice, runs = _combined(paper, wanted, grid) if grid else _published(paper, wanted)
    once = {r.protocol.identity: r for r in reversed(runs)}
    seeds = tuple(dict.fromkeys(r.seed for r in runs))
    request = Request(
        paper,
        Table(id="sweep", title="what was asked for", claims=()),
        choice.scale,
        wanted.seeds,
        wanted.data_dir,
        wanted.runs_dir,
        wanted.device,
        wanted.precision,
        wanted.jobs,
    )
    return Prepared(request, choice, seeds, home.runs_dir(wanted.runs_dir), tuple(in_order(reversed(once.values()))))


def _published(paper: Paper, wanted: Wanted) -> tuple[Choice, list[Run]]:
    """Runs of the paper's own experiments."""
    tables = [paper.table(t) for t in wanted.tables]
    if not tables and not wanted.experiments:
        tables = list(paper.tables.values())
    seeds: dict[str, tuple[int, ...]] = {}
    for table in tables:
        for experiment in experiments_for(table):
            seeds.setdefault(experiment, table.seeds)
    for pattern in wanted.experiments:
        for experiment in matching(paper, pattern):
            seeds.setdefault(experiment, SEEDS)
    if not seeds:
        raise ReproError(f"The table {', '.join(wanted.tables)} of {paper.name} needs no training.")
    any_table = tables[0] if tables else next(iter(paper.tables.values()))
    choice = choose(paper, any_table, wanted.scale, tuple(seeds), wanted.data_dir)
    runs_dir = home.runs_dir(wanted.runs_dir)
    runs = []
    for experiment, default in seeds.items():
        for seed in parse_seeds(wanted.seeds, default):
            protocol = paper.at_scale(experiment, choice.scale, seed)
            directory = home.run_path(runs_dir, protocol)
            title = paper.experiments[experiment].title
            run = Run(experiment, title, seed, protocol, directory, state_of(directory))
            runs.append(with_precision(run, wanted.precision, runs_dir) if wanted.precision else run)
    return choice, runs


def matching(paper: Paper, pattern: str) -> list[str]:
    """Ids of the experiments that a name or pattern stands for.

    Raises:
        ReproError: if there is none.
    """
    found = [e for e in paper.experiments if fnmatch.fnmatchcase(e, pattern)]
    if not found:
        near = difflib.get_close_matches(pattern, paper.experiments, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"`repro list experiments {paper.name}` lists them."
        raise ReproError(f"{paper.name} has no experiment {pattern!r}; {hint}")
    return found


def _combined(paper: Paper, wanted: Wanted, grid: Sequence[Combination]) -> tuple[Choice, list[Run]]:
    """Runs of the paper's own options, for each seed unless a combination names one."""
    from repro.launch.grid import name_of, single

    base = Asked(
        options=wanted.options,
        variant=wanted.variant,
        check=wanted.checks,
        scale=wanted.scale,
        precision=wanted.precision,
        sets=wanted.sets,
        data_dir=wanted.data_dir,
        runs_dir=wanted.runs_dir,
        device=wanted.device,
        threads=wanted.threads,
    )
    if wanted.seeds and all("seed" in combination for combination in grid):  # a queue may name some
        raise ReproError("The grid names its seeds; leave --seeds out, or seed out of the grid.")
    runs, choices = [], []
    for combination in grid:
        seeds = (base.seed,) if "seed" in combination else parse_seeds(wanted.seeds, SEEDS[:1])
        title = name_of({k: v for k, v in combination.items() if k != "seed"}) or paper.name
        for seed in seeds:
            one = single(paper, combination, replace(base, seed=seed))
            choices.append(one.choice)
            state = state_of(one.directory)
            runs.append(Run(title, title, one.protocol.seed, one.protocol, one.directory, state))
    return choices[0], runs


def jobs(prepared: Prepared, wanted: Wanted, deadline: float | None) -> tuple[list[Job], int]:
    """The jobs that are left, and how many to run at a time."""
    made, workers = jobs_for(prepared)
    cards = gpus(wanted.device)
    if cards and wanted.jobs is None:
        workers = max(1, min(len(cards) * wanted.per_gpu, len(made)))
    return [replace(job, deadline=deadline, threads=wanted.threads or job.threads) for job in made], workers


def gpus(device: str) -> list[str]:
    """The GPUs that runs may go to: all of them for ``auto`` and ``cuda``, the one that is named, or none."""
    if device not in ("auto", "cuda"):
        return [device] if device.startswith("cuda") else []
    from repro.scale import has_cuda

    if not has_cuda():
        return []
    import torch

    return [f"cuda:{i}" for i in range(torch.cuda.device_count())]


def check_place(on: str) -> None:
    """Refuse a place that runs cannot go to.

    Raises:
        ReproError: if there is none of that name.
    """
    if on not in PLACES:
        raise unknown("place to run", on, PLACES)


def execute(
    prepared: Prepared, wanted: Wanted, *, on: str, retries: int, deadline: float | None
) -> Iterator[list[Ended]]:
    """Execute what is left, here or on a Ray cluster.

    Args:
        prepared, wanted: of ``prepare``.
        on: ``local`` or ``ray``.
        retries: further attempts at a run that crashed.
        deadline: seconds since 1970 by which all runs have left.

    Yields:
        The jobs that ended since the last time; twice a second or more often.

    Raises:
        ReproError: if there is no such place, or Ray is not installed.
    """
    check_place(on)
    if on == "local":
        from repro.launch.worker import warm_up

        warm_up()
    made, workers = jobs(prepared, wanted, deadline)
    if on == "ray":
        from repro.launch import ray

        ray.require()
        return ray.run_all(made, workers, retries=retries, deadline=deadline, per_gpu=wanted.per_gpu)
    from repro.launch.pool import run_all

    return run_all(made, workers, retries=retries, patient=True, deadline=deadline, devices=gpus(wanted.device))


DAMAGED = "Its record is damaged; the same command makes it again from the last checkpoint."


@dataclass(frozen=True)
class Found:
    """How one run of the sweep stands.

    Attributes:
        run: which.
        state: ``finished``, ``diverged``, ``failed``, ``interrupted`` (it has begun) or ``new`` (it has not).
        sentence: why, where it did not finish.
        attempts: made in this call; 0 where none was.
        record: of a run that has finished or diverged.
    """

    run: Run
    state: str
    sentence: str = ""
    attempts: int = 0
    record: Record | None = None


def outcomes(prepared: Prepared, ended: Sequence[Ended]) -> list[Found]:
    """How every run stands, from its directory and from how its job ended."""
    from repro.evidence.record import Record
    from shared.training.rundir import RunDirectory

    by_identity = {e.job.protocol.identity: e for e in ended}
    found = []
    for run in prepared.runs:
        path, end = run.directory / "record.json", by_identity.get(run.protocol.identity)
        if path.exists():
            try:
                record = Record.model_validate_json(path.read_text())
            except ValueError:
                found.append(Found(run, "failed", DAMAGED, end.attempts if end else 0))
            else:
                found.append(Found(run, record.outcome.status, "", end.attempts if end else 0, record))
            continue
        status = RunDirectory(run.directory).status()
        sentence = end.sentence if end else str(status.get("sentence", ""))
        state = end.state if end and end.state == "failed" else "interrupted" if status else "new"
        found.append(Found(run, state, sentence, end.attempts if end else 0))
    return found


def track(prepared: Prepared, found: Sequence[Found], notify: Callable[[str], None]) -> None:
    """Show the runs that finished in MLflow; never in the way of a result."""
    from repro.tracking import Tracked, Tracker

    known = prepared.request.paper.experiments
    items = [
        Tracked(
            record=f.record,
            title=f.run.title,
            labels=known[f.run.experiment].labels if f.run.experiment in known else {},
            folder=f.run.directory,
        )
        for f in found
        if f.record is not None
    ]
    if items:
        Tracker(prepared.runs_dir, notify=notify).log_runs(items)
