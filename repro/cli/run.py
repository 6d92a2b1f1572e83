"""``repro run PAPER``: one training run with the paper's own options."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from repro.cli.errors import EVIDENCE_MISSING, INTERRUPTED

if TYPE_CHECKING:
    from repro.launch.job import Ended
    from repro.launch.processes import Launch
    from repro.single import Single
    from shared.paper import Paper

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""What follows is read again once the paper is known: its options are its own."""

DIVERGED = 1


def command(context: typer.Context) -> None:
    """One training run with a paper's own options."""
    from repro.cli.run_list import run_all, split
    from repro.cli.run_options import application
    from repro.registry import load, names
    from shared.errors import ReproError

    words = list(context.args)
    named = [w for w in words[:1] if w in names()] or [w for w in words if w in names()]
    if len(named) > 1:  # one of them may be the value of an option
        raise ReproError(f"Say the paper first: `repro run {named[-1]} ...` or `repro run {named[0]} ...`.")
    name = named[0] if named else None
    if name is None:
        if words and not words[0].startswith("-"):
            load(words[0])  # says that there is no such paper, and which are near
        if {"-h", "--help"} & set(words):
            _overview()
            return
        raise ReproError(f"Say which paper: `repro run PAPER ...`; known: {', '.join(names())}.")
    words.remove(name)
    paper = load(name)
    words, axes = split(paper, words)

    def action(typed: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        if axes:
            run_all(paper, axes, typed, common)
        else:
            _run(paper, typed, common)

    application(paper, action)(words, prog_name=f"repro run {name}")


def _overview() -> None:
    from rich.text import Text

    from repro.cli.console import out
    from repro.describe import papers

    out.print("\n Usage: repro run PAPER [OPTIONS]\n\n One training run with a paper's own options.\n", markup=False)
    for row in papers():
        out.print(Text.assemble("  ", (row["name"], "head"), f"  {row['title'] or row['problem']}"))
    out.print("\n `repro run PAPER --help` shows a paper's options.\n", markup=False)


def _run(paper: Paper, typed: Mapping[str, Any], common: Mapping[str, Any]) -> None:
    """Plan, execute and show one run; leaves with its exit code.

    Exit codes: 0 finished, 1 diverged, 2 wrong use, 3 failed, 130 interrupted.
    """
    began = time.time()
    from repro.cli import run_show as show
    from repro.cli.console import err
    from repro.cli.refuse import refuse_places
    from repro.launch import limit
    from repro.launch.processes import launched
    from repro.single import Asked, check, forget, job, plan

    deadline = limit.deadline(common["time_limit"], began)
    launch = launched()
    own = {k: v for k, v in common.items() if k in Asked.__dataclass_fields__ and v is not None}
    single = plan(paper, Asked(options=typed, **own))
    if launch is not None and not launch.leads:
        _follow(single, launch, common)
        return
    if common["dry_run"]:
        refuse_places(single.asked.device, single.asked.data_dir)
        show.dry_run(single)
        return
    repeated = single.run().state == "done" and not common["restart"]
    if not repeated:
        with err.status("Checking data and settings ..."):
            check(single)
    show.opening(single)
    if common["restart"] and single.directory.exists():
        show.deleting(single)
        forget(single)
    if not repeated:
        from repro.cli.run_progress import watched

        show.starting(single)
        _stop_unless_done(single, watched(single, job(single, launch, deadline)), common)
    show.result(single, repeated=repeated, json=common["json"])
    if common["track"]:
        _track(single)
    from repro.single import record_of

    if record_of(single).outcome.status == "diverged":
        raise typer.Exit(DIVERGED)


def _follow(single: Single, launch: Launch, common: Mapping[str, Any]) -> None:
    """The part of a process that does not lead: train, and leave with the same exit code; the first says the rest."""
    from repro.launch import limit
    from repro.launch.execute import execute
    from repro.single import check, job
    from shared.errors import ReproError

    if common["dry_run"] or (single.run().state == "done" and not common["restart"]):
        return
    check(single)
    ended = execute(job(single, launch, limit.deadline(common["time_limit"], time.time())))
    if ended.state == "failed":
        raise ReproError(f"Process {launch.rank} of {launch.size}: {ended.sentence}")
    if ended.state != "finished":
        raise typer.Exit(INTERRUPTED if ended.state == "interrupted" else DIVERGED)


def _stop_unless_done(single: Single, ended: Ended, common: Mapping[str, Any]) -> None:
    """Leave, with a sentence, where a run has no record.

    Raises:
        ReproError: if it failed by something the user can put right.
    """
    from repro.cli import run_show as show
    from repro.cli.console import err, notice
    from repro.tracking import Tracker
    from shared.errors import ReproError
    from shared.training.rundir import RunDirectory

    if ended.state in ("finished", "diverged"):
        return
    crashed = "traceback" in RunDirectory(single.directory).status()
    if ended.state == "failed" and not crashed:
        raise ReproError(ended.sentence)
    show.stopped(single, ended, json=common["json"])
    if common["track"]:
        with err.status("Noting it in MLflow (Ctrl-C skips this) ..."):
            tracker = Tracker(single.runs_dir, notify=notice)
            tracker.log_interrupted(single.protocol, ended.sentence, single.run().label)
    raise typer.Exit(INTERRUPTED if ended.state == "interrupted" else EVIDENCE_MISSING)


def _track(single: Single) -> None:
    """Show the run in MLflow; never in the way of the result."""
    from repro.cli.console import err, notice
    from repro.single import record_of
    from repro.tracking import Tracked, Tracker

    experiment, tables = single.experiment, single.tables
    item = Tracked(
        record=record_of(single),
        title=experiment.title if experiment else "",
        labels=experiment.labels if experiment else {},
        claims=tuple(claim for claims in tables.values() for claim in claims),
        table=next(iter(tables), ""),
        folder=single.directory,
    )
    with err.status("Showing the run in MLflow ..."):
        Tracker(single.runs_dir, notify=notice).log_runs([item])
