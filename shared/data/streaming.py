"""Batches read from class folders while training: for data sets that do not fit into memory (ImageNet).

Same order, same augmentation, same numbers as ``EpochLoader`` on the decoded arrays: both use the same functions of
(seed, epoch, sample index). Worker processes only decode; the rest happens on the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from shared.data import folders
from shared.data.augment import apply, upload
from shared.data.batch import WHOLE, Batch, Part
from shared.data.found import Found
from shared.data.imageset import Examples, ImageSet
from shared.data.listing import Listing
from shared.data.loader import EpochLoader
from shared.data.normalise import Normalise
from shared.data.pictures import decode_all, decode_one
from shared.data.sources import find
from shared.draws import Draws
from shared.errors import ReproError
from shared.protocol import Data


@dataclass(frozen=True)
class Pictures(ImageSet):
    """Examples that are still files: ``images`` has their shape and no content, ``subset`` decodes some of them."""

    listing: Listing = field(default_factory=lambda: Listing((), (), ()))

    @classmethod
    def of(cls, listing: Listing, size: int, name: str = "", device: torch.device | str = "cpu") -> Pictures:
        """The pictures of a listing, brought to ``size x size``; their labels on the device."""
        images = torch.empty((len(listing.files), 3, size, size), dtype=torch.uint8, device="meta")
        labels = torch.tensor(listing.labels, device=device)
        return cls(images, labels, len(listing.class_names), name, listing.class_names, listing)

    def subset(self, indices: Tensor | Sequence[int]) -> ImageSet:
        """The examples at ``indices``, in that order, decoded, on the device of the labels."""
        at = torch.as_tensor(indices, dtype=torch.int64)
        device = self.labels.device
        images = decode_all([self.listing.files[i] for i in at.tolist()], self.images.shape[-1], self.name)
        labels = self.labels[at.to(device)]
        return ImageSet(images.to(device), labels, self.classes, self.name, self.class_names)


class _Decoding(Dataset[Tensor]):
    """Whole batches by their sample indices: uint8 ``[B, 3, S, S]``."""

    def __init__(self, listing: Listing, size: int, batches: Sequence[Tensor]) -> None:
        self.listing = listing
        self.size = size
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, i: int) -> Tensor:
        images = [decode_one(self.listing.files[s], self.size) for s in self.batches[i].tolist()]
        return torch.from_numpy(np.stack(images) if images else np.empty((0, 3, self.size, self.size), np.uint8))


class FolderLoader(EpochLoader):
    """``EpochLoader`` over pictures in class folders.

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
        name: data set and split, for messages.

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
        name: str = "",
    ) -> None:
        if data.resize is None:
            raise ReproError(f"Streaming {data.name} needs the side length of its images; set data.resize.")
        if not can_stream(data):
            raise ReproError(
                "Streamed data are used whole; leave per_class, test_per_class, val_size and checks unset."
            )
        self.examples: Examples = Pictures.of(listing, data.resize, name or data.name, device)
        self.listing, self.size, self.workers = listing, data.resize, workers
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
        decoded = self._decoded(mine, self.workers)
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
        images = next(self._decoded([samples.cpu()], 0)).to(self.device)
        return Batch(self.normalise(apply(images, drawn, samples)), self.examples.labels[samples])

    def eval_batches(self, batch: int | None = None, part: Part = WHOLE) -> Iterator[Batch]:
        """All samples of a part once, in stored order, never augmented."""
        n = len(self.examples)
        batches = torch.arange(n)[part.rows(n)].split(batch or self.batch_size)
        for samples, images in zip(batches, self._decoded(batches, self.workers), strict=True):
            yield Batch(self.normalise(images.to(self.device)), self.examples.labels[upload(samples, self.device)])

    def _decoded(self, batches: Sequence[Tensor], workers: int) -> Iterator[Tensor]:
        yield from DataLoader(
            _Decoding(self.listing, self.size, batches),
            batch_size=None,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # else it would draw from the global one
        )


def can_stream(data: Data) -> bool:
    """Whether nothing in the protocol's data part needs decoded arrays."""
    parts = data.checks or data.val_size or data.per_class or data.test_per_class
    return data.resize is not None and not parts


def to_stream(data: Data, data_dir: Path | None) -> tuple[Found, Listing, Listing] | None:
    """Where the data are and both splits, if they are class folders that are used whole and do not fit into memory."""
    found = find(data, data_dir) if can_stream(data) else None
    if found is None or found.listings is None or found.size is None:
        return None
    train, test = found.listings()
    if folders.decoded_bytes(train, test, data.resize) <= folders.MEMORY_LIMIT:
        return None
    return found, train, test
