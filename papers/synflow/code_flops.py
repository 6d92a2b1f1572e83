"""Operations as the SynFlow code counts them: multiply-adds, and biases, norms and scales (sheet 2.7, trap 21).

A multiply-add counts once; pooling and ReLU are free. ``shared.sparsity.accounting`` has the honest counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Row:
    """One parameter tensor: its name, entries, and operations of one sample."""

    name: str
    size: int
    operations: int


def table(model: nn.Module, input_shape: Sequence[int]) -> list[Row]:
    """All parameters in module order, with their operations."""
    from shared.models.channel_scale import ChannelScale
    from shared.sparsity.masks import NORMS, WEIGHTED

    outputs = _output_sizes(model, input_shape)
    rows = []
    for name, parameter in model.named_parameters():
        path, _, kind = name.rpartition(".")
        module = model.get_submodule(path)
        positions, channels = outputs[path]
        if isinstance(module, WEIGHTED) and kind == "weight":
            count = parameter.numel() * positions
        else:
            assert isinstance(module, (*WEIGHTED, *NORMS, ChannelScale))
            count = positions * channels
        rows.append(Row(name, parameter.numel(), count))
    return rows


def _output_sizes(model: nn.Module, input_shape: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Output positions and channels of every layer with parameters, for one sample."""
    import torch

    from shared.sparsity.accounting import evaluating

    found: dict[str, tuple[int, int]] = {}
    handles = []
    for path, module in model.named_modules():
        if next(module.parameters(recurse=False), None) is not None:

            def hook(module: nn.Module, inputs: object, output: torch.Tensor, path: str = path) -> None:
                channels = output.shape[-1] if isinstance(module, torch.nn.Linear) else output.shape[1]
                found[path] = (math.prod(output.shape) // channels, channels)

            handles.append(module.register_forward_hook(hook))
    shadow = {n: torch.empty_like(t, device="meta") for n, t in (*model.named_parameters(), *model.named_buffers())}
    try:
        with evaluating(model), torch.no_grad():
            torch.func.functional_call(model, shadow, (torch.empty(1, *input_shape, device="meta"),))
    finally:
        for handle in handles:
            handle.remove()
    return found


@dataclass(frozen=True)
class Reported:
    """What the code prints after pruning; biases and norms always count as dense."""

    parameters: int
    all_parameters: int
    operations: int
    all_operations: int

    @property
    def parameter_share(self) -> float:
        """Parameters that remain."""
        return self.parameters / self.all_parameters

    @property
    def operation_share(self) -> float:
        """Operations that remain: the students' "FLOP" column."""
        return self.operations / self.all_operations


def reported(rows: Sequence[Row], kept: Mapping[str, int]) -> Reported:
    """Sums over all parameters with the kept entries of the prunable ones (sheet 4.10)."""
    parameters = sum(kept.get(row.name, row.size) for row in rows)
    # operations per entry of a weight are a whole number of positions
    operations = sum(
        row.operations // row.size * kept[row.name] if row.name in kept else row.operations for row in rows
    )
    return Reported(parameters, sum(row.size for row in rows), operations, sum(row.operations for row in rows))
