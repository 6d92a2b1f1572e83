"""The sample that pruning criteria score: a small part of the training data, in batches, pass after pass."""

from __future__ import annotations

from typing import Literal

import torch

from shared.data.batch import Batch
from shared.data.checks import chosen, with_examples
from shared.data.loader import EpochLoader
from shared.errors import ReproError

Sampling = Literal["uniform", "stratified", "all"]


class ScoringSample:
    """Passes over ``per_class`` x classes training images.

    Args:
        train: the run's training data, with its augmentation.
        per_class: images for each class of the data set.
        batch_size: images of a batch; the last partial one is kept.
        sampling: ``uniform``: the first entries of one random permutation, not balanced (the SynFlow code);
            ``stratified``: exactly so many of each class; ``all``: the whole training set.
        augmented: whether the training augmentation acts; it is drawn anew in each pass, as is the order.

    Raises:
        ReproError: if the data have too few images.

    Source: synflow sheet, sections 3 and 4.9.
    """

    def __init__(
        self,
        train: EpochLoader,
        per_class: int,
        batch_size: int = 256,
        sampling: Sampling = "uniform",
        augmented: bool = True,
    ) -> None:
        examples = train.examples
        wanted = per_class * examples.classes
        if sampling != "all":
            if wanted > len(examples):
                raise ReproError(f"{wanted:,} scoring images are more than the {len(examples):,} training images.")
            order = train.draws.permutation(len(examples), "scoring-sample")
            at = order[:wanted] if sampling == "uniform" else balanced(order, examples.labels.cpu(), per_class)
            train = with_examples(train, chosen(examples, at))
        self.loader = with_examples(train, train.examples)
        self.loader.batch_size = batch_size
        if not augmented:
            self.loader.augment = ()

    def batches(self, index: int) -> list[Batch]:
        """The batches of pass ``index``, counted from 0; the draws are those of no training epoch."""
        epoch = -1 - index
        return [self.loader.batch(epoch, i) for i in range(len(self.loader))]


def balanced(order: torch.Tensor, labels: torch.Tensor, per_class: int) -> torch.Tensor:
    """The first ``per_class`` entries of each class in an order, in that order.

    Raises:
        ReproError: if a class has too few.
    """
    seen: dict[int, int] = {}
    chosen = []
    for index in order.tolist():
        label = int(labels[index])
        if seen.get(label, 0) < per_class:
            seen[label] = seen.get(label, 0) + 1
            chosen.append(index)
    if short := [label for label in range(int(labels.max()) + 1) if seen.get(label, 0) < per_class]:
        raise ReproError(f"Class {short[0]} has fewer than {per_class} training images to score.")
    return torch.tensor(chosen)
