"""A run as those see it who store or restore its beginning."""

from __future__ import annotations

from typing import Any
from typing import Protocol as Structural

from shared.protocol import Protocol, digest
from shared.training.rundir import RunDirectory
from shared.training.saved import Saver
from shared.training.state import State
from shared.training.stop import Stop


class Running(Structural):
    """What ``shared.training.engine.Engine`` has: protocol, state, rows so far, directory, what stops it."""

    protocol: Protocol
    state: State
    rows: list[dict[str, Any]]
    extra: dict[str, Any]
    directory: RunDirectory
    saver: Saver
    stop: Stop


def beginning_of(run: Running, key: str) -> str:
    """Folder name of a beginning that runs share: what is trained (its key) and on which data (their fingerprints).

    A run that is started again because its data changed must not take what was trained on the former ones.
    """
    return digest({"beginning": key, "data": run.saver.data})[:32]
