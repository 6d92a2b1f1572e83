"""Erdos-Renyi(-kernel) layer densities: larger layers sparser (Evci et al., 2020; dsr sheet, section 4.16).

Outside the papers that are judged here, but what a user of dynamic sparse training expects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from shared.errors import ReproError, unknown

KINDS = ("erk", "er")


def raw_density(shape: Sequence[int], kind: str = "erk", power: float = 1.0) -> float:
    """``(sum of dims / product of dims)^power`` for ``erk``; over two dimensions, without the power, for ``er``.

    Args:
        shape: of the weight; for ``er`` its outputs and inputs count (the first two of ``[out, in, ...]``).
        kind: which rule.
        power: exponent of ``erk``.
    """
    if kind not in KINDS:
        raise unknown("Erdos-Renyi rule", kind, KINDS)
    if kind == "er":
        return sum(shape[:2]) / math.prod(shape[:2])
    return float((sum(shape) / math.prod(shape)) ** power)


def sparsities(
    shapes: Sequence[Sequence[int]],
    sparsity: float,
    *,
    kind: str = "erk",
    power: float = 1.0,
    custom: Mapping[int, float] | None = None,
) -> list[float]:
    """Sparsity of every tensor so that the whole has ``sparsity``; tensors that would exceed density 1 become dense.

    Args:
        shapes: of the tensors.
        sparsity: overall fraction removed.
        kind, power: see ``raw_density``.
        custom: stated sparsities of some tensors (by index), which the budget ignores.

    Raises:
        ReproError: if every tensor would have to be dense.
    """
    custom = custom or {}
    sizes = [math.prod(s) for s in shapes]
    raw = [raw_density(s, kind, power) for s in shapes]
    others = [i for i in range(len(shapes)) if i not in custom]
    dense: set[int] = set()
    while True:
        sparse = [i for i in others if i not in dense]
        zeros = {i: math.floor(sparsity * sizes[i]) for i in others}
        budget = sum(sizes[i] - zeros[i] for i in sparse) - sum(zeros[i] for i in dense)
        weight = sum(raw[i] * sizes[i] for i in sparse)
        if not sparse or weight <= 0:
            raise ReproError(f"No Erdos-Renyi densities give sparsity {sparsity:g}; choose a higher one.")
        scale = budget / weight
        largest = max(raw[i] for i in sparse)
        if scale * largest <= 1:
            break
        dense |= {i for i in sparse if raw[i] == largest}
    return [custom[i] if i in custom else 0.0 if i in dense else 1 - scale * raw[i] for i in range(len(shapes))]


def kept(size: int, sparsity: float) -> int:
    """Weights a tensor keeps: ``floor(sparsity * n)`` are removed."""
    return size - math.floor(sparsity * size)
