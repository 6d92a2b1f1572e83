"""Which epoch is reported where not the last one is: the best on the evaluated split, by three rules.

All choose the first of equals, and all are optimistic where the split is the test set (hoyer sheet, trap 6).
"""

from __future__ import annotations

from collections.abc import Sequence


def best_before_epoch(pruned: float, after: Sequence[float]) -> tuple[int, float]:
    """The first maximum of what is measured *before* each epoch of a finetuning.

    The pruned network competes; what the last epoch gives is never measured (hoyer sheet 4.7).

    Args:
        pruned: accuracy after pruning, or the number of correct answers.
        after: the same after each epoch; at least one.

    Returns:
        0-based epoch and value.
    """
    before = [pruned, *after[:-1]]
    epoch = best_after_epoch(before)
    return epoch, before[epoch]


def best_after_epoch(after: Sequence[float]) -> int:
    """The first maximum of what is measured after each epoch, 0-based (hoyer sheet 4.8)."""
    return max(range(len(after)), key=lambda epoch: after[epoch])


def best_or_pruned(pruned: float, after: Sequence[float]) -> int:
    """The first maximum over the pruned network and what is measured after each epoch (hoyer sheet 4.9, on top-5).

    Args:
        pruned: accuracy after pruning, or the number of correct answers.
        after: the same after each epoch.

    Returns:
        0-based epoch; -1 where no epoch is better than the pruned network.
    """
    return best_after_epoch([pruned, *after]) - 1
