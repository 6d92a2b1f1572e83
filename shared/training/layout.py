"""How weights and images lie in memory."""

from __future__ import annotations

import torch
from torch import nn

BLOCK = 16
"""Input channels that oneDNN takes at once with AVX-512; with AVX2 it is 8."""


def layout(model: nn.Module, device: torch.device) -> torch.memory_format:
    """The memory format of a network's weights and of its images.

    Channels last: tensor cores want it, and on a CPU it was as fast or faster at every width measured. Thin residual
    networks on a CPU are the exception: the gradient of a strided 1x1 convolution with fewer input channels than a
    block is written past its buffer there, which gives wrong gradients, a crash or a hang (oneDNN issue 6035, seen with
    torch 2.14.1).
    """
    risky = device.type == "cpu" and any(_overruns(m) for m in model.modules())
    return torch.contiguous_format if risky else torch.channels_last


def _overruns(module: nn.Module) -> bool:
    if not isinstance(module, nn.Conv2d) or max(module.kernel_size) > 1 or max(module.stride) == 1:
        return False
    return module.in_channels // module.groups < BLOCK
