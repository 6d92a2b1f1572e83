"""From a protocol to a network, its data and its draws, on a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from shared.data.loader import EpochLoader
from shared.draws import Draws, KeyedDraws
from shared.errors import ReproError
from shared.protocol import Protocol, Train
from shared.training.precision import storage_dtype

EVAL_BATCH = 1000
LAYOUT = torch.channels_last
"""Of weights and images: tensor cores want it, and on a CPU it was as fast or faster at every width measured."""


@dataclass
class Setup:
    """What an engine needs beside the protocol.

    Attributes:
        model: the network on its device, freshly initialised.
        train, test: loaders; ``test`` serves the split that the protocol evaluates on.
        train_size: training examples of an epoch.
        draws: the run's randomness.
        data: fingerprints and notes of the data, for the record.
    """

    model: nn.Module
    train: EpochLoader
    test: EpochLoader
    train_size: int
    draws: Draws
    device: torch.device
    eval_batch: int = EVAL_BATCH
    data: dict[str, object] = field(default_factory=dict)


def prepare_run(protocol: Protocol, data_dir: Path | None, device: torch.device) -> Setup:
    """Build the network and load the data of a protocol.

    Raises:
        ReproError: if the network or the data cannot be had.
    """
    from shared.data.checks import corrupted
    from shared.data.prepare import prepare
    from shared.data.sources import load
    from shared.models.registry import build

    draws = KeyedDraws(protocol.seed)
    splits = load(protocol.data, data_dir)
    prepared = prepare(splits, protocol.data, protocol.seed, device, channels=protocol.model.channels)
    if prepared.train.classes != protocol.model.classes:
        raise ReproError(
            f"{protocol.data.name} has {prepared.train.classes} classes, but the network is to have "
            f"{protocol.model.classes}; set model.classes={prepared.train.classes}."
        )
    dtype = storage_dtype(protocol.precision)
    layout = LAYOUT
    model = build(protocol.model, draws.generator("initial-weights", (0, 0, 0))).to(device=device, dtype=dtype)
    model = model.to(memory_format=layout)
    train = EpochLoader(
        prepared.train, protocol.data, draws, batch_size(protocol), dtype=dtype, train=True, memory_format=layout
    )
    train = corrupted(train, protocol.data.checks)
    test = EpochLoader(
        prepared.evaluation, protocol.data, draws, EVAL_BATCH, dtype=dtype, train=False, memory_format=layout
    )
    facts = {
        "fingerprints": splits.fingerprints,
        "status": prepared.status,
        "notes": list(prepared.notes),
        "worst_case_points": prepared.worst_case_points,
        "origin": prepared.origin,
    }
    return Setup(model, train, test, len(train.examples), draws, device, data=facts)


def batch_size(protocol: Protocol) -> int:
    """The training batch size of a run: one for all its phases.

    Raises:
        ReproError: if phases differ (no published protocol does that).
    """
    sizes = {p.batch_size for p in protocol.phases if isinstance(p, Train)}
    if len(sizes) > 1:
        raise ReproError(f"all training phases must use one batch size, not {sorted(sizes)}.")
    return sizes.pop() if sizes else 128
