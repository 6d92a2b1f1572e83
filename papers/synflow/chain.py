"""SynFlow scores of a large chain network, layer by layer, in the memory of its largest block and not of all scores.

VGG-19 on ImageNet has 144 million weights; all their scores in float64, with the gradients and the weights they come
from, take over 7 GB. In a chain the gradient at a layer's output is all that its scores need, so that they can be made,
used and dropped one block of rows at a time. The numbers are those of ``shared.sparsity.synflow.flow_and_scores``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

ROWS = 512
"""Outputs of a linear layer in one block."""
Take = Callable[[str, int, "Tensor"], None]
"""Receives a parameter's name, the first output of a block, and the scores of the block ``[outputs, ...]``."""


def flow_by_layer(network: nn.Module, input_shape: Sequence[int], take: Take) -> float:
    """The flow R in float64, handing on the score of every weight and bias.

    Args:
        network: layers with parameters are convolutions or linear layers; every leaf follows the one before it.
        input_shape: of one sample.
        take: called from the last layer to the first.
    """
    import torch

    leaves = [(name, m) for name, m in network.named_modules() if not list(m.children())]
    values = [torch.ones(1, *input_shape, dtype=torch.float64)]
    with torch.no_grad():
        for _, module in leaves:
            values.append(_forward(module, values[-1]))
    flow = float(values.pop().sum())
    slope = torch.ones_like(_forward(leaves[-1][1], values[-1]))
    for (name, module), value in zip(reversed(leaves), reversed(values), strict=True):
        slope = _backward(name, module, value, slope, take)
    return flow


def _blocks(layer: nn.Linear) -> Iterator[tuple[int, Tensor]]:
    for first in range(0, layer.out_features, ROWS):
        yield first, layer.weight[first : first + ROWS].detach().abs().double()


def _forward(module: nn.Module, value: Tensor) -> Tensor:
    import torch
    from torch import nn

    if isinstance(module, nn.Linear):
        out = torch.cat([value @ rows.T for _, rows in _blocks(module)], 1)
        return out if module.bias is None else out + module.bias.detach().abs().double()
    if isinstance(module, nn.Conv2d):
        return _convolved(module, value, *_absolute(module))
    assert next(module.parameters(), None) is None, f"{type(module).__name__} is not a layer of a chain"
    out = module.eval()(value)
    assert isinstance(out, torch.Tensor)
    return out


def _absolute(layer: nn.Conv2d) -> tuple[Tensor, Tensor | None]:
    bias = None if layer.bias is None else layer.bias.detach().abs().double()
    return layer.weight.detach().abs().double(), bias


def _convolved(layer: nn.Conv2d, value: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    import torch.nn.functional as F

    return F.conv2d(value, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)


def _backward(name: str, module: nn.Module, value: Tensor, slope: Tensor, take: Take) -> Tensor:
    """Hand on the scores of a layer; the gradient at its input."""
    import torch
    from torch import nn

    if isinstance(module, nn.Linear):
        below = torch.zeros_like(value)
        for first, rows in _blocks(module):
            part = slope[:, first : first + len(rows)]
            below += part @ rows
            take(f"{name}.weight", first, rows.mul_(value[0]).mul_(part[0, :, None]))
        if module.bias is not None:
            take(f"{name}.bias", 0, module.bias.detach().abs().double() * slope[0])
        return below
    value = value.requires_grad_()
    if isinstance(module, nn.Conv2d):
        weight, bias = (None if p is None else p.requires_grad_() for p in _absolute(module))
        assert weight is not None
        own = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        out = _convolved(module, value, weight, bias)
        below, *slopes = torch.autograd.grad(out, [value, *own.values()], slope)
        for (kind, parameter), gradient in zip(own.items(), slopes, strict=True):
            take(f"{name}.{kind}", 0, parameter.detach() * gradient)
        return below
    (below,) = torch.autograd.grad(module(value), [value], slope)
    return below
