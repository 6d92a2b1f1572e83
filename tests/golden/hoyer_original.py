"""What DeepHoyer's scripts print and choose that nothing here does: it explains numbers of the reference file.

No run uses these: ours report alive structure (``shared.sparsity.alive``), resume exactly, and never choose by top-5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.sparsity.alive import Alive, alive

if TYPE_CHECKING:
    from torch import Tensor


def cifar_table(weights: Mapping[str, Tensor]) -> tuple[dict[str, Alive], int, int]:
    """The structural table of the CIFAR script, with its faults.

    It leaves out names with ``bn`` but counts other batch-norm gammas (a projection's ``downsample.1``, VGG's
    ``features.N``) and repeats the previous row's dimensions for them.

    Args:
        weights: tensors named weight, by their original names, in construction order.

    Returns:
        Rows by name, elements that are not 0, and all elements.
    """
    rows: dict[str, Alive] = {}
    kept = total = 0
    last: Alive | None = None
    for name, tensor in weights.items():
        if "bn" in name:
            continue
        kept, total = kept + int((tensor != 0).sum()), total + tensor.numel()
        last = alive(tensor) if tensor.ndim > 1 else last
        assert last is not None
        rows[name] = last
    return rows, kept, total


def totals(kept: int, total: int) -> dict[str, Any]:
    """The last lines of every report: alive, pruned, compression and percentage with two decimals."""
    return {
        "alive": kept,
        "pruned": total - kept,
        "total": total,
        "compression_2dp": f"{total / kept:.2f}" if kept else "inf",
        "percent_pruned_2dp": f"{100 * (total - kept) / total:.2f}",
    }


def resumed_rates(base: float, milestones: Sequence[int], gamma: float, first: int, epochs: int) -> list[float]:
    """Learning rates of the original from 0-based epoch ``first`` on, which forgets the steps before it.

    The rate is a global that is multiplied when an epoch *is* a milestone, so a resumed run begins again at its initial
    value. Ours resume exactly; this is for reading the originals' logs.
    """
    rates, rate = [], base
    for epoch in range(first, epochs):
        rate = rate * gamma if epoch in milestones else rate
        rates.append(rate)
    return rates
