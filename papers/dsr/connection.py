"""Whether a mask still connects every class to the input: what lies behind failing static runs (sheet, C3 and C18).

Two counts: the classes to which no path of weights leads from the input, which every record has in its sentence on
collapse, and those among them that have no weight in the last layer. The others are cut off further up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from statistics import correlation, fmean, linear_regression

from papers.dsr.protocols import experiments
from shared.appendix import Cell, Evidence, Grid, Run

LAST = "fc3.weight"
INPUTS, OUTPUTS = 100, 10
"""Of LeNet's last layer."""
CUT = re.compile(r"(\d+) of (\d+) outputs are cut off from the input\.")
NONE_LEFT = "No path of live weights leads from input to output"
"""What ``shared.sparsity.collapse`` says of paths; it says nothing where all outputs are connected."""
METHODS = ("static", "dsr", "set", "deep-rewiring")


def dead_outputs(run: Run) -> int:
    """Classes of LeNet to which no path of weights leads from the input, through all layers."""
    said = run.outcome.collapse or ""
    if NONE_LEFT in said:
        return OUTPUTS
    found = CUT.search(said)
    return int(found[1]) if found else 0


def without_weights(run: Run) -> int | None:
    """Classes of LeNet without a weight in the last layer; ``None`` where the record does not say."""
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
        dead = [dead_outputs(run) for run in cell.runs]
        if method in ("static", "dsr") and _label(experiment, "network") == "lenet300" and dead:
            found.setdefault(float(_label(experiment, "sparsity_percent")), {})[method] = dead
    level = max((s for s, by in found.items() if len(by) == 2), default=None)
    if level is not None:
        static, moved = (fmean(found[level][m]) for m in ("static", "dsr"))
        yield (
            f"At {level:g} % a static mask of LeNet cuts {static:.1f} of ten classes off from the input (expected of a "
            f"random last layer alone: {expected_dead(level / 100):.1f}); after DSR {moved:.1f} are."
        )


def _around_their_mean(cell: Cell) -> list[tuple[float, float]]:
    """Classes cut off and accuracy of each run, less the means over the cell."""
    found = [(dead_outputs(run), run.metric("top1_accuracy")) for run in cell.runs]
    known = [(float(dead), a) for dead, a in found if a is not None]
    if len(known) < 2:
        return []
    dead, accuracy = (fmean(side) for side in zip(*known, strict=True))
    return [(d - dead, a - accuracy) for d, a in known]


def grids(evidence: Evidence) -> Iterator[Grid]:
    """Classes cut off at the end, by experiment."""
    rows = []
    for experiment, cell in evidence.items():
        if not cell.runs or _label(experiment, "network") != "lenet300" or _label(experiment, "method") not in METHODS:
            continue
        last = [n for run in cell.runs if (n := without_weights(run)) is not None]
        expected = expected_dead(float(_label(experiment, "sparsity_percent")) / 100)
        rows.append(
            (
                experiments()[experiment].title,
                str(len(cell.runs)),
                f"{fmean(dead_outputs(run) for run in cell.runs):.2g}",
                f"{fmean(last):.2g}" if last else "",
                f"{expected:.2g}",
            )
        )
    if rows:
        note = (
            "Means over runs, of LeNet's ten classes. Cut off: no path of weights leads there from the input. No last "
            "weight: those of them that have no weight in the last layer; the others are cut off further up. "
            "Random mask: what a random last layer of this sparsity leaves without a weight, on average."
        )
        header = ("experiment", "runs", "cut off", "no last weight", "random mask")
        yield Grid("Classes cut off from the input", header, rows, note)


def _label(experiment: str, name: str) -> str:
    found = experiments().get(experiment)
    return str(found.labels.get(name, "")) if found else ""
