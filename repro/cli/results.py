"""``repro results``: export, import, show and check the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import MissingEvidenceError, ReproError

if TYPE_CHECKING:
    from repro.evidence.merge import Merged
    from repro.evidence.problem import Problem
    from repro.evidence.record import Record

app = typer.Typer(no_args_is_help=True, help="Export, import, show and check the evidence behind verdicts.")

RunsDir = Annotated[Path, typer.Option(help="Folder of runs.", envvar="REPRO_RUNS")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md, section results).")]
Paths = Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: the folder of runs and results/.")]


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder, or one .jsonl file.")] = Path("results"),
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Collect finished runs into files of one record per line, to be committed or sent."""
    from repro.evidence.merge import export as collect

    merged = collect(runs_dir, out)
    _report("export", merged, as_json)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of records, of any machine.")],
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
    mlflow: Annotated[bool, typer.Option(help="Show the records in MLflow too.")] = True,
) -> None:
    """Merge records of other machines into the folder of runs; importing twice changes nothing."""
    from repro.evidence.merge import import_ as merge
    from repro.tracking import Tracker

    merged = merge(paths, runs_dir)
    if mlflow and merged.records:
        Tracker(runs_dir).log_runs(merged.records)
    _report("import", merged, as_json)


@app.command()
def show(
    paths: Paths = None,
    paper: Annotated[str | None, typer.Option(help="Only this paper.")] = None,
    scale: Annotated[str | None, typer.Option(help="Only this scale.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only runs whose identity starts like this.")] = None,
    runs_dir: RunsDir = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List the runs behind the evidence."""
    from repro.evidence.store import read

    if scale not in (None, "demo", "reduced", "paper"):
        raise ReproError(f"There is no scale {scale!r}; choose demo, reduced or paper.")
    records, problems = read(_paths(paths, runs_dir))
    kept = [
        r
        for r in records
        if paper in (None, r.protocol.paper)
        and scale in (None, r.protocol.scale)
        and r.identity.startswith(identity or "")
    ]
    _complain(problems)
    if not kept:
        raise MissingEvidenceError(
            f"None of the {len(records)} records found fits; `repro results show` without options lists them all."
            if records
            else "There is no finished run here yet; `repro run` or `repro verify` makes some."
        )
    if as_json:
        _print_json("show", records=[_row(r) for r in kept], problems=[_problem(p) for p in problems])
    else:
        _table(kept)


@app.command()
def check(paths: Paths = None, runs_dir: RunsDir = Path("runs"), as_json: AsJson = False) -> None:
    """Verify every record again: identity, counts, curves. Exit code 1 if something is wrong."""
    from repro.evidence.check import check as verify
    from repro.evidence.store import read

    where = _paths(paths, runs_dir)
    problems = verify(where)
    count = len(read(where)[0])
    if as_json:
        _print_json("check", records=count, problems=[_problem(p) for p in problems])
    else:
        _complain(problems)
        typer.echo(f"{count} records, {len(problems)} problems.")
    if not count and not problems:
        raise MissingEvidenceError("There is no record to check here; `repro run` or `repro verify` makes some.")
    if problems:
        raise typer.Exit(1)


def _paths(paths: list[Path] | None, runs_dir: Path) -> list[Path]:
    if paths:
        return paths
    found = [folder for folder in (runs_dir, Path("results")) if folder.exists()]
    if not found:
        raise MissingEvidenceError(f"There is neither {runs_dir} nor results/ here; name the files or folders to read.")
    return found


def _report(what: str, merged: Merged, as_json: bool) -> None:
    """Say what a merge did; exit code 3 if it found nothing, 1 if it refused something."""
    _complain(merged.problems)
    if as_json:
        _print_json(
            what,
            added=len(merged.added),
            known=merged.known,
            written=[str(path) for path in merged.written],
            problems=[_problem(p) for p in merged.problems],
        )
    else:
        typer.echo(f"{len(merged.added)} records added, {merged.known} known already, {len(merged.problems)} refused.")
        for path in merged.written:
            typer.echo(f"  {path}")
    if not merged.records:
        raise MissingEvidenceError("No record was found there.")
    if any(problem.kind != "torn" for problem in merged.problems):
        raise typer.Exit(1)


def _complain(problems: list[Problem]) -> None:
    for problem in problems:
        typer.echo(f"skipped {problem}" if problem.kind != "law" else str(problem), err=True)


def _print_json(what: str, **content: Any) -> None:
    import json

    typer.echo(json.dumps({"schema": f"repro.results.{what}/1", **content}, indent=2))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": str(problem.file),
        "line": problem.line,
        "kind": problem.kind,
        "reason": problem.reason,
        "identity": problem.identity,
    }


def _row(record: Record) -> dict[str, Any]:
    from repro.evidence.merge import fingerprint
    from repro.tracking.content import method

    protocol, outcome = record.protocol, record.outcome
    return {
        "identity": record.identity,
        "study": protocol.study,
        "record": fingerprint(record),
        "paper": protocol.paper,
        "variant": protocol.variant,
        "scale": protocol.scale,
        "network": protocol.model.name,
        "method": method(protocol),
        "seed": protocol.seed,
        "status": outcome.status,
        "last": {"epoch": outcome.last.epoch, "correct": outcome.last.correct, "total": outcome.last.total},
        "best": {"epoch": outcome.best.epoch, "correct": outcome.best.correct, "total": outcome.best.total},
        "prunable": outcome.prunable,
        "remaining": outcome.remaining,
        "device": record.environment.device,
        "seconds": record.cost.seconds,
        "finished_at": record.finished_at,
    }


def _table(records: list[Record]) -> None:
    from rich.console import Console
    from rich.table import Table

    from repro.tracking.content import method

    table = Table(box=None, pad_edge=False)
    for name in ("paper", "scale", "network", "method"):
        table.add_column(name)
    for name in ("removed %", "seed", "last %", "best %", "remaining"):
        table.add_column(name, justify="right")
    for name in ("state", "run"):
        table.add_column(name)
    for r in records:
        p, o = r.protocol, r.outcome
        state = o.status if o.collapse is None else f"{o.status}, {o.collapse}"
        numbers = (f"{r.metric('final_sparsity'):.4g}", str(p.seed), f"{o.last.percent:.2f}", f"{o.best.percent:.2f}")
        table.add_row(*(p.paper, p.scale, p.model.name, method(p), *numbers, f"{o.remaining:,}", state, r.identity[:8]))
    Console(markup=False, highlight=False).print(table)  # names come from files of strangers
