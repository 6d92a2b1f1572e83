"""Corruptions of a data set: what a pruning method that uses its data should not survive.

Pure functions of arrays and stated permutations; ``shared.data.checks`` puts them in front of a run's data. Direction
everywhere: ``out.flat[i] = in.flat[order[i]]`` (random_tickets sheet, section 4.11).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LABEL_SEED = 12345
"""Of the published relabelling, which is the same for every run."""


def published_labels(n: int, classes: int) -> Tensor:
    """One fixed relabelling: every label is replaced, by chance also by itself.

    The legacy stream first gives ``n`` numbers that decide nothing (they all are at most 1), then the labels.

    Returns:
        int64 ``[n]``.
    """
    stream = np.random.RandomState(LABEL_SEED)
    stream.rand(n)
    return torch.from_numpy(stream.choice(classes, n)).to(torch.int64)


def drawn_labels(uniform: Tensor, classes: int) -> Tensor:
    """Labels from one U[0, 1) number each: int64 ``[n]``, independent of the images."""
    return (uniform * classes).long().clamp_(max=classes - 1)


def permuted_values(image: Tensor, order: Tensor) -> Tensor:
    """Move all values of an image ``[C, H, W]``, colours included, by one permutation of its ``H x W x C`` array."""
    c, h, w = image.shape
    return image.permute(1, 2, 0).reshape(-1)[order].view(h, w, c).permute(2, 0, 1)


def permuted_rows(image: Tensor, order: Tensor) -> Tensor:
    """Move whole image rows across rows and colour planes: ``[C, H, W]`` seen as ``[C*H, W]``; rows stay intact."""
    c, h, w = image.shape
    return image.reshape(c * h, w)[order].view(c, h, w)


def permuted_rows_and_columns(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Move rows, then columns, of ``[C, H, W]`` alike in all planes."""
    return image[:, rows][:, :, columns]


def first_half(n: int, batch_size: int, batches: int | None = None) -> Tensor:
    """Positions of the first ``batches`` batches in file order; by default as many whole ones as fit into half.

    For 50,000 images in batches of 64 these are 390 batches, 24,960 images.
    """
    whole = n // 2 // batch_size if batches is None else batches
    return torch.arange(n)[: max(1, whole) * batch_size]


def random_half(order: Tensor) -> Tensor:
    """The first ``floor(n/2)`` entries of a permutation of all ``n`` samples."""
    return order[: len(order) // 2]
