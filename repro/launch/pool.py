"""Several runs at once in local processes; a run that fails does not disturb the others."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait

from repro.launch.job import Ended, Job
from repro.launch.worker import Worker, context
from shared.training.stop import GRACE

LOOK_SECONDS = 0.5
BUSY_SECONDS = 5.0
"""How long a run that another process has is left alone before it is asked for again."""

NOT_STARTED = "Not started before the time limit; the same command starts it."


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Waiting:
    """A job to be started, not before a moment of ``time.monotonic``; ``attempts`` counts those made."""

    job: Job
    attempts: int = 0
    after: float = 0.0


def run_all(
    jobs: Sequence[Job],
    workers: int,
    *,
    retries: int = 0,
    patient: bool = False,
    deadline: float | None = None,
    devices: Sequence[str] = (),
) -> Iterator[list[Ended]]:
    """Execute jobs in order, ``workers`` at a time.

    Args:
        jobs: what to run.
        workers: processes.
        retries: further attempts at a run that crashed or whose process died.
        patient: wait for runs that another process has, instead of reporting them as failed.
        deadline: seconds since 1970 after which nothing is started and what runs is stopped.
        devices: devices that the workers take in turn; none leaves each job its own.

    Yields:
        Twice a second or more often: the jobs that ended since the last time (often none), so that the caller can
        draw progress. Closing the iterator stops the workers.
    """
    how = context()
    queue = deque(Waiting(job) for job in jobs)
    crew = [Worker(how, devices[i % len(devices)] if devices else None) for i in range(min(workers, len(jobs)))]
    attempts: dict[Worker, int] = {}
    stopped = False
    try:
        while queue or attempts:
            over = deadline is not None and time.time() >= deadline
            if over and not stopped:
                stopped = True
                for worker in attempts:
                    worker.interrupt()
                yield [Ended(w.job, "interrupted", NOT_STARTED, attempts=w.attempts) for w in queue]
                queue.clear()
            for worker in crew:
                if worker not in attempts and (item := _next(queue)):
                    worker.begin(item.job)
                    attempts[worker] = item.attempts + 1
            if not attempts:
                time.sleep(LOOK_SECONDS)
            ended = []
            for worker in _ready(attempts, LOOK_SECONDS):
                result = replace(worker.ended(), attempts=attempts.pop(worker))
                if not stopped and (later := again(result, retries, patient)):
                    queue.append(later)
                else:
                    ended.append(result)
                if worker.lost:
                    worker.close(0)
                    crew[crew.index(worker)] = Worker(how, worker.device)
            yield ended
    finally:
        _dismiss(crew, attempts)


def _next(queue: deque[Waiting]) -> Waiting | None:
    """Take the first job whose time has come."""
    for item in queue:
        if item.after <= time.monotonic():
            queue.remove(item)
            return item
    return None


def again(ended: Ended, retries: int, patient: bool) -> Waiting | None:
    """The job once more, if it is worth it."""
    if ended.busy and patient:
        return Waiting(ended.job, ended.attempts - 1, time.monotonic() + BUSY_SECONDS)
    if ended.state == "failed" and ended.again and ended.attempts <= retries:
        return Waiting(ended.job, ended.attempts)
    return None


def _ready(busy: Iterable[Worker], seconds: float) -> list[Worker]:
    """The workers whose run has ended, or that are gone; waits for the first."""
    pipes = {w.pipe: w for w in busy}
    return [pipes[p] for p in wait(list(pipes), seconds) if isinstance(p, Connection)]


def _dismiss(crew: Sequence[Worker], busy: dict[Worker, int]) -> None:
    """Ask workers that are still busy to stop: they note it in their run directory and leave."""
    for worker in busy:
        worker.interrupt()
    end = time.monotonic() + 2 * GRACE
    try:
        while busy and time.monotonic() < end:
            for worker in _ready(busy, 0.5):
                worker.ended()
                del busy[worker]
    finally:
        for worker in crew:
            worker.close(0 if worker in busy else GRACE)
