"""Waiting for what another run trains for both: with an eye on requests to stop, and saying who is waited for."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from shared.training.rundir import write_atomic
from shared.training.running import Running
from shared.training.stop import Stopped

LOOK_SECONDS = 0.5


@contextmanager
def held(path: Path, run: Running) -> Iterator[None]:
    """Hold a lock that several runs want; until it is free, the run's status says which run has it.

    Args:
        path: of the lock; beside it, as ``NAME.holder``, lies who has it (taking a lock empties its own file).
        run: who wants it.

    Raises:
        Stopped: the run was asked to leave, or its time was over, before the lock was free.
    """
    lock, holder = FileLock(path), path.with_suffix(".holder")
    _acquire(lock, holder, run)
    try:
        mine = {"run": str(run.directory.path), "pid": os.getpid(), "host": platform.node()}
        write_atomic(holder, json.dumps(mine))
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _acquire(lock: FileLock, holder: Path, run: Running) -> None:
    said = ""
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            whom = f"{_named(holder)}, which trains a beginning that both need"
            if reason := run.stop.while_waiting(whom):
                raise Stopped(reason) from None
            sentence = f"Waits for {whom}."
            if sentence != said:
                run.directory.say(sentence)
                said = sentence
            time.sleep(LOOK_SECONDS)
    if said:
        run.directory.say("")


def _named(holder: Path) -> str:
    try:
        there = json.loads(holder.read_text())
        return f"process {there['pid']} on {there['host']} ({there['run']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has the lock and has not said yet who it is
        return "another process"
