"""Element-wise work of a method as one kernel on a GPU.

A method's bookkeeping touches every weight several times a step. On a GPU that traffic costs more than the arithmetic,
so the same functions are compiled there; on a CPU they run as written. Counters and masks are the same either way.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch


def fused(function: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """The function, compiled where the device is a GPU and a compiler for it is installed.

    Args:
        function: of lists of tensors, in place, without a read-back to the host; its shapes must not change.
        device: where the tensors live.
    """
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return function
    compiled: Callable[..., Any] = torch.compile(function, dynamic=False, fullgraph=True)
    return compiled
