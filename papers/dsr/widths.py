"""Thin dense networks of a parameter budget: the width is solved for (dsr sheet, section 2 and trap 7)."""

from __future__ import annotations

from functools import cache


def lenet_parameters(hidden: tuple[int, int]) -> int:
    """All parameters of LeNet with normalisation and these hidden widths."""
    first, second = hidden
    return 784 * first + first * second + 10 * second + 2 * (first + second + 10)


@cache
def lenet_width(sparsity: float) -> float:
    """The width multiplier whose dense LeNet has the parameter count nearest to that of the sparse one.

    The steps of the first layer are the finest there are; the second follows in proportion.
    """
    from shared.models.sizing import scaled

    budget = 820 + int((1 - sparsity) * 235_200 + 0.1) + int((1 - sparsity) * 30_000 + 0.1)
    budget += int((1 - sparsity) * 1_000 + 0.1)
    widths = [n / 300 for n in range(1, 301)]
    return min(widths, key=lambda k: abs(lenet_parameters((scaled(300, k), scaled(100, k))) - budget))
