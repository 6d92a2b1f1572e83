"""Evaluation as exact integers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from shared.data.batch import Batch
from shared.protocol import Precision
from shared.training.precision import autocast
from shared.training.world import World


@dataclass(frozen=True)
class Evaluation:
    """Correct answers out of ``total``, and the mean cross-entropy (no penalty: trap T28)."""

    correct: int
    total: int
    loss: float


@torch.no_grad()
def evaluate(
    model: nn.Module, batches: Iterable[Batch], precision: Precision = "float32", world: World | None = None
) -> Evaluation:
    """Run the network over all batches in evaluation mode; the training flag is put back.

    Args:
        model: the network.
        batches: all images, or this process's part of them.
        precision: of the forward pass.
        world: the processes whose counts are summed; ``None`` for one.

    Raises:
        ValueError: if there is no image.
    """
    was_training = model.training
    model.eval()
    correct: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    total = 0
    for batch in batches:
        with autocast(precision, batch.images.device):
            logits = model(batch.images)
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        hits = (logits.argmax(1) == batch.labels).sum()
        cross_entropy = F.cross_entropy(logits, batch.labels, reduction="sum").double()
        correct = hits if correct is None else correct + hits
        loss = cross_entropy if loss is None else loss + cross_entropy
        total += batch.labels.numel()
    model.train(was_training)
    if world is not None and world.size > 1:
        correct, loss, total = _summed(world, correct, loss, total)
    if correct is None or loss is None or not total:
        raise ValueError("there are no images to evaluate on")
    return Evaluation(int(correct), total, float(loss) / total)


def _summed(
    world: World, correct: torch.Tensor | None, loss: torch.Tensor | None, total: int
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Counts and loss over all processes; one without images has no tensors yet."""
    count = torch.tensor(total, device=world.device)
    hits = torch.zeros_like(count) if correct is None else correct
    lost = torch.zeros((), dtype=torch.float64, device=world.device) if loss is None else loss
    world.add_(hits, lost, count)
    return hits, lost, int(count)


@torch.no_grad()
def top_k_correct(model: nn.Module, batches: Iterable[Batch], k: int) -> int:
    """Images whose label is among the ``k`` highest logits, in evaluation mode; the training flag is put back."""
    was_training = model.training
    model.eval()
    correct = 0
    for batch in batches:
        best = model(batch.images).topk(k, dim=1).indices
        correct += int((best == batch.labels[:, None]).any(1).sum())
    model.train(was_training)
    return correct
