"""Weights that lie on a path of live weights from input to output, and how many such paths there are.

A live weight on no such path cannot change any output (biases carry nothing): direct sparsity overstates what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from shared.models.channel_scale import ChannelScale
from shared.sparsity.accounting import evaluating
from shared.sparsity.masks import NORMS, WEIGHTED


def effective_masks(
    model: nn.Module, live: Mapping[str, Tensor], input_shape: Sequence[int]
) -> tuple[dict[str, Tensor], float]:
    """Masks reduced to the weights on at least one input-output path, and the number of paths.

    The network runs in float64 on an image of ones with weights 0 or 1, biases 0 and normalisation off: an output
    counts the paths that arrive, and the product of a weight with its gradient counts those through it. The number of
    paths overflows to infinity in deep networks, so the masks come from a second run whose layers average.

    Args:
        model: a network as in ``shared.sparsity.collapse.connected_outputs``; nothing of it changes.
        live: bool masks by parameter name.
        input_shape: of one sample.

    Returns:
        Bool masks by name (False for what lies on no path), and the number of paths (average pools divide it).

    Source: synflow sheet, sections 4.9 and 11 (effective and direct sparsity).
    """
    paths, _ = _flow(model, live, input_shape, averaging=False)
    _, through = _flow(model, live, input_shape, averaging=True)
    return {n: (through[n] > 0) & live[n] for n in live}, paths


def _flow(
    model: nn.Module, live: Mapping[str, Tensor], input_shape: Sequence[int], *, averaging: bool
) -> tuple[float, dict[str, Tensor]]:
    state = {n: torch.zeros_like(t, dtype=torch.float64) for n, t in model.named_parameters()}
    state |= {n: torch.zeros_like(t, dtype=torch.float64) for n, t in model.named_buffers()}
    for path, module in model.named_modules():
        prefix = f"{path}." if path else ""
        if isinstance(module, WEIGHTED + NORMS + (ChannelScale,)):
            for name in ("weight", "running_var"):
                if f"{prefix}{name}" in state:
                    state[f"{prefix}{name}"].fill_(1)
    state |= {n: m.to(torch.float64) for n, m in live.items() if not n.endswith("bias")}
    if averaging:
        state |= {n: w / w[0].numel() for n, w in state.items() if n in live and w.ndim > 1}
    theta = [state[n].requires_grad_() for n in live]
    device = theta[0].device
    with evaluating(model), torch.enable_grad():
        total = functional_call(model, state, (torch.ones(1, *input_shape, dtype=torch.float64, device=device),)).sum()
        gradients = torch.autograd.grad(total, theta)
    through = {n: (w.detach() * g) for n, w, g in zip(live, theta, gradients, strict=True)}
    return float(total.detach()), through
