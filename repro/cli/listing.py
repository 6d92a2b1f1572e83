"""``repro list``: what there is to verify, run and show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from repro.describe import Listing

SCHEMA_VERSION = 1
NAMES_ONLY = ("methods", "jobs", "models")
HINTS = {
    "papers": "`repro list PAPER` shows its tables, `repro list experiments|methods PAPER` the rest of it.",
    "tables": (
        "`repro show {paper} --table NAME` shows one, `repro verify {paper} --table NAME` judges it, "
        "`repro list experiments {paper}` shows what is run for them."
    ),
    "methods": "`repro run {paper} --method NAME` runs one, `repro run {paper} --help` says with which options.",
    "jobs": "`repro run {paper} --job LIST:LINE` runs one, `repro list experiments {paper}` says what each of them is.",
    "data": "`repro data list` says which of them are on this machine.",
    "models": "`--network NAME` where a paper has it, else `--set model.name=NAME`.",
}


def command(
    what: Annotated[
        str | None, typer.Argument(help="A paper, or: papers, tables, experiments, methods, jobs, models, data.")
    ] = None,
    paper: Annotated[str | None, typer.Argument(help="Whose tables, experiments, methods or jobs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout (docs/json.md).")] = False,
) -> None:
    """List the papers, or what one of them holds."""
    from repro.cli.console import print_json
    from repro.describe import listings

    found = listings(what, paper, brief=not json)
    if json:
        parts = [{"what": f.what, "paper": f.paper or None, "rows": list(f.rows)} for f in found]
        print_json({"schema_version": SCHEMA_VERSION, "kind": "list", "lists": parts})
        return
    for listing in found:
        _print(listing)


def _print(listing: Listing) -> None:
    from rich.text import Text

    from repro.cli.console import err, out

    if listing.paper:
        out.print(Text.assemble((listing.paper, "head"), f" · {listing.what}"))
    if listing.what in NAMES_ONLY and listing.rows:
        out.print(", ".join(str(row["name"]) for row in listing.rows), markup=False)
    elif listing.rows:
        out.print(_grid(listing))
    else:
        out.print("[quiet]none[/]")
    if (hint := HINTS.get(listing.what)) and (listing.rows or listing.what != "jobs"):
        err.print(Text(hint.format(paper=listing.paper), style="quiet"), soft_wrap=True)


def _grid(listing: Listing) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, right in COLUMNS[listing.what]:
        grid.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in listing.rows:
        cells = [_cell(row, name) for name, _ in COLUMNS[listing.what]]
        grid.add_row(*(Text(c) for c in cells))  # names may come from someone else's package: no markup
    return grid


COLUMNS: dict[str, tuple[tuple[str, bool], ...]] = {
    "papers": (("name", False), ("title", False), ("citation", False)),
    "tables": (("name", False), ("title", False), ("claims", True), ("experiments", True)),
    "experiments": (("id", False), ("title", False)),
    "data": (("name", False), ("title", False), ("how to get it", False)),
}
"""Columns on screen: name, and whether they hold numbers."""


def _cell(row: dict[str, object], column: str) -> str:
    if column == "how to get it":
        return "embedded" if row["embedded"] else ("repro data fetch" if row["fetchable"] else "from its publisher")
    if column == "title" and row.get("problem"):
        return str(row["problem"])
    return str(row["id"] if column == "name" and "name" not in row else row[column])
