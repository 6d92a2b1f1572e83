"""Inputs and outputs of a layer that are still in use, and what their counts say (hoyer sheet 4.8 to 4.10).

An input (column, channel) or output (row, filter) is alive if any of its elements is not 0. Nothing is removed here:
``shared.sparsity.compaction`` does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Alive:
    """Groups of one weight ``[out, in, ...]`` that are alive, and all there are."""

    inputs: int
    outputs: int
    all_inputs: int
    all_outputs: int

    @property
    def share(self) -> float:
        """Connections between alive groups, as a fraction of all."""
        return self.inputs * self.outputs / (self.all_inputs * self.all_outputs)


def alive_masks(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Which inputs and which outputs of a weight ``[out, in, ...]`` have an element that is not 0 (bool vectors)."""
    live = weights.detach() != 0
    live = live.flatten(2).any(2) if live.ndim > 2 else live
    return live.any(0), live.any(1)


def alive(weights: Tensor) -> Alive:
    """Counts of one weight with two or more dimensions."""
    inputs, outputs = alive_masks(weights)
    return Alive(int(inputs.sum()), int(outputs.sum()), weights.shape[1], weights.shape[0])


def alive_table(tensors: Mapping[str, Tensor]) -> dict[str, Alive]:
    """Counts of every tensor with two or more dimensions, by name."""
    return {name: alive(w) for name, w in tensors.items() if w.ndim > 1}


def element_sparsity(tensors: Iterable[Tensor], threshold: float = 0.0) -> float:
    """Fraction of the elements that are 0, or below a threshold."""
    kept, total = 0, 0
    for w in tensors:
        sizes = w.detach().abs()
        kept += int(((sizes >= threshold) if threshold else (sizes > 0)).sum())
        total += w.numel()
    return 1 - kept / total


def structural_sparsity(table: Iterable[Alive]) -> tuple[float, float]:
    """``1 - sum(alive_in * alive_out) / sum(in * out)``, and the mean over layers of one minus each share."""
    rows = list(table)
    left = sum(a.inputs * a.outputs for a in rows)
    whole = sum(a.all_inputs * a.all_outputs for a in rows)
    return 1 - left / whole, sum(1 - a.share for a in rows) / len(rows)


def thresholded(tensors: Mapping[str, Tensor], threshold: float) -> dict[str, Tensor]:
    """Copies in which every element below a threshold is 0; the tensors themselves stay as they are."""
    return {n: w.detach() * (w.detach().abs() >= threshold) for n, w in tensors.items()}


def merged(chain: Sequence[Alive]) -> list[tuple[int, int]]:
    """Inputs and outputs used by each layer of a chain: at each joint the smaller count on both sides.

    The authors' convention: counts, not index sets, so an upper bound on what an intersection gives. First inputs and
    last outputs are as alive; where a map is flattened (outputs are not the next layer's inputs) nothing is merged.
    """
    inputs, outputs = [a.inputs for a in chain], [a.outputs for a in chain]
    for i, (layer, after) in enumerate(pairwise(chain)):
        if layer.all_outputs == after.all_inputs:
            outputs[i] = inputs[i + 1] = min(outputs[i], inputs[i + 1])
    return list(zip(inputs, outputs, strict=True))


def intersected_widths(weights: Sequence[Tensor]) -> list[int]:
    """Widths of a chain of layers, at each joint the units alive on both sides: never more than the counts allow."""
    masks = [alive_masks(w) for w in weights]
    joints = [int((masks[i][1] & masks[i + 1][0]).sum()) for i in range(len(masks) - 1)]
    return [int(masks[0][0].sum()), *joints, int(masks[-1][1].sum())]


def linear_macs(widths: Sequence[int]) -> int:
    """Multiply-adds of fully connected layers between these widths."""
    return sum(a * b for a, b in pairwise(widths))
