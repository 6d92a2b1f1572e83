"""A local process that executes one run after another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from types import FrameType

from repro.launch.job import Ended, Job
from repro.launch.signals import LEAVE

STOPPED = "Stopped by hand; the same command continues it."
DIED = "Its process died (killed, or out of memory); the same command continues it."
HEAVY = ["torch", "torch._dynamo", "repro.launch.execute", "shared.training.engine"]
"""Dynamo compiles nothing here, but PyTorch imports it, a second's work, for the first optimiser of a process."""


def context() -> multiprocessing.context.BaseContext:
    """How processes are started: forked from one that has imported PyTorch, where the system can do that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(HEAVY)
    return made


def warm_up() -> None:
    """Let the process that workers are forked from begin to import PyTorch, while this one gets on with its own."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        context()
        forkserver.ensure_running()


class Worker:
    """A process and the pipe to it.

    Args:
        how: of ``context``.
        device: where its runs go, instead of the device that a job names.
    """

    def __init__(self, how: multiprocessing.context.BaseContext, device: str | None = None) -> None:
        self.device = device
        self.job: Job | None = None
        self.lost = False
        self.pipe, theirs = how.Pipe()
        self.process = how.Process(target=serve, args=(theirs,))  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()

    def begin(self, job: Job) -> None:
        """Hand over a job."""
        self.job = job if self.device is None else replace(job, device=self.device)
        try:
            self.pipe.send(self.job)
        except OSError:
            return  # it has died; ``ended`` says so

    def ended(self) -> Ended:
        """How the job ended; waits for it."""
        assert self.job is not None
        job, self.job = self.job, None
        try:
            ended: Ended = self.pipe.recv()
        except (EOFError, OSError):
            self.lost = True
            return Ended(job, "failed", DIED, again=True)
        return ended

    def interrupt(self) -> None:
        """Ask it to leave the run that is under way."""
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, LEAVE)

    def close(self, seconds: float) -> None:
        """End the process, by force after so many seconds."""
        self.pipe.close()
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


_leaving, _idle = False, False


def serve(pipe: Connection) -> None:
    """Execute what comes through the pipe until it is closed; Ctrl-C belongs to the parent."""
    global _idle
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(LEAVE, _leave)
    sys.stdout = sys.stderr  # stdout carries the results of the parent, whatever a method from outside prints
    threading.Thread(target=_follow_parent, daemon=True).start()
    from repro.launch.execute import execute

    while not _leaving:
        try:
            _idle = True
            job: Job = pipe.recv()
            _idle = False
            pipe.send(Ended(job, "interrupted", STOPPED) if _leaving else _execute(execute, job))
        except (EOFError, OSError, KeyboardInterrupt):
            return


def _execute(execute: Callable[[Job], Ended], job: Job) -> Ended:
    try:
        return execute(job)
    except KeyboardInterrupt:  # before or after the part that notes it in the run directory
        return Ended(job, "interrupted", STOPPED)


def _leave(signum: int, frame: FrameType | None) -> None:
    """Between runs: take no other."""
    global _leaving
    _leaving = True
    if _idle:
        raise KeyboardInterrupt


def _follow_parent() -> None:
    """Leave as on SIGTERM when the parent is gone, so that no run goes on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
