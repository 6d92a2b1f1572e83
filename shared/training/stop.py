"""Stopping a run without losing the epoch at hand: at a time limit, or because someone asked."""

from __future__ import annotations

import time

GRACE = 5.0
"""Seconds for which a request to stop waits for the end of the epoch at hand."""

HEADROOM = 1.2
"""An epoch is begun only if so many times the last one's duration still fit before the deadline."""


class Stopped(Exception):  # noqa: N818  (a result, not an error)
    """The run left after a checkpoint; the message says why."""


class Stop:
    """What the engine asks after every epoch.

    Args:
        deadline: seconds since 1970 by which the run must have left; ``None`` sets no limit.
    """

    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline
        self.asked = False
        self.epoch_seconds: float | None = None
        self.begun: float | None = None

    def begin_epoch(self) -> None:
        """Note that an epoch begins."""
        self.begun = time.monotonic()

    def ask(self) -> bool:
        """Ask the run to leave at the end of the epoch at hand.

        Returns:
            Whether it will do so within the grace; if not, or if it was asked before, the caller stops it at once.
        """
        left = self._left()
        if self.asked or left is None or left > GRACE:
            return False
        self.asked = True
        return True

    def after_epoch(self) -> str:
        """Why the run must leave now, in words; empty if it goes on."""
        if self.begun is not None:
            self.epoch_seconds, self.begun = time.monotonic() - self.begun, None
        if self.asked:
            return f"{self._by()} after a whole epoch; the same command continues it."
        if self.deadline is not None and time.time() + HEADROOM * (self.epoch_seconds or 0.0) > self.deadline:
            return "The next epoch does not fit into the time limit; the same command continues it."
        return ""

    def while_waiting(self, whom: str) -> str:
        """Why a run that waits for another one must leave now, in words; empty if it may go on waiting."""
        over = self.deadline is not None and time.time() >= self.deadline
        return f"{self._by()} while it waited for {whom}; the same command continues it." if over else ""

    def lost(self) -> str:
        """What stopping in the middle of an epoch costs, in words."""
        if self.begun is None:
            return f"{self._by()}; the same command continues it."
        seconds = time.monotonic() - self.begun
        return f"{self._by()} {seconds:.0f} s into an epoch, which is done again; the same command continues it."

    def _by(self) -> str:
        over = self.deadline is not None and time.time() >= self.deadline
        return "Stopped at the time limit" if over else "Stopped by hand"

    def _left(self) -> float | None:
        """Seconds that the epoch at hand still takes; unknown in the first."""
        if self.begun is None or self.epoch_seconds is None:
            return None
        return max(0.0, self.epoch_seconds - (time.monotonic() - self.begun))
