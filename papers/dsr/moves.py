"""How much was reallocated, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from papers.dsr.protocols import experiments
from papers.dsr.reallocations import changes, events, options
from shared.appendix import Evidence, Grid, Run

HEADER = ("experiment", "runs", "events", "N_p", "moved at an event", "within 10 % of N_p", "last H", "ever active")
NOTE = (
    "Means over runs. N_p: weights that DSR is to move at an event; SET moves a fixed fraction. Last H: threshold of "
    "the last event. Ever active: positions that were active at some time, of all prunable ones."
)


def grids(evidence: Evidence) -> Iterator[Grid]:
    """One row for each experiment whose runs reallocated."""
    rows = [_row(experiments()[e].title, list(cell.runs)) for e, cell in evidence.items() if e in experiments()]
    if found := [row for row in rows if row]:
        yield Grid("Reallocation", HEADER, found, NOTE)


def _row(title: str, runs: list[Run]) -> tuple[str, ...]:
    moving = [run for run in runs if events(run)]
    if not moving:
        return ()
    moved = [e.moved for run in moving for e in events(run)]
    target, inside, last = options(moving[0]).get("target"), "", ""
    if target is not None:
        n = int(str(target))
        inside = f"{100 * fmean(0.9 * n <= k <= 1.1 * n for k in moved):.0f} %"
        last = f"{fmean(events(run)[-1].threshold for run in moving):.3g}"
    seen = [float(x) for run in moving if (x := changes(run, "reallocation")[-1].get("explored")) is not None]
    explored = f"{100 * fmean(seen):.1f} %" if seen else ""
    happened = f"{len(moved) / len(moving):g}"
    return (title, str(len(moving)), happened, str(target or ""), f"{fmean(moved):,.0f}", inside, last, explored)
