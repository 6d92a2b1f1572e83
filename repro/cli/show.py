"""``repro show PAPER [--table NAME]``: a paper, or one of its tables, laid open; nothing is run."""

from __future__ import annotations

from typing import Annotated

import typer

from repro.cli.refuse import one_table

SCHEMA_VERSION = 1


def command(
    paper: Annotated[str, typer.Argument(help="The paper, e.g. flipout.")],
    tables: Annotated[list[str] | None, typer.Option("--table", "-t", help="One of its tables.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout (docs/json.md).")] = False,
) -> None:
    """Show a paper's tables, or one table: claims and margins, the protocol at each scale, what a run costs.

    Beside each sentence stands what the published numbers say about it.
    """
    from repro.cli import show_screen as screen
    from repro.cli.console import err, print_json
    from repro.registry import load
    from repro.showing import Shown, overview

    table = one_table(tables, "show one after the other")
    chosen = load(paper)
    if table is None:
        facts = overview(chosen)
        if json:
            print_json({"schema_version": SCHEMA_VERSION, "kind": "show.paper", **facts})
        else:
            screen.paper(chosen, facts)
        return
    shown = Shown(chosen, chosen.table(table))
    with err.status("Counting multiply-adds, judging the published numbers ..."):
        if json:
            frame = {"schema_version": SCHEMA_VERSION, "kind": "show.table", "paper": chosen.name}
            notes = {"variants": dict(chosen.variants), "scales": dict(chosen.scale_notes)}
            document = {**frame, **notes, **shown.to_json()}
        else:
            screen.ready(shown)
    if json:
        print_json(document)
    else:
        screen.table(shown)
