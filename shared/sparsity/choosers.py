"""Ways to choose k of the live indices at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from shared.draws import Draws
from shared.sparsity.topk import lowest


def keyed(draws: Draws, purpose: str = "random-pruning", *, epoch: int = 0, step: int = 0) -> Callable[..., Tensor]:
    """Choose by keyed draws: the k lowest of one uniform number per candidate."""

    def choose(candidates: Tensor, k: int) -> Tensor:
        scores = draws.uniform(candidates.numel(), purpose, epoch=epoch, step=step)
        return candidates[lowest(scores, k).to(candidates.device)]

    return choose


def numpy_legacy(generator: np.random.RandomState) -> Callable[..., Tensor]:
    """Choose as the original did: NumPy's legacy ``choice`` without replacement (its stream is frozen by NumPy)."""

    def choose(candidates: Tensor, k: int) -> Tensor:
        return torch.as_tensor(generator.choice(candidates.cpu().numpy(), k, replace=False))

    return choose
