"""Whether a mask still connects every class to the input: what lies behind failing static runs (sheet, C3 and C18)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import correlation, fmean, linear_regression

from papers.dsr.protocols import experiments
from shared.appendix import Cell, Evidence, Grid, Run

LAST = "fc3.weight"
INPUTS, OUTPUTS = 100, 10
"""Of LeNet's last layer."""
METHODS = ("static", "dsr", "set", "deep-rewiring")


def dead_outputs(run: Run) -> int | None:
    """Classes of LeNet that no path of weights connects to the input; ``None`` where the record does not say."""
    alive = (run.outcome.extra.get("alive") or {}).get(LAST)
    return None if alive is None else OUTPUTS - int(alive[1])


def expected_dead(sparsity: float) -> float:
    """Classes that a uniform random mask leaves without any weight in LeNet's last layer, on average.

    Hypergeometric: ``m`` of 1,000 positions are active, of which an output has 100.
    """
    active = int((1 - sparsity) * INPUTS * OUTPUTS + 0.1)
    return OUTPUTS * math.comb(INPUTS * (OUTPUTS - 1), active) / math.comb(INPUTS * OUTPUTS, active)


def cut_off(evidence: Evidence) -> Iterator[str]:
    """How much less accurate a static run is that has one more class cut off, sparsities kept apart."""
    pairs: list[tuple[float, float]] = []
    for experiment, cell in evidence.items():
        if _label(experiment, "method") == "static" and _label(experiment, "network") == "lenet300":
            pairs += _around_their_mean(cell)
    if len(pairs) > 3 and any(x for x, _ in pairs) and any(y for _, y in pairs):
        x, y = zip(*pairs, strict=True)
        slope = linear_regression(x, y).slope
        change = f"{abs(slope):.1f} points {'less' if slope < 0 else 'more'} accurate"
        yield (
            f"Of {len(pairs)} static runs of LeNet, one with one more class cut off from the input than others of its "
            f"sparsity is {change} (r = {correlation(x, y):+.2f})."
        )


def reconnected(evidence: Evidence) -> Iterator[str]:
    """Classes cut off under static masks and under DSR, at the highest sparsity at which both were run."""
    found: dict[float, dict[str, list[int]]] = {}
    for experiment, cell in evidence.items():
        method = _label(experiment, "method")
        dead = [n for run in cell.runs if (n := dead_outputs(run)) is not None]
        if method in ("static", "dsr") and _label(experiment, "network") == "lenet300" and dead:
            found.setdefault(float(_label(experiment, "sparsity_percent")), {})[method] = dead
    level = max((s for s, by in found.items() if len(by) == 2), default=None)
    if level is not None:
        static, moved = (fmean(found[level][m]) for m in ("static", "dsr"))
        yield (
            f"At {level:g} % a static mask of LeNet cuts {static:.1f} of ten classes off from the input (expected of a "
            f"random last layer: {expected_dead(level / 100):.1f}); after DSR {moved:.1f} are."
        )


def _around_their_mean(cell: Cell) -> list[tuple[float, float]]:
    """Classes cut off and accuracy of each run, less the means over the cell."""
    found = [(dead_outputs(run), run.metric("top1_accuracy")) for run in cell.runs]
    known = [(float(dead), a) for dead, a in found if dead is not None and a is not None]
    if len(known) < 2:
        return []
    dead, accuracy = (fmean(side) for side in zip(*known, strict=True))
    return [(d - dead, a - accuracy) for d, a in known]


def grids(evidence: Evidence) -> Iterator[Grid]:
    """Classes cut off at the end, by experiment."""
    rows = []
    for experiment, cell in evidence.items():
        found = [dead for run in cell.runs if (dead := dead_outputs(run)) is not None]
        if found and _label(experiment, "network") == "lenet300" and _label(experiment, "method") in METHODS:
            expected = expected_dead(float(_label(experiment, "sparsity_percent")) / 100)
            title = experiments()[experiment].title
            rows.append((title, str(len(found)), f"{fmean(found):.2g}", f"{expected:.2g}"))
    if rows:
        note = (
            "Means over runs, of LeNet's ten classes. Random mask: classes without a weight in a random last layer of "
            "this sparsity, on average; cuts further up come on top."
        )
        yield Grid("Classes cut off from the input", ("experiment", "runs", "at the end", "random mask"), rows, note)


def _label(experiment: str, name: str) -> str:
    found = experiments().get(experiment)
    return str(found.labels.get(name, "")) if found else ""
