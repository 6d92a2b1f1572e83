"""``repro sweep PAPER``: many runs, in local processes or on a Ray cluster."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from repro.cli.errors import EVIDENCE_MISSING, INTERRUPTED

if TYPE_CHECKING:
    from repro.launch.job import Ended
    from repro.request import Prepared
    from repro.sweep import Wanted

WHAT, HOW, OUTPUT = "what to run", "machine (no part of the protocol)", "output"


def _option(panel: str, *names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, **settings)


def command(
    paper: Annotated[str, typer.Argument(help="The paper, e.g. flipout.")],
    table: Annotated[
        list[str] | None, _option(WHAT, "--table", "-t", help="What this table needs; repeatable. Default: all tables.")
    ] = None,
    experiment: Annotated[
        list[str] | None,
        _option(WHAT, "--experiment", "-e", help="This experiment, or all like vgg19/*; repeatable."),
    ] = None,
    grid: Annotated[
        list[str] | None,
        _option(
            WHAT,
            "--grid",
            metavar="NAME=VALUE,...",
            help="Every combination of the paper's own options, such as --grid method=flipout,snip --grid "
            "sparsity=.9,.99; also seed, variant, precision and dotted settings. ; separates values with commas.",
        ),
    ] = None,
    queue: Annotated[
        Path | None, _option(WHAT, help="A file of grids, one a line: method=snip sparsity=.9,.99")
    ] = None,
    scale: Annotated[str, _option(WHAT, help="demo, reduced, paper, or auto.")] = "auto",
    seeds: Annotated[str | None, _option(WHAT, help="How many seeds (3), or which (42,43; 7, for one; 42-51).")] = None,
    precision: Annotated[
        str | None, _option(WHAT, help="float32, tf32, bf16 or float64 instead of the protocol's.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        _option(WHAT, "--set", metavar="PATH=VALUE", help="A setting of every run of the grid; repeatable."),
    ] = None,
    jobs: Annotated[int | None, _option(HOW, "--jobs", "-j", min=1, help="Runs at a time.")] = None,
    threads: Annotated[int | None, _option(HOW, min=1, help="CPU threads of each run.")] = None,
    device: Annotated[str, _option(HOW, help="auto, cpu, cuda (all GPUs), cuda:1...")] = "auto",
    per_gpu: Annotated[int, _option(HOW, min=1, help="Runs that share one GPU.")] = 1,
    on: Annotated[str, _option(HOW, help="local, or ray: the cluster at RAY_ADDRESS, the one here, or a new one.")] = (
        "local"
    ),
    time_limit: Annotated[
        str | None, _option(HOW, help="Checkpoint and leave within 9m, 90s, 1h30m; the same command continues.")
    ] = None,
    retries: Annotated[int, _option(HOW, min=0, help="Further attempts at a run that crashed.")] = 1,
    data_dir: Annotated[Path | None, _option(HOW, help="Where data sets are looked for first.")] = None,
    runs_dir: Annotated[Path | None, _option(HOW, help="Where runs are kept (default: runs here).")] = None,
    dry_run: Annotated[bool, _option(OUTPUT, "--dry-run", help="List the runs and stop.")] = False,
    json: Annotated[bool, _option(OUTPUT, "--json", help="One JSON document on stdout.")] = False,
    track: Annotated[bool, _option(OUTPUT, "--mlflow/--no-mlflow", help="Show the runs in MLflow.")] = True,
) -> None:
    """Many runs of a paper; finished ones are skipped, one that fails never holds up the others.

    Exit codes: 0 all finished, 2 wrong use, 3 some failed, 130 interrupted or out of time (the same command continues).
    """
    began = time.time()
    from repro import sweep
    from repro.launch import limit
    from repro.launch.processes import refuse_torchrun
    from repro.registry import load

    refuse_torchrun("sweep")
    wanted = sweep.Wanted(
        tables=table or (),
        experiments=experiment or (),
        grid=grid or (),
        queue=queue,
        scale=scale,
        seeds=seeds,
        precision=precision,
        sets=sets or (),
        data_dir=data_dir,
        runs_dir=runs_dir,
        device=device,
        jobs=jobs,
        threads=threads,
        per_gpu=per_gpu,
    )
    deadline = limit.deadline(time_limit, began)
    prepared = sweep.prepare(load(paper), wanted)
    carry_out(prepared, wanted, on=on, retries=retries, deadline=deadline, dry_run=dry_run, json=json, track=track)


def carry_out(
    prepared: Prepared,
    wanted: Wanted,
    *,
    on: str = "local",
    retries: int = 1,
    deadline: float | None = None,
    dry_run: bool = False,
    json: bool = False,
    track: bool = True,
) -> None:
    """Execute what is left of a sweep and show how all of it stands; leaves with its exit code."""
    from repro import sweep
    from repro.cli import sweep_show as show
    from repro.cli.console import notice
    from repro.cli.refuse import refuse_places
    from repro.request import check
    from shared.errors import ReproError

    sweep.check_place(on)
    if wanted.device == "cpu" and wanted.per_gpu > 1:
        raise ReproError("--per-gpu has no effect with --device cpu; --jobs says how many runs go side by side.")
    if dry_run:
        refuse_places(wanted.device, wanted.data_dir)
        show.report(prepared, sweep.outcomes(prepared, ()), json=json, ended=False)
        raise typer.Exit(0)
    show.opening(prepared)
    ended: list[Ended] = []
    if prepared.left:
        check(prepared)
        events = sweep.execute(prepared, wanted, on=on, retries=retries, deadline=deadline)
        with _sigterm_as_ctrl_c():
            ended = _watched(prepared, events)
    found = sweep.outcomes(prepared, ended)
    show.report(prepared, found, json=json)
    if track:
        sweep.track(prepared, found, notice)
    states = {f.state for f in found}
    if "failed" in states and not states & {"interrupted", "new"}:
        raise typer.Exit(EVIDENCE_MISSING)
    raise typer.Exit(INTERRUPTED if states - {"finished", "diverged"} else 0)


def _watched(prepared: Prepared, events: Iterator[list[Ended]]) -> list[Ended]:
    """How the runs ended; after Ctrl-C those that had, and the run directories say the rest."""
    from repro.cli.progress import progress

    ended: list[Ended] = []

    def noted() -> Iterator[list[Ended]]:
        try:
            for some in events:
                ended.extend(some)
                yield some
        finally:
            events.close()  # type: ignore[attr-defined]

    with suppress(KeyboardInterrupt):
        progress(prepared, noted())
    return ended


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """A batch system's SIGTERM stops the sweep as Ctrl-C does."""

    def stop(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
