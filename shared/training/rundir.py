"""The directory of a run: the truth about it, from which records and views are derived.

``protocol.json``, ``status.json``, ``metrics.jsonl`` (one line an epoch), ``checkpoint/``, and at the end
``record.json``, ``masks.safetensors`` and ``layers.csv``; after structural pruning also ``compact.safetensors`` and
``compact.json``, the smaller network (``shared.training.compact_file``).
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shared.errors import ReproError
from shared.protocol import Protocol
from shared.training.temporary import beside


class RunInUseError(ReproError):
    """Another process has the run."""


class RunDirectory:
    """Paths and atomic writes of one run.

    Args:
        path: the run's own folder; made when first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def checkpoints(self) -> Path:
        """Where numbered checkpoints live."""
        return self.path / "checkpoint"

    @property
    def metrics(self) -> Path:
        """The metric stream, one JSON line an epoch."""
        return self.path / "metrics.jsonl"

    @contextmanager
    def locked(self, timeout: float = 0.0) -> Iterator[None]:
        """Hold the run: a second process gets a sentence that says who does.

        Raises:
            RunInUseError: if another process holds it after ``timeout`` seconds.
            ReproError: if the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock")
            with lock.acquire(timeout=timeout):
                yield
        except Timeout as error:
            raise RunInUseError(f"{self.path} is in use by {self.holder()}; wait for it or stop it first.") from error
        except PermissionError as error:
            raise ReproError(
                f"{self.path} cannot be written to ({error.strerror}); choose another --runs-dir."
            ) from error

    def holder(self) -> str:
        """Who wrote the last status, in words."""
        status = self.status()
        return f"process {status.get('pid', '?')} on {status.get('host', 'an unknown machine')}"

    def start(self, protocol: Protocol) -> None:
        """Write the protocol, or check that the one already here is the same.

        Raises:
            ReproError: if the folder belongs to another run.
        """
        path = self.path / "protocol.json"
        if path.exists():
            there = Protocol.model_validate_json(path.read_text())
            if there.identity != protocol.identity:
                raise ReproError(f"{self.path} holds another run ({there.identity[:12]}); choose another folder.")
            return
        write_atomic(path, protocol.model_dump_json(indent=1))

    def status(self) -> dict[str, Any]:
        """The last status written; empty before the first."""
        try:
            return dict(json.loads((self.path / "status.json").read_text()))
        except (OSError, ValueError):
            return {}

    def set_status(self, state: str, sentence: str = "", **values: Any) -> None:
        """Write ``status.json``: state (running, finished, diverged, interrupted, failed) and a sentence."""
        common = {
            "state": state,
            "sentence": sentence,
            "pid": os.getpid(),
            "host": platform.node(),
            "time": time.time(),
        }
        write_atomic(self.path / "status.json", json.dumps({**values, **common}))

    def say(self, sentence: str) -> None:
        """Change the sentence of the status; the rest of it stays."""
        self.set_status(**{"state": "running", **self.status(), "sentence": sentence})

    def rows(self) -> list[dict[str, Any]]:
        """The metric stream; a torn last line is dropped."""
        rows = []
        for line in self.metrics.read_text().splitlines() if self.metrics.exists() else []:
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
        return rows

    def set_rows(self, rows: list[dict[str, Any]]) -> None:
        """Replace the stream (on resume: drop what lies after the checkpoint)."""
        write_atomic(self.metrics, "".join(json.dumps(r) + "\n" for r in rows))

    def append_row(self, row: dict[str, Any]) -> None:
        """Add one epoch to the stream, in one write."""
        with self.metrics.open("a") as file:
            file.write(json.dumps(row) + "\n")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8) so that readers see the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    with temporary.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
