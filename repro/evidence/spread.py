"""Metrics of how a run left its weights spread over the prunable tensors (dsr sheet, claims C4 and C11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.evidence.outcome import Outcome

DIGITS = 1
"""Sparsities are compared to a tenth of a point: counts are whole, so uniform masks differ by less than that."""


def spread_metric(outcome: Outcome, name: str) -> float | None:
    """A metric of the layer table, ``None`` where the run has none or lacks the tensor.

    Args:
        outcome: what came out.
        name: ``density_lead:TENSOR`` (density of that tensor minus the largest of the others, in points),
            ``sparsity_by_size`` or ``sparsity_by_depth`` (Spearman's correlation over the tensors between the final
            sparsity and the tensor's size, or its place from the input on; 0 where all are equally sparse).
    """
    if not name.startswith(("density_lead:", "sparsity_by_")):
        return None
    sparsity = {x.name: 100 * (1 - x.remaining / x.total) for x in outcome.layers}
    if name.startswith("density_lead:"):
        own = name.partition(":")[2]
        others = [s for n, s in sparsity.items() if n != own]
        return min(others) - sparsity[own] if own in sparsity and others else None
    if len(sparsity) < 2:
        return None
    if name == "sparsity_by_size":
        return spearman([x.total for x in outcome.layers], [round(s, DIGITS) for s in sparsity.values()])
    if name == "sparsity_by_depth":
        return spearman(range(len(sparsity)), [round(s, DIGITS) for s in sparsity.values()])
    return None


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation with mean ranks for ties; 0 where a side does not vary.

    Args:
        x, y: as many numbers each.
    """
    a, b = _centred_ranks(x), _centred_ranks(y)
    norm = (sum(v * v for v in a) * sum(v * v for v in b)) ** 0.5
    return sum(v * w for v, w in zip(a, b, strict=True)) / norm if norm else 0.0


def _centred_ranks(values: Sequence[float]) -> list[float]:
    """Twice the rank minus its mean: values below, minus values above."""
    return [sum((w < v) - (w > v) for w in values) for v in values]
