"""``repro data``: where data sets are, how to get them, and whether they are the originals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Where data sets are looked for, and how to get them.")

SCHEMA_VERSION = 1
DIFFERS = 1
"""Exit code of ``check`` where the original's fingerprints are on file and the copy has others."""

DataDir = Annotated[Path | None, typer.Option(help="Looked into first (then REPRO_DATA and the user cache).")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout (docs/json.md).")]
Name = Annotated[str, typer.Argument(help="The data set, e.g. cifar10; `repro list data` has them all.")]


@app.command("list")
def list_(data_dir: DataDir = None, json: AsJson = False) -> None:
    """Say of each data set where it was found and in which form, or what to do."""
    from repro.cli.console import out
    from repro.datasets import relation, where

    copies = where(data_dir)
    status = {c.name: relation(c.name, data_dir) if c.quick else "unchecked" if c.present else "" for c in copies}
    if json:
        _print("list", data=[{**_facts(c), "status": status[c.name] or None} for c in copies])
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("name", "where", "compared with the original"):
        grid.add_column(name, overflow="fold")
    for c in copies:
        said = status[c.name]
        if said == "unchecked":
            said = f"not compared yet: repro data check {c.name}"
        grid.add_row(c.name, Text(c.words if c.present else f"not found: {c.remedy}"), Text(said or "–"))
    out.print(grid)


@app.command()
def fetch(name: Name, data_dir: DataDir = None) -> None:
    """Download a data set, with the publisher's checksum verified."""
    from repro.cli.console import err, out
    from shared.data.fetch import fetch as download
    from shared.data.sources import source

    wanted = source(name)
    if wanted.fetchable:
        err.print(f"Fetching {wanted.title} ...", markup=False, soft_wrap=True)
    folder = download(name, data_dir)
    out.print(f"{name} is in {folder}.", markup=False, soft_wrap=True)
    err.print(f"[quiet]`repro data check {name}` compares it with the original.[/]")


@app.command()
def check(name: Name, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Decode a data set, fingerprint it, and compare it with the original.

    Exit codes: 0 the original, or nothing to compare with; 1 not the original; 2 not found or damaged.
    """
    from rich.markup import escape
    from rich.text import Text

    from repro.cli.console import err, out
    from repro.datasets import checked

    with err.status(f"Decoding {escape(name)} (once; later it comes from the cache) ..."):
        facts = checked(name, data_dir)
    if json:
        _print("check", **facts)
    else:
        out.print(Text.assemble((name, "head"), f" {facts['origin']}"), soft_wrap=True)
        for split, part in facts["splits"].items():
            shape = "x".join(map(str, part["shape"]))
            out.print(f"  {split}: {part['images']:,} images {shape}, {part['classes']} classes")
            out.print(f"    pixels {part['pixels_sha256']}\n    labels {part['labels_sha256']}", soft_wrap=True)
        out.print(f"  compared with the original: [{STYLE[facts['status']]}]{WORDS[facts['status']]}[/]")
        for note in facts["notes"]:
            out.print(f"  {note}", markup=False)
    if facts["conflict"]:
        raise typer.Exit(DIFFERS)


WORDS = {
    "exact": "exact",
    "accounted": "accounted for (only listed images may differ)",
    "unknown": "unknown (no statement can be made)",
}
STYLE = {"exact": "good", "accounted": "good", "unknown": "open"}


def _facts(copy: Any) -> dict[str, Any]:
    return {
        "name": copy.name,
        "title": copy.title,
        "present": copy.present,
        "embedded": copy.embedded,
        "layout": copy.layout or None,
        "folder": copy.folder or None,
        "remedy": copy.remedy or None,
    }


def _print(what: str, **content: Any) -> None:
    from repro.cli.console import print_json

    print_json({"schema_version": SCHEMA_VERSION, "kind": f"data.{what}", **content})
