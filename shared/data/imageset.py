"""Decoded examples: what every source returns and every transformation maps to itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Fingerprint:
    """SHA-256 of decoded arrays: pixels as uint8 ``N x C x H x W``, labels as uint8 (int64 beyond 256 classes)."""

    pixels: str
    labels: str

    @property
    def combined(self) -> str:
        """One SHA-256 for both, as recorded beside a result."""
        return hashlib.sha256(f"{self.pixels}/{self.labels}".encode()).hexdigest()


@dataclass(frozen=True)
class ImageSet:
    """Images of one split, decoded once.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]``, from 0 to ``classes - 1``.
        classes: how many classes the task has.
        name: data set and split, e.g. ``cifar10/train``.
        class_names: one per class, where the source states them.
    """

    images: Tensor
    labels: Tensor
    classes: int
    name: str = ""
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise TypeError(f"images must be uint8 [N, C, H, W], not {self.images.dtype} {tuple(self.images.shape)}")
        _check_labels(self.images, self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Computed from the arrays themselves, once (0.15 s for CIFAR-10)."""
        labels = self.labels.cpu()
        return Fingerprint(_sha256(self.images.cpu()), _sha256(labels.byte() if self.classes <= 256 else labels))

    def to(self, device: torch.device | str) -> ImageSet:
        """The same examples on a device (the same object if they are there already)."""
        if self.images.device == self.labels.device == torch.device(device):
            return self
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def subset(self, indices: Tensor | Sequence[int]) -> ImageSet:
        """The examples at ``indices``, in that order."""
        at = torch.as_tensor(indices, dtype=torch.int64, device=self.labels.device)
        return replace(self, images=self.images.index_select(0, at), labels=self.labels.index_select(0, at))


@dataclass(frozen=True)
class TensorSet:
    """Examples that are numbers already, ``[N, ...]`` floating point: tiny networks and golden cases.

    Never augmented, resized or normalised.
    """

    images: Tensor
    labels: Tensor
    classes: int
    name: str = ""

    def __post_init__(self) -> None:
        if not self.images.is_floating_point():
            raise TypeError(f"a TensorSet holds floating-point examples, not {self.images.dtype}")
        _check_labels(self.images, self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> TensorSet:
        """The same examples on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


Examples = ImageSet | TensorSet


@dataclass(frozen=True)
class Splits:
    """The two official parts of a data set, and how they relate to the original.

    Attributes:
        train, test: the decoded splits.
        origin: where and in which form the data was found, for people.
        status: ``exact`` (the original's fingerprints), ``accounted`` (differs only in the images listed in
            ``inexact``), ``unknown`` (no statement can be made).
        inexact: positions in the test split whose pixels are not, or not surely, the original's.
        notes: sentences a verdict should carry.
    """

    train: ImageSet
    test: ImageSet
    origin: str = ""
    status: str = "unknown"
    inexact: tuple[int, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def worst_case_points(self) -> float:
        """By how many percentage points the inexact test images can move a test accuracy at the very most."""
        return 100 * len(self.inexact) / len(self.test)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Per split the combined SHA-256."""
        return {"train": self.train.fingerprint.combined, "test": self.test.fingerprint.combined}


def _check_labels(images: Tensor, labels: Tensor) -> None:
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise TypeError(f"labels must be int64 [{len(images)}], not {labels.dtype} {tuple(labels.shape)}")


def _sha256(array: Tensor) -> str:
    return hashlib.sha256(array.contiguous().numpy().data).hexdigest()
