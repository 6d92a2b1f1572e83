"""Runs on a Ray cluster: the same jobs and records, the run directories on storage that all machines share."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from repro.launch.job import Ended, Job
from repro.launch.pool import LOOK_SECONDS, NOT_STARTED, Waiting, again
from repro.launch.worker import DIED, STOPPED
from shared.errors import ReproError
from shared.training.stop import GRACE

QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}


def require() -> None:
    """Refuse where Ray is not installed.

    Raises:
        ReproError: saying how to install it.
    """
    if importlib.util.find_spec("ray") is None:
        raise ReproError("--on ray needs Ray, which is not installed; pip install 'pruning-repro[ray]'.")


def connect(cpus: int) -> None:
    """Join the cluster that ``RAY_ADDRESS`` names or that runs on this machine, else start one here.

    Args:
        cpus: processors of a cluster that is started here.

    Raises:
        ReproError: if a named cluster does not answer.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    try:
        ray.init(address="auto", **QUIET)
    except ConnectionError as error:
        if named := os.environ.get("RAY_ADDRESS"):
            raise ReproError(f"No Ray cluster answers at RAY_ADDRESS={named}; start it or unset it.") from error
        ray.init(num_cpus=cpus, include_dashboard=False, **QUIET)


def run_all(
    jobs: Sequence[Job],
    workers: int,
    *,
    retries: int = 0,
    deadline: float | None = None,
    per_gpu: int = 1,
) -> Iterator[list[Ended]]:
    """Like ``repro.launch.pool.run_all``; how many run at a time is the cluster's business.

    Args:
        jobs: what to run; paths must mean the same on every machine.
        workers: runs at a time on a cluster that is started here.
        retries: further attempts at a run that crashed or whose worker or machine died.
        deadline: seconds since 1970 after which nothing is started and what runs is stopped.
        per_gpu: runs that share one GPU.
    """
    import ray

    threads = max((job.threads for job in jobs), default=1)
    connect(workers * threads)
    cards = 0.0 if all(j.device == "cpu" for j in jobs) or not ray.cluster_resources().get("GPU") else 1 / per_gpu
    task = ray.remote(num_cpus=threads, num_gpus=cards, max_retries=0)(_execute)
    queue = [Waiting(_absolute(job)) for job in jobs]
    flying: dict[Any, Waiting] = {}
    console = contextlib.redirect_stdout(sys.stderr)  # Ray tells of lost workers there; results must stay alone
    console.__enter__()
    try:
        while queue or flying:
            if deadline is not None and time.time() >= deadline:
                yield _stop(flying) + [Ended(w.job, "interrupted", NOT_STARTED) for w in queue]
                return
            for item in [w for w in queue if w.after <= time.monotonic()]:
                queue.remove(item)
                flying[task.remote(item.job)] = replace(item, attempts=item.attempts + 1)
            if not flying:
                time.sleep(LOOK_SECONDS)
            ended = []
            for reference in ray.wait(list(flying), timeout=LOOK_SECONDS)[0] if flying else []:
                result = _result(reference, flying.pop(reference))
                if later := again(result, retries, patient=True):
                    queue.append(later)
                else:
                    ended.append(result)
            yield ended
    finally:
        _stop(flying)
        ray.shutdown()
        console.__exit__(None, None, None)


def _execute(job: Job) -> Ended:
    from repro.launch.execute import execute

    return execute(job)


def _absolute(job: Job) -> Job:
    """The job with paths that do not depend on where a worker was started."""
    return replace(
        job,
        directory=job.directory.absolute(),
        prefixes=job.prefixes.absolute() if job.prefixes else None,
        data_dir=job.data_dir.absolute() if job.data_dir else None,
    )


def _result(reference: Any, item: Waiting) -> Ended:
    """How a task ended: what it returned, or that its worker is gone."""
    import ray

    try:
        ended: Ended = ray.get(reference)
    except ray.exceptions.TaskCancelledError:
        ended = Ended(item.job, "interrupted", STOPPED)
    except ray.exceptions.RayError:
        ended = Ended(item.job, "failed", DIED, again=True)
    return replace(ended, attempts=item.attempts)


def _stop(flying: dict[Any, Waiting]) -> list[Ended]:
    """Ask tasks to stop (the interrupt that Ray sends is the Ctrl-C of a worker), and wait for them a little."""
    import ray

    if not flying:
        return []
    for reference in flying:
        ray.cancel(reference)
    done, _ = ray.wait(list(flying), num_returns=len(flying), timeout=2 * GRACE)
    ended = [_result(r, flying.pop(r)) for r in done]
    return ended + [Ended(flying.pop(r).job, "interrupted", STOPPED) for r in list(flying)]
