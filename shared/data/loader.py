"""Batches from examples that live on the device.

The order of the samples and each sample's augmentation are functions of (seed, epoch, sample index) alone. Several
batches are prepared by one set of operations and handed out as views, because for small networks the launches of the
data pipeline would cost more than the step itself; the result does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from shared.data.augment import Drawn, apply, draw, upload
from shared.data.batch import WHOLE, Batch, Part
from shared.data.imageset import Examples, ImageSet
from shared.data.normalise import Normalise
from shared.draws import Draws
from shared.errors import ReproError
from shared.protocol import Data

# Elements (not bytes) that one set of operations prepares: a CPU wants its caches, a GPU few launches.
CHUNK_ELEMENTS = {"cpu": 1 << 19, "cuda": 1 << 24}


class EpochLoader:
    """Mini-batches of one split, epoch by epoch; the last partial batch is kept.

    Args:
        images: the examples, on the device the batches are wanted on.
        data: normalisation and augmentation (the rest of it is applied by ``shared.data.prepare``).
        draws: the run's source of randomness; purpose ``data-order`` and those of ``shared.data.augment``.
        batch_size: samples per batch.
        dtype: of the images handed out.
        train: whether samples are shuffled and augmented.
        memory_format: of the images handed out.
        shuffle: ``False`` keeps the stored order although ``train`` is true (golden cases state no order).
        chunk: batches prepared at once; ``None`` chooses by device.

    Raises:
        ReproError: if floating-point examples are to be normalised or augmented, or decoded ones cropped as pictures.
    """

    def __init__(
        self,
        images: Examples,
        data: Data,
        draws: Draws,
        batch_size: int,
        *,
        dtype: torch.dtype = torch.float32,
        train: bool,
        memory_format: torch.memory_format = torch.contiguous_format,
        shuffle: bool = True,
        chunk: int | None = None,
    ) -> None:
        bytes_ = isinstance(images, ImageSet)
        if not bytes_ and (data.mean or data.std or data.augment):
            raise ReproError("Floating-point examples are used as they are; leave mean, std and augment empty.")
        if train and any(a.on_pictures for a in data.augment):
            raise ReproError(
                "Decoded images are augmented by pad-crop and flip only; leave data.augment without others."
            )
        if not len(images):
            raise ReproError(f"The data set {images.name!r} is empty; there is nothing to make batches of.")
        self.examples: Examples = images
        self.data = data
        self.batch_size = batch_size
        self.device = images.images.device
        self.draws = draws
        self.augment = data.augment if train else ()
        self.shuffle = train and shuffle
        self.normalise = Normalise(
            data.mean if bytes_ else (),
            data.std if bytes_ else (),
            images.images.shape[1],
            dtype,
            self.device,
            memory_format,
        )
        self.chunk = chunk or max(1, self._chunk_samples() // batch_size)
        self._epoch: tuple[int, Tensor, tuple[Drawn, ...]] | None = None
        self._prepared: tuple[int, int, Tensor, Tensor] | None = None

    def __len__(self) -> int:
        """Steps per epoch."""
        return -(-len(self.examples) // self.batch_size)

    def epoch(self, e: int, part: Part = WHOLE) -> Iterator[Batch]:
        """The batches of epoch ``e`` (counted over the whole run, so that no epoch repeats another's draws).

        ``part`` takes the same rows of each: all processes prepare whole batches, which is cheap from memory.
        """
        for i in range(len(self)):
            yield self.batch(e, i).part(part)

    def batch(self, e: int, i: int) -> Batch:
        """Batch ``i``, counted from 0, of epoch ``e``: a view that stays valid; cheap when asked for in order."""
        images, labels, offset = self._around(e, i)
        at = slice(offset, offset + self.batch_size)
        return Batch(images[at], labels[at])

    def fill(self, out_images: Tensor, out_labels: Tensor, e: int, i: int) -> int:
        """Write batch ``i`` of epoch ``e`` into the leading rows of static buffers, as a captured graph needs it.

        Returns:
            The number of rows written: ``batch_size``, fewer for the last batch.
        """
        batch = self.batch(e, i)
        n = len(batch.labels)
        out_images[:n].copy_(batch.images, non_blocking=True)
        out_labels[:n].copy_(batch.labels, non_blocking=True)
        return n

    def eval_batches(self, batch: int | None = None, part: Part = WHOLE) -> Iterator[Batch]:
        """All samples of a part once, in stored order, never augmented."""
        rows = range(len(self.examples))[part.rows(len(self.examples))]
        size = batch or self.batch_size
        for start in range(rows.start, rows.stop, size):
            at = slice(start, min(start + size, rows.stop))
            yield Batch(self.normalise(self.examples.images[at]), self.examples.labels[at])

    def plan(self, e: int) -> tuple[Tensor, tuple[Drawn, ...]]:
        """The order of the samples (int64 ``[N]``) and the transforms of epoch ``e``, on the device."""
        if self._epoch is None or self._epoch[0] != e:
            n = len(self.examples)
            order = self.draws.permutation(n, "data-order", epoch=e) if self.shuffle else torch.arange(n)
            self._epoch = (e, upload(order, self.device), draw(self.augment, n, self.draws, e, self.device))
        return self._epoch[1], self._epoch[2]

    def _around(self, e: int, i: int) -> tuple[Tensor, Tensor, int]:
        """The prepared chunk that holds batch ``i``, and where in it the batch starts."""
        if not 0 <= i < len(self):
            raise IndexError(f"batch {i} of {len(self)}")
        first = i - i % self.chunk
        if self._prepared is None or self._prepared[:2] != (e, first):
            order, drawn = self.plan(e)
            samples = order[first * self.batch_size : (first + self.chunk) * self.batch_size]
            images = apply(self.examples.images.index_select(0, samples), drawn, samples)
            self._prepared = (e, first, self.normalise(images), self.examples.labels.index_select(0, samples))
        return self._prepared[2], self._prepared[3], (i - first) * self.batch_size

    def _chunk_samples(self) -> int:
        return CHUNK_ELEMENTS.get(self.device.type, 1 << 19) // max(1, self.examples.images[0].numel())
