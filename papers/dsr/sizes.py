"""Prunable units of a network, from its protocol alone (dsr sheet, section 2): no network is built to cut a run."""

from __future__ import annotations

import math

from papers.dsr.settings import DOWNSAMPLE_SPARSE
from shared.protocol import Model, Protocol

Shape = tuple[int, ...]
COVERED = {"weight": 4, "row": 3, "kernel": 2, "filter": 1}
"""Leading dimensions of a convolution that make up one unit's place (sheet 4.10)."""
DEFAULT_DEPTH = 28


def prunable_units(protocol: Protocol, granularity: str = "weight") -> int:
    """Units of all prunable tensors, active or not."""
    convolutions, linear = prunable_shapes(protocol.model, downsample=protocol.prunable == DOWNSAMPLE_SPARSE)
    covered = COVERED[granularity]
    return sum(math.prod(s[:covered]) for s in convolutions) + sum(map(math.prod, linear))


def active_weights(model: Model, sparsity: float) -> int:
    """Weights that are active at first where all prunable tensors have one sparsity (sheet 2.4)."""
    convolutions, linear = prunable_shapes(model)
    return sum(int((1 - sparsity) * math.prod(s) + 0.1) for s in (*convolutions, *linear))


def prunable_shapes(model: Model, *, downsample: bool = False) -> tuple[list[Shape], list[Shape]]:
    """Prunable tensors of the paper's networks: convolutions ``[out, in, kh, kw]`` and linear weights ``[out, in]``.

    Args:
        model: one of ``lenet300``, ``wide_resnet`` and ``imagenet_resnet50``, at any width and depth.
        downsample: whether the downsample convolutions of ResNet-50 are prunable too.
    """
    if model.name == "lenet300":
        hidden = [max(1, round(n * model.width)) for n in (300, 100)]
        return [], [(hidden[0], model.channels * model.size**2), (hidden[1], hidden[0]), (model.classes, hidden[1])]
    if model.name == "wide_resnet":
        return _wide(model), []
    return _bottlenecks(model, downsample), [(model.classes, 32 * round(64 * model.width))]


def _wide(model: Model) -> list[Shape]:
    blocks = (int(str(model.options.get("depth", DEFAULT_DEPTH))) - 4) // 6
    out: list[Shape] = []
    inputs = 16
    for width in (round(n * model.width) for n in (16, 32, 64)):
        out += [(width, inputs, 3, 3)] + [(width, width, 3, 3)] * (2 * blocks - 1)
        inputs = width
    return out


def _bottlenecks(model: Model, downsample: bool) -> list[Shape]:
    out: list[Shape] = []
    inputs = base = round(64 * model.width)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = base * 2**stage
        for block in range(blocks):
            out += [(width, inputs, 1, 1), (4 * width, width, 1, 1), (width, width, 3, 3)]
            out += [(4 * width, inputs, 1, 1)] if downsample and not block else []
            inputs = 4 * width
    return out
