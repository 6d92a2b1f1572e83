"""One-shot thresholds of single tensors, in the precision of the tensor (hoyer sheet 4.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

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
