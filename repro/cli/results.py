"""``repro results``: export, import, show and check the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from repro import home
from repro.cli.console import err, out, print_json
from shared.errors import MissingEvidenceError, unknown
from shared.protocol import Scale

if TYPE_CHECKING:
    from repro.evidence.merge import Merged
    from repro.evidence.problem import Problem
    from repro.evidence.record import Record

app = typer.Typer(no_args_is_help=True, help="Export, import, show and check the evidence behind verdicts.")

SCHEMA_VERSION = 1
WIDE = 120
"""Columns from which all that is said of a run stands in one row; below, its names stand under each other."""

RunsDir = Annotated[Path | None, typer.Option(help="Where runs are kept (default: runs here).")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout (docs/json.md).")]
Paths = Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: runs and committed results.")]


@app.command()
def export(
    to: Annotated[Path, typer.Option("--out", "-o", help="Folder, or one .jsonl file.")] = Path("results"),
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """Collect finished runs into files of one record per line, to be committed or sent."""
    from repro.evidence.merge import export as collect

    merged = collect(home.runs_dir(runs_dir), to)
    _report("export", merged, as_json)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of records, of any machine.")],
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
    track: Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Show the records in MLflow.")] = True,
) -> None:
    """Merge records of other machines into the folder of runs; importing twice changes nothing."""
    from repro.evidence.merge import import_ as merge
    from repro.tracking import Tracker
    from repro.tracking.known import described

    runs = home.runs_dir(runs_dir)
    merged = merge(paths, runs)
    if track and merged.records:
        Tracker(runs).log_runs(described(merged.records))
    _report("import", merged, as_json)


@app.command()
def show(
    paths: Paths = None,
    paper: Annotated[str | None, typer.Option(help="Only this paper.")] = None,
    scale: Annotated[str | None, typer.Option(help="Only this scale.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only runs whose identity starts like this.")] = None,
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """List the runs behind the evidence."""
    from repro.evidence.store import read

    if scale is not None and scale not in get_args(Scale):
        raise unknown("scale", scale, get_args(Scale))
    records, problems = read(_paths(paths, runs_dir))
    kept = [
        r
        for r in records
        if paper in (None, r.protocol.paper)
        and scale in (None, r.protocol.scale)
        and r.identity.startswith(identity or "")
    ]
    kept.sort(
        key=lambda r: (r.protocol.paper, r.protocol.scale, r.protocol.model.name, r.protocol.study, r.protocol.seed)
    )
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
def check(paths: Paths = None, runs_dir: RunsDir = None, as_json: AsJson = False) -> None:
    """Verify every record again: identity, counts, curves. Exit code 1 if something is wrong."""
    from repro.evidence.check import check as verify
    from repro.evidence.problem import Problem
    from repro.evidence.store import scan

    where = _paths(paths, runs_dir)
    problems = verify(where)
    count = sum(not isinstance(item, Problem) for item in scan(where))
    if as_json:
        _print_json("check", records=count, problems=[_problem(p) for p in problems])
    else:
        _complain(problems)
        out.print(f"{count} records, {len(problems)} problems.", markup=False, soft_wrap=True)
    if not count and not problems:
        raise MissingEvidenceError("There is no record to check here; `repro run` or `repro verify` makes some.")
    if problems:
        raise typer.Exit(1)


def _paths(paths: list[Path] | None, runs_dir: Path | None) -> list[Path]:
    if paths:
        return paths
    runs, results = home.runs_dir(runs_dir), home.results_dir()
    found = [folder for folder in (runs, results) if folder.exists()]
    if not found:
        raise MissingEvidenceError(f"There is neither {runs} nor {results}; name the files or folders to read.")
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
        out.print(
            f"{len(merged.added)} records added, {merged.known} known already, {len(merged.problems)} refused.",
            markup=False,
            soft_wrap=True,
        )
        for path in merged.written:
            out.print(f"  {path}", markup=False, soft_wrap=True)
    if not merged.records:
        raise MissingEvidenceError("No record was found there.")
    if any(problem.kind != "torn" for problem in merged.problems):
        raise typer.Exit(1)


def _complain(problems: list[Problem]) -> None:
    for problem in problems:
        err.print(f"skipped {problem}" if problem.kind != "law" else str(problem), markup=False, soft_wrap=True)


def _print_json(what: str, **content: Any) -> None:
    print_json({"schema_version": SCHEMA_VERSION, "kind": f"results.{what}", **content})


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
        "collapse": outcome.collapse,
        "last": {"epoch": outcome.last.epoch, "correct": outcome.last.correct, "total": outcome.last.total},
        "best": {"epoch": outcome.best.epoch, "correct": outcome.best.correct, "total": outcome.best.total},
        "prunable": outcome.prunable,
        "remaining": outcome.remaining,
        "device": record.environment.device,
        "seconds": record.cost.seconds,
        "finished_at": record.finished_at,
    }


def _table(records: list[Record]) -> None:
    from rich.table import Table
    from rich.text import Text

    from repro.tracking.content import title
    from repro.tracking.known import described

    wide = out.width >= WIDE
    table = Table(box=None, pad_edge=False)
    for name in ("paper", "scale", "experiment") if wide else ("run",):
        table.add_column(name, overflow="fold")
    for name in (*(["seed"] if wide else []), "removed %", "last %", "best %", "remaining"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("state", "run") if wide else ():
        table.add_column(name, no_wrap=True)
    for item in described(records):
        r, p, o = item.record, item.record.protocol, item.record.outcome
        state = "collapsed" if o.collapse and o.status == "finished" else o.status
        percents = (f"{r.metric('final_sparsity'):.4g}", f"{o.last.percent:.2f}", f"{o.best.percent:.2f}")
        numbers = (*percents, f"{o.remaining:,}")
        name, run = item.title or title(r), r.identity[:8]
        if wide:
            cells = [Text(c) for c in (p.paper, p.scale, name, str(p.seed), *numbers, state, run)]
        else:
            under = f"\n{p.paper} · {p.scale} · {state} · {run}"
            cells = [Text.assemble(f"{name}, seed {p.seed}", (under, "quiet")), *map(Text, numbers)]
        table.add_row(*cells)  # names come from files of strangers: no markup
    out.print(table)
