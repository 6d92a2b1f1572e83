"""The FlipOut code's own FLOP counter, for comparison only (flipout sheet, section 4.12).

It is not a count of what is left to compute: it sees channels, not weights, and a filter whose weights sum to 0 counts
as absent. ``shared.sparsity.accounting`` has the honest counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from shared.errors import ReproError
from shared.sparsity.accounting import observe


def published_flops(model: nn.Module, input_shape: Sequence[int]) -> tuple[int, int]:
    """Multiply-adds of one sample as the original counts them: ``(total, nonzero)``.

    Every convolution is taken to have "same" padding, hence ceil(input side / stride) positions per axis. The non-zero
    figure replaces the numbers of input and output channels by those whose signed weight sum differs from 0.

    Args:
        model: convolutions (without groups) and linear layers are counted; their current weights decide.
        input_shape: of one sample, e.g. ``(3, 32, 32)``.

    Raises:
        ReproError: for grouped convolutions, which the original has no rule for.
    """
    total = nonzero = 0
    weights = {n: m.weight.detach() for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)}

    def count(name: str, module: nn.Module, inputs: Tensor, output: Tensor) -> None:
        nonlocal total, nonzero
        if not isinstance(module, nn.Linear | nn.Conv2d):
            return
        work = 1
        if isinstance(module, nn.Conv2d):
            if module.groups != 1:
                raise ReproError(
                    f"The FlipOut code's FLOP counter has no rule for grouped convolutions ({name}); use layer_table."
                )
            work = math.prod(module.kernel_size)
            work *= math.prod(math.ceil(n / s) for n, s in zip(inputs.shape[2:], module.stride, strict=True))
        weight = weights[name]
        outs, ins = weight.shape[:2]
        per_channel = weight.flatten(2).sum(2) if weight.dim() > 2 else weight
        live_ins, live_outs = int(per_channel.sum(0).count_nonzero()), int(per_channel.sum(1).count_nonzero())
        total += ins * outs * work
        nonzero += live_ins * live_outs * work

    observe(model, input_shape, count)
    return total, nonzero
