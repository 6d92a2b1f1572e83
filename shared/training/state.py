"""What a method can see and change while a phase runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from shared.data.batch import Batch
from shared.draws import Draws
from shared.protocol import Protocol, Train
from shared.sparsity.masks import Masks

if TYPE_CHECKING:
    from shared.data.loader import EpochLoader


__all__ = ["Batch", "State"]


@dataclass
class State:
    """The mutable state of a run, shared by the engine and the components of a method.

    Attributes:
        model: the network, on ``device``.
        masks: which prunable weights are live.
        draws: the only source of randomness.
        phase: the training phase that is running (``None`` between phases).
        optimizer: the optimiser of that phase.
        epoch: counts from 1 within the phase; 0 before the first.
        step: optimiser steps over the whole run, counted from 1.
        batches_per_epoch: optimiser steps of an epoch of this phase.
        sparsity: zeros among the prunable entries after the previous epoch, as a fraction.
        loss, penalty: cross-entropy and penalty of the current step, scalars on the device.
        kept: tensors that outlive a phase (the keep set of published SNIP), part of every checkpoint.
        signals: tensors that one component measures and another reads (flip counters), by parameter name.
        events: what happened in this epoch (prunings, reallocations), written to the metric stream; one that happened
            between steps says so by a true ``before_evaluation``.
        train: loader of the run's training data, for components that score it between epochs.
        outside: what the run has made of methods from outside (``shared.outside``): functions and watching components.
    """

    protocol: Protocol
    model: nn.Module
    masks: Masks
    draws: Draws
    device: torch.device
    phase: Train | None = None
    optimizer: torch.optim.Optimizer | None = None
    epoch: int = 0
    step: int = 0
    batches_per_epoch: int = 0
    sparsity: float = 0.0
    loss: Tensor | None = None
    penalty: Tensor | None = None
    kept: dict[str, Tensor] = field(default_factory=dict)
    signals: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    train: EpochLoader | None = None
    outside: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All parameters, in module order."""
        return list(self.model.parameters())

    def measured_sparsity(self) -> float:
        """Zeros among the prunable entries, as a fraction; counts weights, not masks (flipout sheet, section 2)."""
        zeros = sum(int((p.detach() == 0).sum()) for p in self.masks.parameters.values())
        return zeros / self.masks.total
