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


@dataclass(frozen=True)
class Evaluation:
    """Correct answers out of ``total``, and the mean cross-entropy (no penalty: trap T28)."""

    correct: int
    total: int
    loss: float


@torch.no_grad()
def evaluate(model: nn.Module, batches: Iterable[Batch], precision: Precision = "float32") -> Evaluation:
    """Run the network over all batches in evaluation mode; the training flag is put back."""
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
    if correct is None or loss is None:
        raise ValueError("there are no images to evaluate on")
    return Evaluation(int(correct), total, float(loss) / total)


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
