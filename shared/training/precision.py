"""The precision field of a protocol, as dtypes and contexts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from shared.errors import ReproError
from shared.protocol import Precision

DTYPES: dict[Precision, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.float32,
    "tf32-compiled": torch.float32,
    "bf16-compiled": torch.float32,
}


def storage_dtype(precision: Precision) -> torch.dtype:
    """The dtype of parameters and of the images handed to the network."""
    return DTYPES[precision]


def compiled(precision: Precision) -> bool:
    """Whether the network's training step is compiled: part of the precision, because it changes the last bits."""
    return precision.endswith("-compiled")


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context of a forward pass: bfloat16 autocast for ``bf16``, nothing otherwise."""
    if precision.startswith("bf16"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def backend(precision: Precision, device: torch.device) -> Iterator[None]:
    """Deterministic kernels, and TF32 exactly where the protocol says so; previous settings are put back.

    Raises:
        ReproError: if TF32 or a compiled network is asked for where there is no CUDA device.
    """
    if precision.startswith("tf32") and device.type != "cuda":
        raise ReproError(f"precision {precision} needs a CUDA device; use float32 on this machine.")
    if precision.endswith("compiled") and device.type != "cuda":
        raise ReproError(f"precision {precision} needs a CUDA device; leave out -compiled on this machine.")
    cudnn: Any = torch.backends.cudnn
    matmul: Any = torch.backends.cuda.matmul
    before = (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32)
    cudnn.deterministic, cudnn.benchmark = True, False
    cudnn.allow_tf32 = matmul.allow_tf32 = precision.startswith("tf32")
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
