"""The widths of a network's layers as plain values, and a network given other widths."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from shared.errors import ReproError

Widths = dict[str, dict[str, int]]
"""Name of a module to ``inputs`` and ``outputs`` (convolutions, linear layers) or ``channels`` (batch norms)."""


def widths_of(model: nn.Module) -> Widths:
    """The widths of every convolution, linear layer and batch norm, in module order."""
    return {name: width for name, module in model.named_modules() if (width := _width(module))}


@torch.no_grad()
def set_widths(model: nn.Module, widths: Mapping[str, Mapping[str, int]]) -> None:
    """Give the layers of a network other widths; parameters and statistics of a layer that changes are undefined after.

    Raises:
        ReproError: if these are not the layers of the network, or a width is not a positive integer.
    """
    there = widths_of(model)
    if {n: sorted(w) for n, w in widths.items()} != {n: sorted(w) for n, w in there.items()}:
        raise ReproError("the widths are not those of this network's layers")
    if any(type(n) is not int or n < 1 for w in widths.values() for n in w.values()):
        raise ReproError("a width is a positive integer")
    for name, width in widths.items():
        if dict(width) != there[name]:
            _resize(model.get_submodule(name), width)


def _width(module: nn.Module) -> dict[str, int]:
    if isinstance(module, nn.Conv2d):
        return {"inputs": module.in_channels, "outputs": module.out_channels}
    if isinstance(module, nn.Linear):
        return {"inputs": module.in_features, "outputs": module.out_features}
    if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
        return {"channels": module.num_features}
    return {}


def _resize(module: nn.Module, width: Mapping[str, int]) -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    if isinstance(module, nn.Conv2d):
        module.in_channels, module.out_channels = width["inputs"], width["outputs"]
        shapes["weight"] = (module.out_channels, module.in_channels // module.groups, *module.kernel_size)
    elif isinstance(module, nn.Linear):
        module.in_features, module.out_features = width["inputs"], width["outputs"]
        shapes["weight"] = (module.out_features, module.in_features)
    elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
        module.num_features = width["channels"]
    vector = (width.get("outputs") or width["channels"],)
    for name, parameter in list(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(parameter.new_empty(shapes.get(name, vector)), parameter.requires_grad))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.ndim:
            setattr(module, name, buffer.new_empty(vector))
