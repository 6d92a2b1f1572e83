"""Measuring the smaller dense network that a structural pruning leaves."""

from __future__ import annotations

from typing import Any

from shared.data.loader import EpochLoader
from shared.sparsity.compaction import compacted, largest_difference, latencies, size_of
from shared.training.compact_file import serialised
from shared.training.state import State


def measure_compact(state: State, train: EpochLoader, *, images: int = 100) -> dict[str, Any]:
    """Build the physically smaller network, check that it computes the same function, and time both.

    Args:
        state: the run after finetuning; it goes on unchanged.
        train: its training data, of whose first images the outputs are compared.
        images: how many of them.

    Returns:
        Parameters, multiply-adds, seconds a batch and bytes as a safetensors file (statistics of batch norms included)
        of both networks, shapes of the small one's weights, and the largest relative difference of an output.
    """
    batch = train.batch(0, 0).images[:images]
    small = compacted(state.model)
    shape = tuple(batch.shape[1:])
    whole_seconds, small_seconds = latencies([state.model, small], batch)
    return {
        "before": {**size_of(state.model, shape), "seconds": whole_seconds, "bytes": len(serialised(state.model))},
        "after": {**size_of(small, shape), "seconds": small_seconds, "bytes": len(serialised(small))},
        "images": len(batch),
        "shapes": {n: list(p.shape) for n, p in small.named_parameters() if p.ndim > 1},
        "difference": largest_difference(state.model, small, batch),
    }
