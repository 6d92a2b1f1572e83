"""From stored bytes to what a network reads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from shared.errors import ReproError


class Normalise:
    """``(x / 255 - mean) / std`` per channel; without ``mean`` and ``std`` only ``x / 255``.

    The operations and their order are torchvision's (``to_dtype(scale=True)``, then ``normalize``), hence the same
    bits. Floating-point examples pass unchanged but for their dtype.

    Args:
        mean, std: one value, or one per channel.
        channels: of the images.
        dtype: of the result.
        device: of the images.
        memory_format: of 4-d results.

    Raises:
        ReproError: if the number of values does not fit the channels.
    """

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        channels: int,
        dtype: torch.dtype,
        device: torch.device,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> None:
        if len(mean) != len(std) or len(mean) not in (0, 1, channels):
            raise ReproError(
                f"The data protocol states {len(mean)} means and {len(std)} standard deviations, but the images have "
                f"{channels} channel(s); state one of each, or one of each per channel."
            )
        self.dtype = dtype
        self.memory_format = memory_format
        self.mean = torch.tensor(mean, dtype=dtype, device=device)[:, None, None] if mean else None
        self.std = torch.tensor(std, dtype=dtype, device=device)[:, None, None] if std else None

    def __call__(self, images: Tensor) -> Tensor:
        """``images``: uint8 ``[B, C, H, W]``, or floating point of any shape -> ``dtype``, same shape."""
        if images.is_floating_point():
            out = images.to(self.dtype)
            return out.contiguous(memory_format=self.memory_format) if out.ndim == 4 else out
        # The change of memory format moves bytes, a quarter of what it would move afterwards.
        out = images.contiguous(memory_format=self.memory_format).to(self.dtype).mul_(1 / 255)
        if self.mean is not None and self.std is not None:
            out = out.sub_(self.mean).div_(self.std)
        return out
