"""Channels of a network in evaluation mode that are the same number for every image: what pruning leaves behind."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from shared.sparsity.channels import Channels, adds, keeps

Constant = tuple[Tensor, Tensor]
"""Which channels are constant (bool), and their values (0 elsewhere)."""


@torch.no_grad()
def constants(found: Channels) -> dict[fx.Node, Constant]:
    """The constant channels of every value whose channels are known.

    A layer's output is constant where all weights on inputs that are not constantly 0 are 0: it is the bias then.
    """
    known: dict[fx.Node, Constant] = {}
    for node in found.graph.nodes:
        value = _of(found, node, known)
        if value is not None:
            known[node] = value
    return known


def _of(found: Channels, node: fx.Node, known: dict[fx.Node, Constant]) -> Constant | None:
    module = found.modules[str(node.target)] if node.op == "call_module" else None
    sources = [known.get(a) for a in node.all_input_nodes]
    first = sources[0] if sources else None
    if isinstance(module, nn.Conv2d | nn.Linear):
        return _layer(module, first)
    if first is None:
        return None
    if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
        return _norm(module, first) if len(first[0]) == module.num_features else None
    if adds(node):
        return _sum(first, sources[1])
    if not keeps(node, module):
        return None
    if isinstance(module, nn.ReLU) or node.target in ("relu", torch.relu, F.relu):
        return first[0], first[1].clamp_min(0)
    if _averages_the_border(node, module):
        zero = first[0] & (first[1] == 0)
        return zero, first[1] * zero
    return first


def _sum(first: Constant, second: Constant | None) -> Constant | None:
    if second is None or len(first[0]) != len(second[0]):
        return None
    both = first[0] & second[0]
    return both, (first[1] + second[1]) * both


def _averages_the_border(node: fx.Node, module: nn.Module | None) -> bool:
    """Whether an average pool may count zeros around the map, so that a constant is another number at its edge."""
    if isinstance(module, nn.AvgPool2d):
        return module.padding not in (0, (0, 0))
    return node.target is F.avg_pool2d and (len(node.args) > 3 or "padding" in node.kwargs)


def _layer(module: nn.Conv2d | nn.Linear, source: Constant | None) -> Constant:
    weight = module.weight.flatten(2).abs().sum(2) if module.weight.ndim > 2 else module.weight.abs()
    if source is not None and (not isinstance(module, nn.Conv2d) or module.groups == 1):
        silent = source[0] & (source[1] == 0)
        silent = silent.repeat_interleave(weight.shape[1] // len(silent))
        weight = weight[:, ~silent]
    constant = (weight == 0).all(1)
    bias = torch.zeros_like(module.weight.flatten(1)[:, 0]) if module.bias is None else module.bias
    return constant, bias.detach() * constant


def _norm(module: nn.BatchNorm2d | nn.BatchNorm1d, source: Constant) -> Constant:
    assert module.running_mean is not None
    assert module.running_var is not None
    value = (source[1] - module.running_mean) / (module.running_var + module.eps).sqrt()
    if module.affine:
        value = value * module.weight.detach() + module.bias.detach()
        dead = module.weight.detach() == 0  # a pruned gamma: the bias, whatever comes in
        return source[0] | dead, value.where(~dead, module.bias.detach()) * (source[0] | dead)
    return source[0], value * source[0]
