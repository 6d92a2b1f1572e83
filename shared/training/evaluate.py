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

TOP5_FROM = 100
"""Classes from which a run records top-5 as well: of ten classes, chance alone puts half among the five highest."""


@dataclass(frozen=True)
class Evaluation:
    """Correct answers out of ``total``, and the mean cross-entropy (no penalty: trap T28).

    ``top5`` counts the images whose label is among the five highest logits, where that was asked for.
    """

    correct: int
    total: int
    loss: float
    top5: int | None = None


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable[Batch],
    precision: Precision = "float32",
    world: World | None = None,
    *,
    top5: bool = False,
) -> Evaluation:
    """Run the network over all batches in evaluation mode; the training flag is put back.

    Args:
        model: the network.
        batches: all images, or this process's part of them.
        precision: of the forward pass.
        world: the processes whose counts are summed; ``None`` for one.
        top5: count as well whose label is among the five highest logits; of at least five classes.

    Raises:
        ValueError: if there is no image.
    """
    was_training = model.training
    model.eval()
    correct: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    among: torch.Tensor | None = None
    total = 0
    for batch in batches:
        with autocast(precision, batch.images.device):
            logits = model(batch.images)
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        hits = (logits.argmax(1) == batch.labels).sum()
        cross_entropy = F.cross_entropy(logits, batch.labels, reduction="sum").double()
        if top5:
            near = (logits.topk(5, dim=1).indices == batch.labels[:, None]).sum()
            among = near if among is None else among + near
        correct = hits if correct is None else correct + hits
        loss = cross_entropy if loss is None else loss + cross_entropy
        total += batch.labels.numel()
    model.train(was_training)
    if world is not None and world.size > 1:
        correct, loss, among, total = _summed(world, correct, loss, among, total)
    if correct is None or loss is None or not total:
        raise ValueError("there are no images to evaluate on")
    return Evaluation(int(correct), total, float(loss) / total, int(among) if top5 and among is not None else None)


def _summed(
    world: World, correct: torch.Tensor | None, loss: torch.Tensor | None, among: torch.Tensor | None, total: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]:
    """Counts and loss over all processes; one without images has no tensors yet."""
    count = torch.tensor(total, device=world.device)
    hits = torch.zeros_like(count) if correct is None else correct
    near = torch.zeros_like(count) if among is None else among
    lost = torch.zeros((), dtype=torch.float64, device=world.device) if loss is None else loss
    world.add_(hits, lost, near, count)
    return hits, lost, near, int(count)
