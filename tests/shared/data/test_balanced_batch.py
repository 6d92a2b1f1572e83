"""A class is complete only once one more of it has been seen."""

import pytest
import torch

from shared.data.balanced_batch import balanced_batch
from shared.errors import ReproError
from shared.training.state import Batch


def stream(*labels: list[int]) -> list[Batch]:
    at, out = 0, []
    for one in labels:
        out.append(Batch(torch.arange(at, at + len(one)), torch.tensor(one)))
        at += len(one)
    return out


def test_classes_come_in_order_and_reading_stops_early() -> None:
    batches = stream([1, 0, 1, 0], [0, 1], [0, 1])
    read = iter(batches)
    images, labels = balanced_batch(read, 2, 2)
    assert (images.tolist(), labels.tolist()) == ([1, 3, 0, 2], [0, 0, 1, 1])
    assert len(list(read)) == 1


def test_too_few_samples_are_named() -> None:
    with pytest.raises(ReproError, match="no more than 2 images of class 1"):
        balanced_batch(stream([0, 1, 0, 1], [0, 0]), 2, 2)
