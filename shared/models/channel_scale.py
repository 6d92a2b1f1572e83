"""A learnable factor per channel: the identity shortcut of the SynFlow code's residual networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelScale(nn.Module):
    """``x * weight`` with a weight ``[C, 1, 1]`` that starts at 1 and is not trained unless asked for.

    Args:
        channels: of the input ``[B, C, H, W]``.
        trained: whether it takes part in training (the published optimiser stepped it; synflow sheet, section 4.6).
    """

    def __init__(self, channels: int, trained: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1), requires_grad=trained)

    def forward(self, x: Tensor) -> Tensor:
        """Scale each channel."""
        return x * self.weight
