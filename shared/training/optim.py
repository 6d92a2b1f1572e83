"""Optimisers and their hyper-parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from shared.protocol import Optimizer, Schedule


def build_optimizer(spec: Optimizer, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of a phase, with coupled L2 decay on every parameter (flipout sheet 4.1, step 7).

    Args:
        spec: name and hyper-parameters.
        parameters: what it updates; their device decides between fused and capturable kernels.
    """
    params = list(parameters)
    cuda = bool(params) and params[0].is_cuda
    common: dict[str, Any] = {"lr": spec.lr, "weight_decay": spec.weight_decay}
    if spec.name == "sgd":
        return torch.optim.SGD(params, momentum=spec.momentum, nesterov=spec.nesterov, fused=True, **common)
    if spec.name == "adam":
        return torch.optim.Adam(params, betas=(0.9, 0.999), eps=1e-8, fused=True, capturable=cuda, **common)
    return torch.optim.RMSprop(params, alpha=0.99, eps=1e-8, momentum=spec.momentum, capturable=cuda, **common)


def set_hyperparameters(
    optimizer: torch.optim.Optimizer, *, lr: float | None = None, weight_decay: float | None = None
) -> None:
    """Change learning rate or weight decay of every parameter group."""
    for group in optimizer.param_groups:
        if lr is not None:
            group["lr"] = lr
        if weight_decay is not None:
            group["weight_decay"] = weight_decay


def learning_rate(base: float, schedule: Schedule, epoch: int) -> float:
    """The scheduled learning rate in force during an epoch (from 1): a milestone acts after its epoch."""
    if schedule.epochs is not None:
        return base * max(0.0, 1 - epoch / schedule.epochs)
    return base * schedule.gamma ** sum(epoch > milestone for milestone in schedule.milestones)
