"""From a protocol to a network, its data and its draws, on a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from shared.data.loader import EpochLoader
from shared.draws import Draws, KeyedDraws
from shared.errors import ReproError
from shared.protocol import Protocol, Prune, Train
from shared.training.layout import layout
from shared.training.precision import storage_dtype

EVAL_BATCH = 1000


@dataclass
class Setup:
    """What an engine needs beside the protocol.

    Attributes:
        model: the network on its device, freshly initialised.
        train, test: loaders; ``test`` serves the split that the protocol evaluates on.
        train_size: training examples of an epoch.
        draws: the run's randomness.
        data: fingerprints and notes of the data, for the record.
        selection: a loader of the held-out images by which an epoch is chosen, where the protocol asks for that.
    """

    model: nn.Module
    train: EpochLoader
    test: EpochLoader
    train_size: int
    draws: Draws
    device: torch.device
    eval_batch: int = EVAL_BATCH
    data: dict[str, object] = field(default_factory=dict)
    selection: EpochLoader | None = None


def prepare_run(protocol: Protocol, data_dir: Path | None, device: torch.device, *, workers: int = 0) -> Setup:
    """Build the network and load the data of a protocol.

    Args:
        protocol: of the run.
        data_dir: where data are looked for first.
        device: where the run lives.
        workers: processes that decode pictures, if the data are streamed.

    Raises:
        ReproError: if the network or the data cannot be had.
    """
    from shared.models.registry import build

    draws = KeyedDraws(protocol.seed)
    model = build(protocol.model, draws.generator("initial-weights", (0, 0, 0)))
    how: dict[str, Any] = {"dtype": storage_dtype(protocol.precision), "memory_format": layout(model, device)}
    train, test, selection, facts = _streamed(protocol, data_dir, device, draws, workers, how) or _decoded(
        protocol, data_dir, device, draws, how
    )
    if train.examples.classes != protocol.model.classes:
        raise ReproError(
            f"{protocol.data.name} has {train.examples.classes} classes, but the network is to have "
            f"{protocol.model.classes}; set model.classes={train.examples.classes}."
        )
    model = model.to(device=device, dtype=how["dtype"]).to(memory_format=how["memory_format"])
    return Setup(model, train, test, len(train.examples), draws, device, data=facts, selection=selection)


Loaded = tuple[EpochLoader, EpochLoader, EpochLoader | None, dict[str, object]]
"""Loaders of training, evaluation and, where asked for, selection, and what a record says of the data."""


def _decoded(
    protocol: Protocol, data_dir: Path | None, device: torch.device, draws: Draws, how: dict[str, Any]
) -> Loaded:
    """The data as arrays on the device."""
    from shared.data.checks import corrupted
    from shared.data.prepare import prepare
    from shared.data.sources import load

    splits, data = load(protocol.data, data_dir), protocol.data
    prepared = prepare(splits, data, protocol.seed, device, channels=protocol.model.channels)
    train = EpochLoader(prepared.train, data, draws, batch_size(protocol), train=True, **how)
    train = corrupted(train, data.checks)
    test = EpochLoader(prepared.evaluation, data, draws, EVAL_BATCH, train=False, **how)
    chosen_on = prepared.val if data.select_on == "val" else None
    selection = None if chosen_on is None else EpochLoader(chosen_on, data, draws, EVAL_BATCH, train=False, **how)
    facts = {
        "fingerprints": splits.fingerprints,
        "status": prepared.status,
        "notes": list(prepared.notes),
        "worst_case_points": prepared.worst_case_points,
        "origin": prepared.origin,
    }
    return train, test, selection, facts


def _streamed(
    protocol: Protocol, data_dir: Path | None, device: torch.device, draws: Draws, workers: int, how: dict[str, Any]
) -> Loaded | None:
    """The data as encoded pictures, where they do not fit into memory or each is cropped anew in every epoch."""
    from shared.data.checks import corrupted
    from shared.data.known import counts_note
    from shared.data.streamed import to_stream
    from shared.data.streaming import FolderLoader

    data = protocol.data
    checked = any(p.checks for p in protocol.phases if isinstance(p, Train | Prune))
    found = to_stream(data, data_dir, protocol.seed, checked=checked)
    if found is None:
        return None
    how = how | {"device": device, "workers": workers}
    train = FolderLoader(found.train, data, draws, batch_size(protocol), train=True, **how)
    test = FolderLoader(found.evaluation, data, draws, EVAL_BATCH, train=False, **how)
    source = found.found
    counts = counts_note(data.name, found.counts)
    notes = [*source.notes, counts, "The pictures were read while training, not fingerprinted."]
    facts = {"fingerprints": {}, "status": "unknown", "notes": notes, "worst_case_points": 0.0}
    facts |= {"origin": f"{source.layout} in {source.folder}"}
    return corrupted(train, data.checks), test, None, facts  # a protocol that selects is never streamed


def batch_size(protocol: Protocol) -> int:
    """The training batch size of a run: one for all its phases.

    Raises:
        ReproError: if phases differ (no published protocol does that).
    """
    sizes = {p.batch_size for p in protocol.phases if isinstance(p, Train)}
    if len(sizes) > 1:
        raise ReproError(f"all training phases must use one batch size, not {sorted(sizes)}.")
    return sizes.pop() if sizes else 128
