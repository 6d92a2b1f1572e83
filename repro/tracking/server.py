"""Starts MLflow's own pages on this machine, reachable from this machine only."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from repro.tracking.connect import DEFAULTS, artifacts, database
from shared.errors import ReproError

HOST = "127.0.0.1"
FASTER = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Leaves out the server's job queue (for evaluating chat models), which is three quarters of its start-up time."""

PAGE = "#/experiments?workflowType=machine_learning"
"""Where to start: MLflow 3 opens on its pages for chat models otherwise."""

PATIENCE = 120.0
"""Seconds the server may take to answer; a first start on a slow disk takes tens of seconds."""


def command(runs: Path, port: int) -> list[str]:
    """The command that serves the default store of a folder of runs on loopback.

    Raises:
        ReproError: if MLflow is missing, nothing was tracked yet, or the port is taken.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ReproError("MLflow is not installed; `pip install mlflow`, or use `repro results show`.")
    if not tracked(database(runs)):
        raise ReproError(f"No run is tracked in {runs} yet; run something, or `repro results import results/` first.")
    if not free(port):
        raise ReproError(f"Port {port} is taken on {HOST}; choose another, e.g. `repro ui --port {_any_free()}`.")
    store = f"sqlite:///{database(runs).absolute()}"
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", store, "--artifacts-destination", str(artifacts(runs).absolute())),
    ]


def serve(runs: Path, port: int, say: Callable[[str], None]) -> int:
    """Serve until interrupted (Ctrl-C); says the address once it answers.

    Returns:
        The server's exit code; 0 after an interruption.

    Raises:
        ReproError: as ``command``, or if the server does not come up.
    """
    arguments = command(runs, port)
    environment = {**DEFAULTS, **FASTER, **os.environ}
    log = runs / ".mlflow-server.log"
    with log.open("wb") as stream:
        # A session of its own: the server's workers end with it, whatever ends us (but SIGKILL).
        server = subprocess.Popen(arguments, stdout=stream, stderr=stream, env=environment, start_new_session=True)
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise ReproError(f"MLflow's server did not start; its messages are in {log}.")
            time.sleep(0.2)
        say(f"http://{HOST}:{port}/{PAGE}")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, previous)
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its workers: politely, and after ten seconds not."""
    for kind, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return


def tracked(file: Path) -> int:
    """How many runs a store shows; 0 where it is missing or is no store."""
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as store:
            return store.execute("select count(*) from runs where lifecycle_stage = 'active'").fetchone()[0]
    except sqlite3.Error:
        return 0


def free(port: int) -> bool:
    """Whether a port can be bound on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether the server on a port is ready."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
