"""Bring images to a square of a stated side length."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Images resized per call: bounds the memory of intermediate results.
_AT_ONCE = 4096


def resize(images: Tensor, size: int) -> Tensor:
    """Resize uint8 images as Pillow does: bilinear, antialiased, aspect ratio not kept (flipout sheet, section 3).

    Always computed on the CPU in 8-bit arithmetic. There PyTorch's kernel follows Pillow's (equal to the bit when
    enlarging), which is what the papers' loaders used; the floating-point kernel of a GPU differs from it by one step
    of 255 in a sixth of all pixels, and results would depend on the device.

    Args:
        images: uint8 ``[N, C, H, W]``, on any device.
        size: side length of the result.

    Returns:
        uint8 ``[N, C, size, size]``, on the device of ``images``.
    """
    if images.shape[-2:] == (size, size):
        return images
    parts = [
        F.interpolate(part, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
        for part in images.cpu().split(_AT_ONCE)
    ]
    return torch.cat(parts).to(images.device)
