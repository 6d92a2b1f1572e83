"""Plain chains of layers, described as data: tiny networks of tests and reference files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Generator, nn

from shared.errors import ReproError, unknown
from shared.models.initialise import initialised


def conv(**spec: Any) -> nn.Module:
    """A 2-D convolution: ``in``, ``out``, ``kernel``, and optionally ``stride``, ``padding``, ``bias``, ``groups``."""
    return nn.Conv2d(spec.pop("in"), spec.pop("out"), spec.pop("kernel"), **spec)


def linear(**spec: Any) -> nn.Module:
    """A linear layer: ``in``, ``out`` and optionally ``bias``."""
    return nn.Linear(spec.pop("in"), spec.pop("out"), **spec)


def batchnorm(**spec: Any) -> nn.Module:
    """2-D batch normalisation over ``channels``; optionally ``affine``."""
    return nn.BatchNorm2d(spec.pop("channels"), **spec)


def pool(kind: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """A pooling layer: ``kernel`` and optionally ``stride`` (else the kernel) and ``padding``."""
    return lambda **spec: kind(spec.pop("kernel"), **spec)


LAYERS: dict[str, tuple[Callable[..., nn.Module], frozenset[str], frozenset[str]]] = {
    # type: constructor, required fields, optional fields
    "conv": (conv, frozenset({"in", "out", "kernel"}), frozenset({"stride", "padding", "bias", "groups"})),
    "linear": (linear, frozenset({"in", "out"}), frozenset({"bias"})),
    "batchnorm": (batchnorm, frozenset({"channels"}), frozenset({"affine"})),
    "relu": (nn.ReLU, frozenset(), frozenset()),
    "maxpool": (pool(nn.MaxPool2d), frozenset({"kernel"}), frozenset({"stride", "padding"})),
    "avgpool": (pool(nn.AvgPool2d), frozenset({"kernel"}), frozenset({"stride", "padding"})),
    "flatten": (nn.Flatten, frozenset(), frozenset()),
}


def layer(spec: Mapping[str, Any]) -> nn.Module:
    """One layer from its description, e.g. ``{"type": "linear", "in": 5, "out": 3}``.

    Raises:
        ReproError: on an unknown type, an unknown field or a missing one.
    """
    kind, fields = spec.get("type", ""), {k: v for k, v in spec.items() if k != "type"}
    if kind not in LAYERS:
        raise unknown("layer type", str(kind), LAYERS)
    make, required, optional = LAYERS[kind]
    if missing := sorted(required - set(fields)):
        raise ReproError(f"A {kind} layer needs {', '.join(missing)}; add it to {dict(spec)}.")
    for name in fields:
        if name not in required | optional:
            raise unknown(f"field of a {kind} layer", name, required | optional)
    return make(**fields)


def sequential(layers: Sequence[Mapping[str, Any]], generator: Generator | None = None) -> nn.Sequential:
    """A chain of layers; parameters are named by position (``0.weight``, ``0.bias``, ``1.weight``...).

    Args:
        layers: one mapping per layer, e.g. ``{"type": "conv", "in": 2, "out": 4, "kernel": 3, "padding": 1}``.
        generator: source of the framework-default initial weights (``initialised``).
    """
    network = initialised(lambda: nn.Sequential(*map(layer, layers)), generator)
    assert isinstance(network, nn.Sequential)
    return network
