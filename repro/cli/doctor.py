"""``repro doctor``: what this machine has, and what is missing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.cli.errors import EVIDENCE_MISSING

if TYPE_CHECKING:
    from rich.table import Table

    from repro.doctor import Finding

SCHEMA_VERSION = 1


def command(
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets are looked for first.")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Where runs would be kept (default: runs here).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout (docs/json.md).")] = False,
) -> None:
    """Look at Python, PyTorch, devices, optional packages, data, papers and disk, and say what to do.

    Exit codes: 0 the demo can run, 3 it cannot.
    """
    from repro.cli.console import err, out, print_json
    from repro.doctor import demo_can_run, examine
    from repro.home import runs_dir as folder

    with err.status("Looking ..."):
        findings = examine(folder(runs_dir), data_dir)
    can = demo_can_run(findings)
    if json:
        rows = [asdict(f) for f in findings]
        print_json({"schema_version": SCHEMA_VERSION, "kind": "doctor", "demo_can_run": can, "findings": rows})
    else:
        out.print(_grid(findings))
        out.print("The demo can run here: make demo." if can else "The demo cannot run here; see the lines in red.")
    if not can:
        raise typer.Exit(EVIDENCE_MISSING)


def _grid(findings: list[Finding]) -> Table:
    """One row a finding; red only for what the demo needs."""
    from rich.table import Column, Table
    from rich.text import Text

    grid = Table.grid(*(Column(overflow="fold") for _ in range(3)), padding=(0, 2))
    for f in findings:
        style, word = ("good", "ok") if f.ok else ("bad" if f.needed else "open", "missing")
        grid.add_row(Text(word, style=style), Text(f.name), Text(f.found if f.ok else f"{f.found}: {f.remedy}"))
    return grid
