"""What a training step needs where several processes take it together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import Tensor, nn

from shared.errors import ReproError
from shared.protocol import Precision
from shared.training.gradient_sum import GradientSum
from shared.training.precision import compiled
from shared.training.state import Batch
from shared.training.whole_batch import spread, training_on
from shared.training.world import World


class Team:
    """The processes of a run around its network.

    Args:
        world: more than one process.
        model: the network; its batch normalisation is made to see the whole batch.
        precision: of the run.

    Raises:
        ReproError: for a network or a precision that only one process can train.
    """

    def __init__(self, world: World, model: nn.Module, precision: Precision) -> None:
        if compiled(precision):
            raise ReproError(
                f"precision {precision} is for one process; use {precision.removesuffix('-compiled')} with several."
            )
        self.world = world
        self.rows = spread(model, world)
        self.gradients = GradientSum(list(model.parameters()))

    @contextmanager
    def step(self, batch: Batch) -> Iterator[None]:
        """Around forward and backward pass: afterwards gradients are those of the whole batch."""
        self.gradients.begin()
        with training_on(self.rows, batch):
            yield
        self.gradients.finish()

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """This process's share of the mean cross-entropy over the whole batch; 0 without rows."""
        return F.cross_entropy(logits, batch.labels, reduction="sum") / (batch.whole or len(batch.labels))
