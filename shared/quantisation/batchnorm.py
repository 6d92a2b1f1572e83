"""Batch-norm at evaluation, written as the per-channel affine map that it is.

torchao folds every batch-norm it recognises into the convolution before it. The original does not fuse (flipout
sheet, section 4.11), so batch-norm is rewritten to ``y = scale * x + shift`` first, which is also how an eight-bit
batch-norm kernel computes it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from shared.errors import ReproError


class ChannelAffine(nn.Module):
    """``scale * x + shift`` with one scale and one shift per channel (axis 1)."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map to ``x [B, C, ...]``."""
        return torch.addcmul(self.shift, x, self.scale)


def as_affine(norm: _BatchNorm) -> ChannelAffine:
    """The affine map that a batch-norm layer is in evaluation mode.

    Raises:
        ReproError: the layer keeps no running statistics, so it has no fixed map.
    """
    mean, var = norm.running_mean, norm.running_var
    if mean is None or var is None:
        raise ReproError("A batch-norm layer without running statistics cannot be quantised; train it with them.")
    scale = torch.rsqrt(var + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.detach()
    shift = -mean * scale
    if norm.bias is not None:
        shift = shift + norm.bias.detach()
    axes = (-1, 1, 1) if isinstance(norm, nn.BatchNorm2d) else (-1,)
    return ChannelAffine(scale.reshape(axes), shift.reshape(axes))


def replace_batchnorm(model: nn.Module) -> nn.Module:
    """Replace every batch-norm layer of ``model``, in place, by its affine map; returns the model."""
    if isinstance(model, _BatchNorm):
        return as_affine(model)
    for name, child in model.named_children():
        setattr(model, name, replace_batchnorm(child))
    return model
