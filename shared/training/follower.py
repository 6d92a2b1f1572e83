"""The run directory as all processes of a run but the first see it: read, never written."""

from __future__ import annotations

from typing import Any

from shared.protocol import Protocol
from shared.training.rundir import RunDirectory


class Follower(RunDirectory):
    """A run directory whose writes are left to the leading process."""

    def start(self, protocol: Protocol) -> None:
        """Nothing: the leading process checks and writes."""

    def set_status(self, state: str, sentence: str = "", **values: Any) -> None:
        """Nothing."""

    def set_rows(self, rows: list[dict[str, Any]]) -> None:
        """Nothing."""

    def append_row(self, row: dict[str, Any]) -> None:
        """Nothing."""
