"""Global average pooling."""

from __future__ import annotations

from torch import Tensor, nn


class GlobalAverage(nn.Module):
    """Mean over the map: ``[B, C, H, W]`` -> ``[B, C]``.

    A plain mean, so that its gradient is deterministic on every device; on a 1x1 map it is the identity.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Average over height and width."""
        return x.mean((-2, -1))
