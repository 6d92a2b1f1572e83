"""Running a network on stated weights under stated masks, without touching its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

Mode = Literal["eval", "train"]
Weights = Mapping[str, Tensor]


def leaves(weights: Weights) -> dict[str, Tensor]:
    """Detached copies that gradients can be taken with respect to."""
    return {n: w.detach().clone().requires_grad_() for n, w in weights.items()}


def under_masks(weights: Weights, live: Weights | None) -> dict[str, Tensor]:
    """``mask * weight`` for each tensor; without masks the weights themselves."""
    return dict(weights) if live is None else {n: w * live[n].to(w.dtype) for n, w in weights.items()}


def run(model: nn.Module, weights: Weights, images: Tensor) -> Tensor:
    """Logits ``[B, classes]`` with the named tensors in place of the network's own.

    In training mode the running statistics of the network move, as in any forward pass.
    """
    logits: Tensor = functional_call(model, dict(weights), (images,))
    return logits


@contextmanager
def in_mode(model: nn.Module, mode: Mode) -> Iterator[None]:
    """Training or evaluation mode inside; every module's own flag is put back at the end."""
    flags = {module: module.training for module in model.modules()}
    model.train(mode == "train")
    try:
        yield
    finally:
        for module, flag in flags.items():
            module.training = flag


def flat(tensors: Mapping[str, Tensor]) -> Tensor:
    """One vector of all tensors, in their order."""
    return torch.cat([t.reshape(-1) for t in tensors.values()])
