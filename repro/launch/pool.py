"""Several runs at once in local processes; a run that fails does not disturb the others."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from repro.launch.job import Ended, Job


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(jobs: Sequence[Job], workers: int) -> Iterator[list[Ended]]:
    """Execute jobs in order, ``workers`` at a time.

    Yields:
        Twice a second or more often: the jobs that ended since the last time (often none), so that the caller can
        draw progress. Closing the iterator stops the workers.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_ignore_terminal)
    waiting: dict[Future[Ended], Job] = {pool.submit(_execute, job): job for job in jobs}
    try:
        while waiting:
            done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            yield [_result(future, waiting.pop(future)) for future in done]
    finally:
        for future in waiting:
            future.cancel()
        _interrupt(pool)
        pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[Ended], job: Job) -> Ended:
    try:
        return future.result()
    except BrokenProcessPool:
        return Ended(job, "failed", "Its process died (killed, or out of memory); the same command continues it.")
    except Exception as error:
        return Ended(job, "failed", f"{type(error).__name__}: {error}")


def _interrupt(pool: ProcessPoolExecutor) -> None:
    """Ask workers that are still busy to stop: they note it in their run directory and leave."""
    for process in list((pool._processes or {}).values()):
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, signal.SIGUSR1)


_busy = False


def _execute(job: Job) -> Ended:
    global _busy
    from repro.launch.execute import execute

    _busy = True
    try:
        return execute(job)
    except KeyboardInterrupt:
        return Ended(job, "interrupted", "stopped by hand; the same command continues it")
    finally:
        _busy = False


def _ignore_terminal() -> None:
    """Ctrl-C belongs to the parent, which then asks each worker once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, _stop)
    signal.signal(signal.SIGTERM, _stop)


def _stop(signum: int, frame: object) -> None:
    """Leave the run that is under way; a worker between runs is ended by the pool."""
    if _busy:
        raise KeyboardInterrupt
