"""Memory of a training step, counted without running it: which batch size would have fitted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from shared.models.initialise import unfilled
from shared.models.registry import build
from shared.protocol import Model, Precision
from shared.training.precision import storage_dtype

COPIES = 6
"""Arrays of the size of the weights: themselves, gradient, momentum, masks, counters or signs, noise."""

SHARE = 0.8
"""Part of the memory that is planned with: the rest is for workspaces and fragments."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of a training step.

    Attributes:
        fixed: what does not depend on the batch.
        sample: each image's share: what is kept for the backward pass, and the largest gradient with its input.
    """

    fixed: int
    sample: int

    def batch(self, memory: int, below: int) -> int | None:
        """The largest of ``below / 2, below / 4, ...`` that fits into ``memory`` bytes, or ``None``."""
        fits = (int(SHARE * memory) - self.fixed) // self.sample
        batch = below // 2
        while batch > max(fits, 0):
            batch //= 2
        return batch or None


def footprint(spec: Model, precision: Precision = "float32") -> Footprint:
    """Count the bytes of a network's step on the meta device, from a batch of two and one of four.

    Args:
        spec: the network.
        precision: of the run; with bf16 what autocast keeps is half as large, and is counted as if it were not.
    """
    with unfilled():
        model = build(spec, Generator())
    model = model.to(device="meta", dtype=storage_dtype(precision)).train()
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    two, four = (_kept(model, spec, n) for n in (2, 4))
    return Footprint(COPIES * weights, max(1, (four - two) // 2))


def _kept(model: nn.Module, spec: Model, batch: int) -> int:
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    kept: dict[int, Tensor] = {}  # by storage; the tensors are held, so that no address is used twice

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    dtype = next(model.parameters()).dtype
    images = torch.empty(batch, spec.channels, spec.size, spec.size, device="meta", dtype=dtype)
    labels = torch.empty(batch, device="meta", dtype=torch.int64)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        loss = F.cross_entropy(model(images), labels)
    sizes = [t.untyped_storage().nbytes() for key, t in kept.items() if key not in weights]
    del loss
    return sum(sizes) + 2 * max(sizes)
