"""``repro compare PAPER FILE.py:NAME --table NAME``: your method under a paper's protocol, beside its rivals."""

from __future__ import annotations

import json as json_format
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from repro.cli.confirm import confirm
from repro.cli.console import notice, print_json
from repro.cli.refuse import refuse_without_effect

LONGEST = 40
"""Characters of a name that tables have room for."""


def command(
    context: typer.Context,
    paper: Annotated[str, typer.Argument(help="The paper, e.g. flipout.")],
    method: Annotated[
        str, typer.Argument(help="FILE.py:NAME, your function or class; its text is kept with every run.")
    ],
    table: Annotated[str, typer.Option("--table", "-t", help="The table whose experiments are the rivals.")],
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", "-e", help="Only these of the table, e.g. 'mnist/*/99'; repeatable."),
    ] = None,
    kind: Annotated[
        str, typer.Option("--as", help="What it is: score (of weights, the lowest go) or penalty (added to the loss).")
    ] = "score",
    name: Annotated[str | None, typer.Option(help="Its name in print (default: that of the function).")] = None,
    argument: Annotated[
        list[str] | None,
        typer.Option("--argument", "-a", help="NAME=VALUE for your function or class, e.g. power=2; repeatable."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Where it prunes once: take scores anew in so many rounds.")] = 1,
    scale: Annotated[str, typer.Option(help="demo, reduced, paper, or auto.")] = "auto",
    seeds: Annotated[str | None, typer.Option(help="How many seeds (3), or which (42,43; 7, for one; 42-51).")] = None,
    from_: Annotated[
        list[Path] | None, typer.Option("--from", help="Records (files or folders) that stand for runs of rivals.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be run, what it costs here, and stop.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Runs at a time.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1...")] = "auto",
    data_dir: Annotated[Path | None, typer.Option(help="Where data sets are looked for first.")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Where runs are kept (default: runs here).")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending more than an hour.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    track: Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Show the runs in MLflow.")] = True,
) -> None:
    """Train your method under a paper's protocol and test it against the paper's own methods.

    Your method takes the place of one of the paper's: same network, data, schedule, number of weights kept and seeds.
    docs/extending.md shows what to write. Exit codes: 0 compared, 2 wrong use, 3 runs failed, 130 interrupted.
    """
    from repro import compared, comparison, request, verification
    from repro.cli import compare_show as show
    from repro.cli import plan_show
    from repro.cli.progress import progress
    from repro.launch.processes import refuse_torchrun
    from repro.launch.worker import warm_up
    from repro.registry import load
    from repro.verdicts.table import find_table
    from shared.errors import ReproError
    from shared.outside import read

    refuse_torchrun("compare")
    chosen = load(paper)
    subject = find_table(chosen, table)
    if kind not in ("score", "penalty"):
        raise ReproError(f"--as {kind!r} is neither score nor penalty.")
    if kind == "penalty" and rounds != 1:
        raise ReproError("--rounds belongs to a score; a penalty acts in every step.")
    if name is not None and not 0 < len(name) <= LONGEST:
        raise ReproError(f"--name takes 1 to {LONGEST} characters; it has {len(name)}.")
    if plan:
        refuse_without_effect(context, ["yes"], "--plan runs nothing")
    outsider = read(method, _arguments(argument or ()), rounds)
    contest = comparison.compare(
        chosen,
        subject,
        outsider,
        name=name or outsider.function,
        kind=kind,  # type: ignore[arg-type]
        only=experiment or (),
    )
    evidence = compared.evidence_at(chosen, from_ or ())
    asked = request.Request(chosen, subject, scale, seeds, data_dir, runs_dir, device, None, jobs)
    ready = compared.prepared(contest, asked, evidence)
    if plan:
        plan_show.answer(ready, json)
        raise typer.Exit(0)
    request.check(ready)
    if not json:
        show.opening(contest, ready, evidence)
    if ready.left:
        warm_up()
    confirm(ready, yes)
    failed = progress(ready) if ready.left else []
    result = compared.judge(contest, ready, evidence)
    if track:
        verification.track(ready, verification.Judged((result.verdict,), result.made_here, tuple(failed)), notice)
    if json:
        print_json(show.compared_json(contest, result, ready, failed, outsider.digest))
    else:
        show.compared(contest, result, failed)
    raise typer.Exit(3 if failed or result.verdict.missing else 0)


def _arguments(typed: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` each; the value is JSON, or a word."""
    from shared.errors import ReproError

    found: dict[str, Any] = {}
    for text in typed:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise ReproError(f"--argument {text!r} is not NAME=VALUE, such as power=2.")
        if key in found:
            raise ReproError(f"--argument {key} was given twice.")
        try:
            found[key] = json_format.loads(value, parse_constant=_refuse_constant)
        except json_format.JSONDecodeError:
            found[key] = value
        if isinstance(found[key], float) and not math.isfinite(found[key]):
            raise ReproError(f"--argument {key} must be finite, not {value}.")
    return found


def _refuse_constant(word: str) -> Any:
    from shared.errors import ReproError

    raise ReproError(f"--argument values must be finite; {word} is not.")
