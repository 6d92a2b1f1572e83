"""What a loader hands out."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """One mini-batch: images ``[B, C, H, W]`` (or ``[B, D]``) and labels ``[B]``."""

    images: Tensor
    labels: Tensor
