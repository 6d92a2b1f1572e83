"""Reading DeepHoyer's reference file: its tensors may be zeroed, its networks are described in words."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import conventions as c
import torch
from torch import Tensor, nn

CASES = c.load("hoyer")


def tensor(spec: Any, zeroed: Mapping[str, Any] | None = None, dtype: torch.dtype = torch.float64) -> Tensor:
    """A stated tensor with rows (axis 0), columns (axis 1) and flat positions set to 0."""
    values = c.tensor(spec, dtype).clone()
    zeroed = zeroed or {}
    if zeroed.get("axis0"):
        values[zeroed["axis0"]] = 0
    if zeroed.get("axis1"):
        values[:, zeroed["axis1"]] = 0
    if zeroed.get("flat"):
        values.view(-1)[zeroed["flat"]] = 0
    return values


def parameters(inputs: Mapping[str, Any]) -> dict[str, Tensor]:
    """The stated parameters of a case by name, as leaves that take gradients."""
    zeroed = inputs.get("zeroed", {})
    out = {n: tensor(s, zeroed.get(n)) for n, s in inputs["parameters"].items()}
    for name in inputs.get("all_zero_tensors", ()):
        out[name].zero_()
    return {n: w.requires_grad_() for n, w in out.items()}


def _layer(text: str) -> tuple[str | None, nn.Module | None]:
    name, _, rest = text.partition(": ") if ": " in text else ("", "", text)
    numbers = [int(n) for n in re.findall(r"\d+", rest.split("(")[0])]
    if rest.startswith("conv"):
        stride = int(m[1]) if (m := re.search(r"stride (\d+)", rest)) else 1
        padding = int(m[1]) if (m := re.search(r"padding (\d+)", rest)) else 0
        return name, nn.Conv2d(*numbers[:2], numbers[2], stride, padding, bias="no bias" not in rest)
    if rest.startswith("batch norm"):
        return name, nn.BatchNorm2d(numbers[0])
    if rest.startswith("linear"):
        return name, nn.Linear(*numbers[:2])
    if rest.startswith("max pool"):
        return None, nn.MaxPool2d(numbers[0])
    if rest.startswith("flatten"):
        return None, nn.Flatten()
    if rest == "relu":
        return None, nn.ReLU()
    if rest == "global average pooling":
        return None, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert rest == "log-softmax", rest  # part of the loss here
    return None, None


def network(layers: Sequence[str]) -> nn.Sequential:
    """The network that a list of words describes; layers with parameters keep their names, dots as underscores."""
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for i, text in enumerate(layers):
        name, module = _layer(text)
        if module is not None:
            modules[name.replace(".", "_") if name else f"step{i}"] = module
    return nn.Sequential(modules).double()


def original(name: str) -> str:
    """A parameter's name in the reference file."""
    layer, _, kind = name.rpartition(".")
    return f"{layer.replace('_', '.')}.{kind}"


def load(model: nn.Module, inputs: Mapping[str, Any]) -> nn.Module:
    """Put the stated parameters into a network."""
    stated = parameters(inputs)
    names = {original(n): p for n, p in model.named_parameters()}
    assert set(names) == set(stated)
    with torch.no_grad():
        for name, parameter in names.items():
            parameter.copy_(stated[name])
    return model


def non_finite(value: float) -> float | str:
    """A number as the reference file writes it."""
    if value != value:
        return "nan"
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, value)


def plain(values: Tensor) -> list[float | str]:
    """A flat list, non-finite entries as strings."""
    return [non_finite(v) for v in values.detach().reshape(-1).tolist()]


def check(values: Tensor) -> dict[str, Any]:
    """The summary of a tensor."""
    return c.checksum(values)
