"""Numbers that need no training, from the product's own networks: parameters at every sparsity (dsr sheet, section 2).

Heavy imports stay inside the functions: a count is only taken when its claim is judged.
"""

from __future__ import annotations

import math
from functools import cache

from papers.dsr.settings import DENSE, DOWNSAMPLE_SPARSE, model_for
from shared.sparsity import gradual

Shape = tuple[int, ...]


@cache
def shapes(
    network: str, width: float = 1.0, *, batchnorm: bool = True, downsample: bool = False
) -> tuple[tuple[Shape, ...], int]:
    """Shapes of the prunable tensors in module order, and the number of all other parameters."""
    from shared.models.registry import build
    from shared.sparsity.masks import prunable_parameters

    model = build(model_for(network, width, batchnorm=batchnorm))
    rule = DOWNSAMPLE_SPARSE if downsample else DENSE[network]
    prunable = [tuple(p.shape) for p in prunable_parameters(model, rule).values()]
    total = sum(p.numel() for p in model.parameters())
    return tuple(prunable), total - sum(map(math.prod, prunable))


def trainable(
    network: str, sparsity: float, *, width: float = 1.0, granularity: str = "weight", batchnorm: bool = True,
    downsample: bool = False,
) -> int:  # fmt: skip
    """Active weights and all dense parameters of a sparse network as it starts."""
    from shared.sparsity.units import active_count, unit_size

    prunable, fixed = shapes(network, width, batchnorm=batchnorm, downsample=downsample)
    kept = 0
    for shape in prunable:
        size = unit_size(shape, granularity)  # type: ignore[arg-type]
        kept += active_count(math.prod(shape) // size, sparsity) * size
    return kept + fixed


def tied(network: str, sparsity: float, width: float = 1.0) -> int:
    """Bank values and all other parameters of a network with tied parameters."""
    from shared.sparsity.tying import bank_size

    prunable, fixed = shapes(network, width)
    return sum(bank_size(math.prod(s), sparsity) for s in prunable) + fixed


def gradually_pruned(network: str, target: float, shape: gradual.Shape, steps: int, extra: int, width: float) -> int:
    """Parameters left at the end of iterative pruning, which counts in each tensor."""
    prunable, fixed = shapes(network, width)
    fractions = gradual.step_fractions(target, steps, shape)
    return sum(gradual.remaining_after(math.prod(s), fractions, extra)[-1] for s in prunable) + fixed


def dense(network: str, width: float = 1.0, *, batchnorm: bool = True) -> int:
    """All parameters."""
    prunable, fixed = shapes(network, width, batchnorm=batchnorm)
    return sum(map(math.prod, prunable)) + fixed
