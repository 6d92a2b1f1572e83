"""Per-layer counts of tickets, and what answer42's hybrid tickets do differently."""

from __future__ import annotations

from collections.abc import Sequence

from shared.sparsity.smart_ratios import Rule, answer42_ratios, smart_counts


def ticket_counts(sizes: Sequence[int], linear: Sequence[bool], rule: Rule, *, hybrid: bool = False) -> list[int]:
    """Weights to keep of each layer.

    Hybrid tickets of ``answer42`` let the last layer have what the cascade brings it; random ones never do (sheet 4.2).
    """
    if hybrid and rule.arithmetic == "answer42":
        return [int(r * n) for r, n in zip(answer42_ratios(sizes, linear, rule), sizes, strict=True)]
    return smart_counts(sizes, linear, rule)
