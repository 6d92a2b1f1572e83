"""Iterative magnitude pruning in steps towards a target sparsity (dsr sheet, section 4.8). Epochs count from 1."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

Shape = Literal["exponential", "cubic"]


def step_fractions(target: float, steps: int, shape: Shape) -> list[float]:
    """Fraction of the remaining weights that each of ``steps`` prunings removes to end at ``target`` sparsity.

    ``exponential``: the same fraction ``1 - (1 - s)^(1/n)`` each time. ``cubic`` (Zhu and Gupta, 2017): the sparsity
    after pruning k + 1 is ``s * (1 - (1 - (k + 1)/n)^3)``.
    """
    if shape == "exponential":
        return [1 - (1 - target) ** (1 / steps)] * steps
    rest = [(1 - k / steps) ** 3 for k in range(steps + 1)]
    return [1 - (1 - target + target * b) / (1 - target + target * a) for a, b in pairwise(rest)]


def step_epochs(first: int, interval: int, steps: int) -> list[int]:
    """Epochs that are followed by a pruning."""
    return [first + interval * k for k in range(steps)]


def epochs_needed(first: int, interval: int, steps: int, fine_tune: int) -> int:
    """Length of the phase: ``fine_tune`` epochs from the last pruned one on, itself included.

    The published options count epochs from 0 (``start + interval * (n - 1) + post``); ``first`` here counts from 1.
    """
    return first - 1 + interval * (steps - 1) + fine_tune


def remaining_after(total: int, fractions: list[float], extra: int = 1) -> list[int]:
    """Weights of one tensor after each pruning that drops ``int(f * n) + extra``."""
    left, out = total, []
    for fraction in fractions:
        left -= min(left, int(fraction * left) + extra)
        out.append(left)
    return out


def last_layer_targets(target: float, others: int, last: int, limit: float = 0.9) -> tuple[float, float]:
    """Targets of the other layers and of the last, where a small last layer is spared: (others, last).

    Above ``limit`` (strictly) the last layer stops at ``limit`` and the others make up for it
    (dsr sheet, section 4.8, LeNet-300-100: ``others`` 265200, ``last`` 1000).
    """
    if target <= limit:
        return target, target
    kept_last = round(last * (1 - limit))
    return 1 - ((1 - target) * (others + last) - kept_last) / others, limit
