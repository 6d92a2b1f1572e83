"""A run as those see it who store or restore its beginning."""

from __future__ import annotations

from typing import Any
from typing import Protocol as Structural

from shared.protocol import Protocol
from shared.training.rundir import RunDirectory
from shared.training.saved import Saver
from shared.training.state import State


class Running(Structural):
    """What ``shared.training.engine.Engine`` has: the protocol, where it stands, its rows so far, and its directory."""

    protocol: Protocol
    state: State
    rows: list[dict[str, Any]]
    extra: dict[str, Any]
    directory: RunDirectory
    saver: Saver
