"""How dense a network shall be after each of several prunings, and how many weights that is.

The density is the fraction of the prunable weights that remains; a compression ratio is its reciprocal.
"""

from __future__ import annotations

import math
from typing import Literal

from shared.errors import ReproError

Kind = Literal["exponential", "linear"]


def densities(final: float, rounds: int, kind: Kind = "exponential") -> list[float]:
    """Density after each round: ``final^(e/n)``, or ``1 - (1 - final) e/n`` with e/n computed first.

    Source: synflow sheet, section 4.1 (another order of the linear form shifts some counts by one).
    """
    if kind == "exponential":
        return [final ** (e / rounds) for e in range(1, rounds + 1)]
    return [1 - (1 - final) * (e / rounds) for e in range(1, rounds + 1)]


def removed_by_threshold(total: int, density: float) -> int:
    """``int((1 - density) * total)`` in double precision: what the original code ranks off (ties aside)."""
    return int((1.0 - density) * total)


def removed_exactly(total: int, density: float) -> int:
    """``floor((1 - density) * total + 1e-9)``: the same, safe against the last bit of the product (sheet 4.9)."""
    return math.floor((1 - density) * total + 1e-9)


def of_ratio(ratio: float) -> float:
    """Density of a compression ratio: 10 keeps one weight in ten.

    Raises:
        ReproError: below 1, where nothing is compressed.
    """
    if not 1 <= ratio < math.inf:
        raise ReproError(f"A compression ratio is at least 1 (10 keeps one weight in ten), not {ratio:g}.")
    return 1 / ratio


def of_exponent(exponent: float) -> float:
    """Density of a compression exponent: ``10 ** -c``, as the SynFlow code reads its ``--compression``."""
    return float(10 ** (-float(exponent)))


def largest_exponent(total: int, tensors: int) -> float:
    """log10 of the maximal compression ``total / tensors``: beyond it some tensor must be empty."""
    return math.log10(total / tensors)


def count_is_off(remaining: int, total: int, density: float) -> bool:
    """Whether the original aborts: the count differs from ``density * total`` by 5 weights or more."""
    return abs(remaining - total * density) >= 5
