"""The quantise phase of a run: quantise, then count what both networks get right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from shared.protocol import Quantise
from shared.quantisation.quantise import float_copy, quantise, size_bytes
from shared.training.evaluate import evaluate
from shared.training.state import Batch, State


def run_quantise_phase(
    state: State, spec: Quantise, calibration: Iterable[Batch], test: Iterable[Batch]
) -> dict[str, Any]:
    """Quantise the network as it stands and compare it with itself in float32, both on the CPU.

    Args:
        state: the run; its network is copied, never changed.
        spec: the phase.
        calibration: batches whose images set the activation ranges, each read once; the original takes one pass
            over the whole augmented training set (flipout sheet, section 4.11).
        test: batches both networks are evaluated on, read once.

    Returns:
        ``{"float": {"correct", "total"}, "int8": {"correct", "total"}, "size_bytes_float", "size_bytes_int8"}``,
        integers throughout.

    Raises:
        ReproError: see ``shared.quantisation.quantise.quantise``.
    """
    full = float_copy(state.model)
    small = quantise(full, (batch.images for batch in calibration), spec)
    counts = count_correct({"float": full, "int8": small}, test)
    return {**counts, "size_bytes_float": size_bytes(full), "size_bytes_int8": size_bytes(small)}


def count_correct(networks: Mapping[str, nn.Module], batches: Iterable[Batch]) -> dict[str, dict[str, int]]:
    """How many images each network classifies correctly, in one pass over the batches, as exact integers.

    The prediction is the first of the largest logits; ties are common among int8 logits.
    """
    counts = {name: {"correct": 0, "total": 0} for name in networks}
    for batch in batches:
        here = Batch(batch.images.to(device="cpu", dtype=torch.float32), batch.labels.cpu())
        for name, network in networks.items():
            result = evaluate(network, [here])
            counts[name]["correct"] += result.correct
            counts[name]["total"] += result.total
    return counts
