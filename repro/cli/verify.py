"""``repro verify PAPER --table NAME``: run what is missing, judge, show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from repro.cli.confirm import confirm
from repro.cli.console import notice, print_json
from repro.cli.refuse import one_table, refuse_without_effect

NOTHING_RUN = ("network", "dataset", "jobs", "device", "precision", "data_dir", "runs_dir", "yes")
"""Options of what is run, without effect where nothing is."""
WITHOUT_EFFECT = {
    "--from": NOTHING_RUN,
    "--published": (*NOTHING_RUN, "scale", "seeds", "strict", "badge"),
    "--plan": ("strict", "badge", "yes"),
}


def command(
    context: typer.Context,
    paper: Annotated[str, typer.Argument(help="The paper, e.g. flipout.")],
    tables: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="The table; without it, all of them with --from.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Check the table on this network; for laws that hold on any (synflow theory).")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="With --network: the data set whose images and classes it is for (cifar10).")
    ] = None,
    scale: Annotated[str, typer.Option(help="demo, reduced, paper, or auto.")] = "auto",
    seeds: Annotated[str | None, typer.Option(help="How many seeds (3), or which (42,43; 7, for one; 42-51).")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be run, what it costs here, and stop.")] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Judge the sentences on the published numbers; runs nothing.")
    ] = False,
    from_: Annotated[
        list[Path] | None, typer.Option("--from", help="Judge these records (files or folders); runs nothing.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Runs at a time.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1...")] = "auto",
    precision: Annotated[
        str | None, typer.Option(help="float32, tf32, bf16 or float64 instead of the protocol's.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets are looked for first.")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Where runs are kept (default: runs here).")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Undecided claims count as contradicted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending more than an hour.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    badge: Annotated[Path | None, typer.Option(help="Write a badge file (shields.io endpoint JSON).")] = None,
    track: Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Show the runs in MLflow.")] = True,
) -> None:
    """Run what a table needs, judge every claim in it, and show published and measured side by side.

    Exit codes: 0 nothing contradicted, 1 something contradicted, 2 wrong use, 3 evidence missing or runs failed,
    70 a bug, 130 interrupted, 141 the reader of a pipe left.
    """
    from repro import request, verification
    from repro.badge import check_place, write_badge
    from repro.cli import plan_show
    from repro.cli import verify_show as show
    from repro.launch.processes import refuse_torchrun
    from repro.launch.worker import warm_up
    from repro.registry import load
    from repro.verdicts.table import find_table
    from shared.errors import ReproError

    refuse_torchrun("verify")
    chosen = load(paper)
    if sum((plan, published, from_ is not None)) > 1:
        raise ReproError("Use one of --plan, --published and --from; each answers a different question.")
    if mode := "--published" if published else "--from" if from_ is not None else "--plan" if plan else "":
        refuse_without_effect(context, WITHOUT_EFFECT[mode], f"{mode} runs nothing")
    table = one_table(tables, "leave it out with --from or --published to judge all, or verify one after the other")
    check_place(badge)
    if dataset and not network:
        raise ReproError("--dataset goes with --network.")
    if published:
        verdicts = verification.on_published(chosen, table)
        print_json(show.published_json(chosen, verdicts)) if json else show.published(chosen, verdicts, table)
        raise typer.Exit(0)
    if from_ is not None:
        judged = verification.from_records(chosen, table, from_, scale, seeds)
        if json:
            print_json(show.judged_json(judged))
        else:
            show.judged(chosen, judged)
            show.uncounted_looks()
        write_badge(badge, judged.tables)
        raise typer.Exit(judged.exit_code(strict))
    if table is None:
        raise ReproError(f"Say which table: --table {' | '.join(chosen.tables)}.")
    subject = find_table(chosen, table)
    if network is not None:
        subject = subject.about(network, dataset or "cifar10")
    asked = request.Request(chosen, subject, scale, seeds, data_dir, runs_dir, device, precision, jobs)
    prepared = request.prepare(asked)
    if plan:
        plan_show.answer(prepared, json)
        raise typer.Exit(0)
    request.check(prepared)
    if not json:
        show.opening(prepared)
    if prepared.left:
        warm_up()
    confirm(prepared, yes)
    failed = show.progress(prepared) if prepared.left else []
    judged = verification.judge(prepared, failed)
    if track:
        verification.track(prepared, judged, notice)
    print_json(show.judged_json(judged)) if json else show.judged(chosen, judged)
    write_badge(badge, judged.tables)
    raise typer.Exit(judged.exit_code(strict))
