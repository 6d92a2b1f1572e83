"""Batches read from class folders while training: for data sets that do not fit into memory (ImageNet).

Same order, same augmentation, same numbers as ``EpochLoader`` on the decoded arrays: both use the same functions of
(seed, epoch, sample index). Worker processes only decode; the rest happens on the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from shared.data.augment import apply, draw, upload
from shared.data.batch import Batch
from shared.data.folders import Listing
from shared.data.normalise import Normalise
from shared.data.pictures import decode_one
from shared.draws import Draws
from shared.errors import ReproError
from shared.protocol import Data


class _Pictures(Dataset[tuple[Tensor, Tensor]]):
    """Whole batches by their sample indices: uint8 ``[B, 3, S, S]`` and int64 ``[B]``."""

    def __init__(self, listing: Listing, size: int, batches: Sequence[Tensor]) -> None:
        self.listing = listing
        self.size = size
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        samples = self.batches[i].tolist()
        images = np.stack([decode_one(self.listing.files[s], self.size) for s in samples])
        return torch.from_numpy(images), torch.tensor([self.listing.labels[s] for s in samples])


class FolderLoader:
    """The interface of ``EpochLoader`` over pictures in class folders.

    Args:
        listing: the pictures of one split (``shared.data.folders.listings``).
        data: ``resize``, normalisation and augmentation.
        draws: the run's source of randomness.
        batch_size: samples per batch.
        device: where the batches are wanted.
        dtype: of the images handed out.
        train: whether samples are shuffled and augmented.
        memory_format: of the images handed out.
        workers: decoding processes; 0 decodes in this one. Without influence on the numbers.

    Raises:
        ReproError: without ``data.resize``, or if the protocol asks for a part of the data, which only decoded
            arrays offer.
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
    ) -> None:
        if data.resize is None:
            raise ReproError(f"Streaming {data.name} needs the side length of its images; set data.resize.")
        if data.checks or data.val_size or data.per_class or data.test_per_class:
            raise ReproError(
                "Streamed data are used whole; leave per_class, test_per_class, val_size and checks unset."
            )
        self.listing = listing
        self.size = data.resize
        self.augment = data.augment if train else ()
        self.draws = draws
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.train = train
        self.workers = workers
        self.normalise = Normalise(data.mean, data.std, 3, dtype, self.device, memory_format)

    def __len__(self) -> int:
        """Steps per epoch."""
        return -(-len(self.listing.files) // self.batch_size)

    def epoch(self, e: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``e`` from batch ``start`` on."""
        n = len(self.listing.files)
        order = self.draws.permutation(n, "data-order", epoch=e) if self.train else torch.arange(n)
        drawn = draw(self.augment, n, self.draws, e, self.device)
        batches = order.split(self.batch_size)[start:]
        for samples, (images, labels) in zip(batches, self._decoded(batches), strict=True):
            at = upload(samples, self.device)
            moved = apply(images.to(self.device, non_blocking=True), drawn, at)
            yield Batch(self.normalise(moved), labels.to(self.device, non_blocking=True))

    def eval_batches(self, batch: int | None = None) -> Iterator[Batch]:
        """All samples once, in stored order, never augmented."""
        for images, labels in self._decoded(torch.arange(len(self.listing.files)).split(batch or self.batch_size)):
            yield Batch(self.normalise(images.to(self.device)), labels.to(self.device))

    def _decoded(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        yield from DataLoader(
            _Pictures(self.listing, self.size, batches),
            batch_size=None,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # else it would draw from the global one
        )
