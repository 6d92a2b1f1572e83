"""What a device is called in records and measurements."""

from __future__ import annotations

import platform

import torch


def device_name(device: torch.device) -> str:
    """The GPU's own name, or a CPU's kind and the vector instructions that torch uses on it.

    The instructions belong to the name since they decide which kernels run, and with them speed and rounding.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.backends.cpu.get_cpu_capability()}"
