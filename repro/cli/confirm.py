"""Asking before hours are spent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from repro.cli.console import duration, err

if TYPE_CHECKING:
    from repro.request import Prepared

HOUR = 3600
FEW = 60
"""Demo runs that take less than an hour wherever they ran so far; they start without even importing PyTorch here."""


def confirm(prepared: Prepared, yes: bool) -> None:
    """Ask before spending more than an hour; without a terminal to ask on, refuse.

    Nothing is measured where even a slow core would be done within the hour.

    Args:
        prepared: the runs.
        yes: it was said beforehand.

    Raises:
        ReproError: if there is nobody to ask.
        MissingEvidenceError: if the answer is no.
    """
    import typer

    from repro import verification
    from repro.workload import slow_seconds
    from shared.errors import MissingEvidenceError, ReproError

    few = prepared.choice.scale == "demo" and len(prepared.left) <= FEW
    if yes or not prepared.left or few or sum(slow_seconds(r.protocol) for r in prepared.left) <= HOUR:
        return
    with err.status("Measuring what this costs here ..."):
        seconds = verification.estimate(prepared).seconds_left
    if seconds <= HOUR:
        return
    sentence = f"This takes about {duration(seconds)} here"
    if not (err.is_terminal and sys.stdin.isatty()):
        raise ReproError(f"{sentence}; say --yes to start it, or --plan to see the parts.")
    err.print(f"{sentence}. Finished runs are kept; it can be stopped and continued at any time.")
    if not typer.confirm("Start?", default=False, err=True):
        raise MissingEvidenceError("Nothing was started; --from judges the runs there are.")
