"""A live table while runs are executed; a plain line now and then where there is no terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich import box
from rich.live import Live
from rich.markup import escape
from rich.table import Table as Grid

from repro.cli.console import duration, err
from repro.launch.job import Ended
from repro.planning import Run
from repro.request import Prepared, execute
from shared.training.rundir import RunDirectory

PLAIN_SECONDS = 15.0
ROWS_KEPT_FREE = 6
"""Lines of the terminal that the table leaves to its frame."""


def progress(prepared: Prepared, events: Iterator[list[Ended]] | None = None) -> list[Ended]:
    """Execute what is left and show how it goes.

    Args:
        prepared: the runs.
        events: what executes them, as it comes; ``None`` stands for local processes.

    Returns:
        The runs that did not finish.
    """
    board = Board(prepared)
    failed: list[Ended] = []
    live = Live(board.draw(), console=err, refresh_per_second=4) if err.is_terminal else nullcontext()
    last = time.monotonic()
    if not err.is_terminal:
        err.print(f"{len(prepared.left)} runs to do ...")
    events = execute(prepared) if events is None else events
    try:
        with live:
            for ended in events:
                failed += [e for e in ended if e.state in ("failed", "interrupted")]
                board.update(ended)
                if isinstance(live, Live):
                    live.update(board.draw())
                elif time.monotonic() - last >= PLAIN_SECONDS:
                    last = time.monotonic()
                    err.print(board.line())
    finally:
        events.close()  # type: ignore[attr-defined]
    err.print(board.line())
    return failed


class Board:
    """How far each run is, read from its metric stream.

    Args:
        prepared: the plan that is executed.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.started = time.monotonic()
        self.tails = {r.protocol.identity: Tail(r) for r in prepared.runs}
        self.before = sum(t.before for t in self.tails.values())

    def update(self, ended: list[Ended]) -> None:
        """Read what is new; note how runs ended."""
        for tail in self.tails.values():
            if tail.open:
                tail.read()
        for e in ended:
            self.tails[e.job.protocol.identity].ended = e.state

    @property
    def done(self) -> int:
        """Epochs done, over all runs."""
        return sum(t.epochs for t in self.tails.values())

    @property
    def total(self) -> int:
        """Epochs of all runs."""
        return sum(r.protocol.epochs for r in self.prepared.runs)

    def line(self) -> str:
        """One line: share done; runs finished, running and failed; time used and left."""
        tails = self.tails.values()
        finished = sum(t.ended in ("finished", "diverged") or t.run.state == "done" for t in tails)
        failed = sum(t.ended == "failed" for t in tails)
        running = sum(t.open and t.epochs > t.before for t in tails)
        used = time.monotonic() - self.started
        new = self.done - self.before
        left = (
            f", about {duration(used / new * (self.total - self.done))} left"
            if new > 0 and self.done < self.total
            else ""
        )
        share = 100 * self.done / max(1, self.total)
        counts = f"{finished} of {len(self.tails)} runs finished"
        waiting = sum(bool(t.waits) for t in tails)
        counts += f", {running} running" * bool(running) + f", {failed} failed" * bool(failed)
        counts += f", {waiting} waiting for a beginning that another run trains" * bool(waiting)
        return f"{share:3.0f} % · {counts} · {duration(used)} used{left}"

    def draw(self) -> Grid:
        """One row an experiment, one bar a seed; where there are too many rows, those at work and those that failed."""
        grid = Grid(box=box.SIMPLE_HEAD, caption=self.line(), caption_justify="left", pad_edge=False)
        grid.add_column("experiment", overflow="fold")
        for seed in self.prepared.seeds:
            grid.add_column(f"seed {seed}", min_width=24)
        rows: dict[str, dict[int, Tail]] = {}
        for tail in self.tails.values():
            rows.setdefault(tail.run.experiment, {})[tail.run.seed] = tail
        shown = list(rows.values())
        if len(shown) > (room := max(1, err.size.height - ROWS_KEPT_FREE)):
            shown = [r for r in shown if any(t.ended == "failed" or (t.open and t.epochs) for t in r.values())][-room:]
        for by_seed in shown:
            cells = [by_seed[s].cell() if s in by_seed else "" for s in self.prepared.seeds]
            grid.add_row(escape(next(iter(by_seed.values())).run.title), *cells)
        return grid


class Tail:
    """The end of one run's metric stream.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.path: Path = run.directory / "metrics.jsonl"
        self.ended = ""
        self.epochs = 0
        self.last: dict[str, Any] = {}
        self._at = 0
        self._began = time.time()
        self.before = self.read()
        if run.state == "done" and not self.epochs:  # a record from elsewhere stands for it
            self.before = self.epochs = run.protocol.epochs

    @property
    def open(self) -> bool:
        """Whether the run may still go on."""
        return not self.ended and self.run.state != "done"

    @property
    def waits(self) -> str:
        """Whom the run waits for, in words; empty if it does not. What a process that is gone left does not count."""
        status = RunDirectory(self.run.directory).status() if self.open else {}
        current = status.get("state") == "running" and status.get("time", 0) >= self._began
        return str(status["sentence"]) if current else ""

    def read(self) -> int:
        """Take in new lines; returns the epochs done."""
        try:
            with self.path.open() as file:
                if self.path.stat().st_size < self._at:
                    self._at, self.epochs = 0, 0
                file.seek(self._at)
                for line in file:
                    if not line.endswith("\n"):
                        break
                    self._at += len(line.encode())
                    self.epochs += 1
                    self.last = json.loads(line)
        except (OSError, ValueError):
            pass
        return self.epochs

    def cell(self) -> str:
        """A bar, and the last accuracy."""
        if self.ended in ("failed", "interrupted"):
            return f"[bad]{self.ended}[/]"
        if not self.last:
            return f"[quiet]{'from evidence' if self.run.state == 'done' else 'waiting'}[/]"
        accuracy = 100 * self.last["test_correct"] / self.last["test_total"]
        total = self.run.protocol.epochs
        filled = round(8 * self.epochs / total)
        style = "good" if self.epochs >= total else "open"
        bar = f"[{style}]{'━' * filled}[/][quiet]{'─' * (8 - filled)}[/]"
        return f"{bar} {self.epochs:>3}/{total} {accuracy:5.1f} %"
