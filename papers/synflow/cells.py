"""What the runs of the assignment say, cell by cell, as plain numbers: a network, a pruner, a ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import RATIOS, SPOKEN
from shared.appendix import Cell, Evidence, Run

NETWORKS = {"vgg16": "VGG-16", "resnet50": "ResNet-50"}
TABLE = "assignment"


@dataclass(frozen=True)
class Range:
    """A number over the seeds of a cell: mean, extremes, how many."""

    mean: float
    low: float
    high: float
    n: int

    def text(self, digits: int = 2) -> str:
        """``88.20 (87.90 to 88.50)``; the mean alone of a single run."""
        spread = f" ({self.low:.{digits}f} to {self.high:.{digits}f})" if self.n > 1 else ""
        return f"{self.mean:.{digits}f}{spread}"


def over(runs: Sequence[Run], read: Callable[[Run], float | None]) -> Range | None:
    """A number over runs; those that do not have it are left out."""
    found = [x for run in runs if (x := read(run)) is not None]
    return Range(fmean(found), min(found), max(found), len(found)) if found else None


def cell(evidence: Evidence, network: str, pruner: str, ratio: int) -> Cell | None:
    """The runs of a cell of the assignment, if there are any."""
    return evidence.get(f"{TABLE}/{network}/{pruner}/{ratio}x")


def swept(evidence: Evidence, read: Callable[[Run], float | None]) -> dict[str, dict[int, Range]]:
    """VGG-16: a number by pruner and ratio, where there are runs."""
    out: dict[str, dict[int, Range]] = {}
    for pruner in PRUNERS:
        for ratio in RATIOS:
            there = cell(evidence, "vgg16", pruner, ratio)
            found = over(there.runs, read) if there else None
            if found is not None:
                out.setdefault(pruner, {})[ratio] = found
    return out


def accuracy(run: Run) -> float | None:
    """Top-1 test accuracy after the last epoch, in percent."""
    return run.metric("top1_accuracy")


def operations(run: Run) -> float:
    """Multiply-adds of live weights, in percent of all."""
    return 100 * float(run.outcome.macs_sparse) / float(run.outcome.macs_dense)


def timed(network: str, field: str) -> Callable[[Run], float | None]:
    """A field of what ``shared.sparsity.inference`` measured: of ``dense``, ``pruned`` or ``compact``.

    Where no whole channel is gone the compact network is the pruned one.
    """

    def read(run: Run) -> float | None:
        measured: dict[str, Any] | None = run.outcome.extra.get("inference")
        if measured is None:
            return None
        return float((measured.get(network) or measured["pruned"])[field])

    return read


def densities(run: Run) -> dict[str, float]:
    """Percent of the weights left in each prunable tensor, by name."""
    return {layer.name: 100 * layer.remaining / layer.total for layer in run.outcome.layers}


def layer_operations(run: Run) -> dict[str, int]:
    """Multiply-adds of live weights in each layer for one sample, by name."""
    return {layer.name: layer.remaining * layer.positions for layer in run.outcome.layers}


def chance(run: Run) -> float:
    """Accuracy of a constant answer, in percent."""
    return 100 / run.protocol.model.classes


def name(pruner: str) -> str:
    """As the report calls it: the assignment's Mag is pruned after training (trap 18)."""
    return "Mag after training" if pruner == "mag" else SPOKEN[pruner]
