"""SynFlow: the flow that passes through each weight of the absolute-valued network, without data.

``R`` is the summed output for an image of ones; a weight's score ``|w| dR/d|w|`` is the flow through it. R grows
exponentially with depth (1e70 for ResNet-50), so scores are computed in float64 unless the original is to be followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from shared.sparsity.masked import Weights, in_mode, under_masks


def absolute_network(model: nn.Module, weights: Weights, live: Weights | None, dtype: torch.dtype) -> dict[str, Tensor]:
    """Every floating-point tensor of the network's state by absolute value, masks applied to the prunable ones.

    Running means become positive too and are still subtracted (synflow sheet, section 4.3).
    """
    state = {n: t.detach() for n, t in (*model.named_parameters(), *model.named_buffers())}
    state |= under_masks({n: w.detach() for n, w in weights.items()}, live)
    # Every array of this size costs more to allocate than to fill: converted once, then changed in place.
    return {n: t.to(dtype, copy=True).abs_() if t.is_floating_point() else t for n, t in state.items()}


def flow_and_scores(
    model: nn.Module,
    weights: Weights,
    input_shape: Sequence[int],
    *,
    live: Weights | None = None,
    stale: Weights | None = None,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, Tensor]:
    """The flow R of the network and the score of each prunable entry.

    Args:
        model: the network; nothing of it changes.
        weights: the prunable tensors by name, in index order.
        input_shape: of one sample, e.g. ``(3, 32, 32)``.
        live: masks; the score of a masked entry is 0 without ``stale``.
        stale: gradients left over from training, which the original adds to its own (trap 16).
        dtype: of all arithmetic; float32 overflows in deep residual networks (trap 14).

    Returns:
        R (0-d) and the scores ``[n]``, both of ``dtype``.

    Source: synflow sheet, section 4.3.
    """
    state = absolute_network(model, weights, live, dtype)
    theta = {n: state[n].requires_grad_() for n in weights}
    ones = torch.ones(1, *input_shape, dtype=dtype, device=next(iter(theta.values())).device)
    with in_mode(model, "eval"), torch.enable_grad():
        flow = functional_call(model, state, (ones,)).sum()
        gradients = torch.autograd.grad(flow, list(theta.values()))
    scores = ones.new_empty(sum(w.numel() for w in theta.values()))
    parts = scores.split([w.numel() for w in theta.values()])
    for part, (name, weight), gradient in zip(parts, theta.items(), gradients, strict=True):
        if stale is None:
            torch.mul(weight.detach(), gradient, out=part.view(weight.shape))
            continue
        # The original multiplies stored values: what is left over counts for a masked weight too, the flow does not.
        slope = gradient if live is None else gradient * live[name].to(dtype)
        stored = weights[name].detach().to(dtype).abs()
        torch.mul(stored, slope + stale[name].to(dtype), out=part.view(weight.shape))
    return flow.detach(), scores.abs_()


def flow(
    model: nn.Module, weights: Weights, input_shape: Sequence[int], live: Mapping[str, Tensor] | None = None
) -> float:
    """R in float64."""
    return float(flow_and_scores(model, weights, input_shape, live=live)[0])
