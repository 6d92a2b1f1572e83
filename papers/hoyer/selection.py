"""Which epoch of a finetuning the original scripts report and save (sheet 4.7 to 4.9)."""

from __future__ import annotations

from collections.abc import Sequence


def first_before_epoch(pruned: float, after: Sequence[float]) -> tuple[int, float]:
    """Std-ratio script: the first maximum of what is measured *before* each epoch.

    The pruned network competes; what the last epoch gives is never measured.

    Args:
        pruned: accuracy after pruning.
        after: accuracy after each epoch.

    Returns:
        0-based epoch and accuracy.
    """
    before = [pruned, *after[:-1]]
    best = max(before)
    return before.index(best), best


def best_after_epoch(after: Sequence[float]) -> int:
    """CIFAR script: the first maximum after an epoch (0-based); the pruned network never competes."""
    return max(range(len(after)), key=lambda e: after[e])


def strictly_better(pruned: float, after: Sequence[float]) -> int:
    """ImageNet script, on top-5: an epoch replaces only a strictly smaller value; -1 is the pruned network."""
    best, chosen = pruned, -1
    for epoch, value in enumerate(after):
        if value > best:
            best, chosen = value, epoch
    return chosen
