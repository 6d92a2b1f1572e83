"""Batches of pictures that are decoded while training.

For data sets that do not fit into memory: same order, same augmentation, same numbers as ``EpochLoader`` on the decoded
arrays. And for protocols that crop each picture anew in every epoch, whatever the size of the data: arrays of one
square size have lost what the crop is taken from. Both use the same functions of (seed, epoch, sample index). Worker
processes decode and crop; the rest happens on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from shared.data.augment import apply, upload
from shared.data.batch import WHOLE, Batch, Part
from shared.data.encoded import Pictures
from shared.data.imageset import Examples
from shared.data.listing import Listing
from shared.data.loader import EpochLoader
from shared.data.normalise import Normalise
from shared.data.pictures import Encoded, decode_one
from shared.draws import Draws
from shared.errors import ReproError
from shared.protocol import Data

Look = Callable[[Encoded, int], np.ndarray]
"""From a picture and its sample index to uint8 ``[3, S, S]``."""


class _Decoding(Dataset[Tensor]):
    """Whole batches by their sample indices: uint8 ``[B, 3, S, S]``."""

    def __init__(self, listing: Listing, size: int, batches: Sequence[Tensor], look: Look) -> None:
        self.listing = listing
        self.size = size
        self.batches = batches
        self.look = look

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: int) -> Tensor:
        images = [self.look(self.listing.files[s], s) for s in self.batches[i].tolist()]
        return torch.from_numpy(np.stack(images) if images else np.empty((0, 3, self.size, self.size), np.uint8))


class FolderLoader(EpochLoader):
    """``EpochLoader`` over encoded pictures.

    Args:
        listing: the pictures that are used, of one split.
        data: sizes, normalisation and augmentation; which pictures are used is settled by ``to_stream``.
        draws: the run's source of randomness.
        batch_size: samples per batch.
        device: where the batches are wanted.
        dtype: of the images handed out.
        train: whether samples are shuffled and augmented.
        memory_format: of the images handed out.
        workers: decoding processes; 0 decodes in this one. Without influence on the numbers.
        name: data set and split, for messages.

    Raises:
        ReproError: without ``data.resize``.
    """

    def __init__(
        self,
        listing: Listing,
        data: Data,
        draws: Draws,
        batch_size: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        train: bool,
        memory_format: torch.memory_format = torch.contiguous_format,
        workers: int = 0,
        name: str = "",
    ) -> None:
        if data.resize is None:
            raise ReproError(f"Streaming {data.name} needs the side length of its images; set data.resize.")
        self.examples: Examples = Pictures.of(listing, data, name or data.name, device)
        self.size, self.workers = data.resize, workers
        self.data, self.draws, self.batch_size = data, draws, batch_size
        self.device = torch.device(device)
        self.augment = data.augment if train else ()
        self.shuffle = train
        self.normalise = Normalise(data.mean, data.std, 3, dtype, self.device, memory_format)
        self._epoch = None

    def epoch(self, e: int, part: Part = WHOLE, *, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``e`` from batch ``start`` on; of each, only the rows of ``part`` are decoded."""
        order, drawn = self.plan(e)
        whole = order.cpu().split(self.batch_size)[start:]
        rows = [part.rows(len(samples)) for samples in whole]
        mine = [samples[at] for samples, at in zip(whole, rows, strict=True)]
        decoded = self._decoded(mine, self.workers, e)
        for samples, at, everything, images in zip(mine, rows, whole, decoded, strict=True):
            here = upload(samples, self.device)
            moved = self.normalise(apply(images.to(self.device, non_blocking=True), drawn, here))
            labels = self.examples.labels[here]
            yield Batch(moved, labels, at.start, len(everything)) if part.of > 1 else Batch(moved, labels)

    def batch(self, e: int, i: int) -> Batch:
        """Batch ``i``, counted from 0, of epoch ``e``; decoded in this process each time it is asked for."""
        if not 0 <= i < len(self):
            raise IndexError(f"batch {i} of {len(self)}")
        order, drawn = self.plan(e)
        samples = order.split(self.batch_size)[i]
        images = next(self._decoded([samples.cpu()], 0, e)).to(self.device)
        return Batch(self.normalise(apply(images, drawn, samples)), self.examples.labels[samples])

    def eval_batches(self, batch: int | None = None, part: Part = WHOLE) -> Iterator[Batch]:
        """All samples of a part once, in stored order, never augmented."""
        n = len(self.examples)
        batches = torch.arange(n)[part.rows(n)].split(batch or self.batch_size)
        for samples, images in zip(batches, self._decoded(batches, self.workers), strict=True):
            yield Batch(self.normalise(images.to(self.device)), self.examples.labels[upload(samples, self.device)])

    def _decoded(self, batches: Sequence[Tensor], workers: int, epoch: int | None = None) -> Iterator[Tensor]:
        """Batches as training sees them in an epoch, or as evaluation does."""
        assert isinstance(self.examples, Pictures)
        yield from DataLoader(
            _Decoding(self.examples.listing, self.size, batches, self._look(epoch)),
            batch_size=None,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # else it would draw from the global one
        )

    def _look(self, epoch: int | None) -> Look:
        if not self.data.per_picture:
            return partial(_squashed, self.size)
        from shared.data.views import View  # imports torchvision: once and here, not in every worker process

        return View(self.size, self.data.shorter_side, () if epoch is None else self.augment, self.draws, epoch or 0)


def _squashed(size: int, picture: Encoded, sample: int) -> np.ndarray:
    return decode_one(picture, size)
