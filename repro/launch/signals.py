"""Ctrl-C and SIGTERM while a run is executed: the epoch at hand is finished if that takes seconds."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from shared.training.stop import Stop

LEAVE = signal.SIGUSR1 if hasattr(signal, "SIGUSR1") else signal.SIGTERM
"""What a parent sends to its workers, which ignore the terminal's Ctrl-C."""

NOTICE = b"\nStopping at the end of this epoch (once more: at once) ...\n"


@contextmanager
def heeding(stop: Stop) -> Iterator[None]:
    """Let signals stop a run: at the end of the epoch at hand if it is near, else (or the second time) at once.

    A signal that was ignored stays ignored. Outside a process's main thread nothing changes.

    Raises:
        KeyboardInterrupt: where the run is stopped at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop_it(signum: int, frame: FrameType | None) -> None:
        if not stop.ask():
            raise KeyboardInterrupt
        if signum == signal.SIGINT and os.isatty(2):
            os.write(2, NOTICE)  # print is not safe inside a handler

    wanted = {s for s in (signal.SIGINT, signal.SIGTERM, LEAVE) if signal.getsignal(s) is not signal.SIG_IGN}
    before = {s: signal.signal(s, stop_it) for s in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
