"""A class-balanced batch, gathered from a stream of batches as the GraSP code does (random_tickets sheet, 4.7)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from shared.data.batch import Batch
from shared.errors import ReproError


def balanced_batch(batches: Iterable[Batch], per_class: int, classes: int) -> tuple[Tensor, Tensor]:
    """The first ``per_class`` samples of each class, class 0 first.

    A class is complete only when one more of it has been seen; reading stops at the end of the batch in which the last
    class completes.

    Returns:
        Images ``[per_class * classes, ...]`` and labels.

    Raises:
        ReproError: if the stream ends before every class is complete.
    """
    found: dict[int, list[Tensor]] = {c: [] for c in range(classes)}
    complete: set[int] = set()
    for batch in batches:
        for image, label in zip(batch.images, batch.labels.tolist(), strict=True):
            if len(found[label]) < per_class:
                found[label].append(image)
            else:
                complete.add(label)
        if len(complete) == classes:
            images = torch.stack([image for c in range(classes) for image in found[c]])
            return images, torch.arange(classes, device=images.device).repeat_interleave(per_class)
    short = sorted(set(found) - complete)
    raise ReproError(
        f"The data have no more than {per_class} images of class {short[0]}, which is too few to gather "
        f"{per_class} of every class; lower --samples-per-class."
    )
