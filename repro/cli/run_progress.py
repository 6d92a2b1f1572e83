"""One run executed in this process, with a line that says how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape

from repro.cli.console import duration, err
from repro.cli.progress import PLAIN_SECONDS, Tail
from repro.launch.execute import execute
from repro.launch.job import Ended, Job
from repro.single import Single

LOOKS_PER_SECOND = 4


def watched(single: Single, job: Job) -> Ended:
    """Execute the job here; a thread reads the run's metric stream and draws."""
    with _drawing(Tail(single.run())):
        return execute(job)


@contextmanager
def _drawing(tail: Tail) -> Iterator[None]:
    """A live line on a terminal, a plain one now and then elsewhere."""
    tail.read()
    start, began, stop = tail.epochs, time.monotonic(), threading.Event()
    status = err.status(line(tail, start, 0.0)) if err.is_terminal else None

    def draw() -> None:
        shown, from_epoch, said = time.monotonic(), start, ""
        while not stop.wait(1 / LOOKS_PER_SECOND):
            from_epoch = min(from_epoch, tail.read())  # what lies after the checkpoint is dropped and done again
            text, waits = line(tail, from_epoch, time.monotonic() - began), tail.waits
            if status is not None:
                status.update(text)
            elif time.monotonic() - shown >= PLAIN_SECONDS or waits != said:  # whom it waits for is said at once
                shown, said = time.monotonic(), waits
                err.print(text)

    thread = threading.Thread(target=draw, daemon=True)
    if status is not None:
        status.start()
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if status is not None:
            status.stop()


def line(tail: Tail, start: int, seconds: float) -> str:
    """``epoch 12/22 · 61.4 % · sparsity 96.9 % · 12 s, about 9 s left``."""
    total = tail.run.protocol.epochs
    if said := tail.waits:
        return f"{escape(said)} · {duration(seconds)}"
    if not tail.epochs:
        return f"preparing, then {total} epochs · {duration(seconds)}"
    row, new = tail.last, tail.epochs - start
    accuracy = 100 * row["test_correct"] / row["test_total"]
    left = f", about {duration(seconds / new * (total - tail.epochs))} left" if new and total > tail.epochs else ""
    sparsity = row.get("sparsity_after") or 0.0
    return (
        f"epoch {tail.epochs}/{total} · accuracy {accuracy:.1f} % · sparsity {100 * sparsity:.4g} % · "
        f"{duration(seconds)}{left}"
    )
