"""One-shot thresholds of single tensors, in the precision of the tensor (hoyer sheet 4.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.topk import highest

Rule = Literal["absolute", "std-ratio"]


def absolute(weights: Tensor, s: float) -> Tensor:
    """The threshold ``s`` itself, rounded to the tensor's precision."""
    return torch.tensor(s, dtype=weights.dtype, device=weights.device)


def std_ratio(weights: Tensor, s: float) -> Tensor:
    """``s`` times the population standard deviation of the whole tensor, its zeros included."""
    return s * weights.std(correction=0)


RULES: dict[str, Callable[[Tensor, float], Tensor]] = {"absolute": absolute, "std-ratio": std_ratio}


def keep(weights: Tensor, threshold: Tensor) -> Tensor:
    """Where ``|w|`` is at least the threshold: equality is kept, so a threshold of 0 removes nothing."""
    return ~(weights.abs() < threshold)


def ratios(weights: Tensor, rule: Rule) -> Tensor:
    """The threshold at which each weight would go: ``|w|`` over what the rule multiplies.

    A constant tensor has no standard deviation and is never pruned by it: infinity; a zero is gone already: 0.
    """
    unit = RULES[rule](weights, 1.0)
    return torch.where(weights == 0, 0.0, weights.abs() / unit)


def reaching(tensors: Mapping[str, Tensor], rule: Rule, count: int) -> tuple[float, dict[str, Tensor]]:
    """The threshold of a rule that leaves so many weights over all tensors together (hoyer sheet 4.11 and 11).

    Args:
        tensors: by name.
        rule: what the threshold is relative to.
        count: weights to keep; among equal ratios those of lower position stay.

    Returns:
        The ratio of the weakest weight that is kept (infinity if none is), and which stay, by name; exactly ``count``.
    """
    found = {n: ratios(w, rule) for n, w in tensors.items()}
    every = torch.cat([r.reshape(-1) for r in found.values()])
    keep = highest(every, count)
    weakest = float(every[keep].min()) if count else float("inf")
    parts = keep.split([r.numel() for r in found.values()])
    return weakest, {n: part.view_as(r) for (n, r), part in zip(found.items(), parts, strict=True)}
