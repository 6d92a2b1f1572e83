"""From official splits to what a protocol trains and evaluates on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from shared.data.imageset import ImageSet, Splits
from shared.data.resize import resize
from shared.errors import ReproError
from shared.protocol import Data


@dataclass(frozen=True)
class Prepared:
    """The examples of a run, on its device.

    Attributes:
        train: what training sees (without the validation images).
        test: the official test split.
        val: the images held out of the official training split, if any.
        evaluate_on: the split every accuracy refers to.
        origin, status, notes: as in ``Splits``.
        inexact: how many of ``test`` are not, or not surely, the original's.
    """

    train: ImageSet
    test: ImageSet
    val: ImageSet | None
    evaluate_on: str
    origin: str
    status: str
    notes: tuple[str, ...]
    inexact: int

    @property
    def evaluation(self) -> ImageSet:
        """The split every accuracy refers to."""
        return self.val if self.evaluate_on == "val" and self.val is not None else self.test

    @property
    def worst_case_points(self) -> float:
        """By how many percentage points inexact images can move the evaluated accuracy at the very most."""
        return 100 * self.inexact / len(self.test) if self.evaluate_on == "test" else 0.0


def prepare(
    splits: Splits, data: Data, seed: int, device: torch.device | str = "cpu", *, channels: int | None = None
) -> Prepared:
    """Apply a protocol's choice of examples, resizing and channels (its checks: ``shared.data.checks``).

    Args:
        splits: the data set, as loaded.
        data: the protocol's data part.
        seed: of the run; only ``val_rule``s that draw depend on it.
        device: where the result lives.
        channels: of the network's input; grey images are repeated to fit.

    Raises:
        ReproError: if the data set cannot give what the protocol asks for.
    """
    if data.per_picture:
        raise ReproError(f"{splits.train.name} is decoded already, and cannot be cropped picture by picture.")
    kept = balanced(splits.train.labels, data.per_class, splits.train.classes, splits.train.name)
    tested = balanced(splits.test.labels, data.test_per_class, splits.test.classes, splits.test.name)
    train_at, val_at = hold_out(len(kept), data, seed, splits.train.labels[kept])

    def finish(images: ImageSet, at: Tensor) -> ImageSet:
        chosen = images if len(at) == len(images) else images.subset(at)
        if data.resize is not None:
            chosen = replace(chosen, images=resize(chosen.images, data.resize))
        return with_channels(chosen, channels).to(device)

    return Prepared(
        train=finish(splits.train, kept[train_at]),
        test=finish(splits.test, tested),
        val=finish(splits.train, kept[val_at]) if data.val_size else None,
        evaluate_on=data.evaluate_on,
        origin=splits.origin,
        status=splits.status,
        notes=splits.notes,
        inexact=len(set(splits.inexact) & set(tested.tolist())),
    )


def balanced(labels: Tensor, per_class: int | None, classes: int, name: str = "") -> Tensor:
    """Positions of the first ``per_class`` samples of each class, in file order; all positions for ``None``.

    Raises:
        ReproError: if a class has fewer.
    """
    if per_class is None:
        return torch.arange(len(labels))
    counts = torch.bincount(labels, minlength=classes)
    if int(counts.min()) < per_class:
        raise ReproError(
            f"{name or 'The data set'} has only {int(counts.min())} images of class {int(counts.argmin())}; "
            f"ask for at most that many per class instead of {per_class}."
        )
    of_class = [(labels == c).nonzero().flatten()[:per_class] for c in range(classes)]
    return torch.cat(of_class).sort().values


def hold_out(n: int, data: Data, seed: int, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Split ``0..n-1`` into training and validation positions.

    ``last``: the last ``val_size`` in file order. ``permuted``: the last ``val_size`` entries of NumPy's legacy
    permutation for the seed, in that order, as the flipout code does for Imagenette (flipout sheet, section 3). The
    training positions stay in file order; training shuffles them anyway. ``stratified``: of each class its share of
    ``val_size``, whole images by largest remainders (equal ones to the lower class), the last of that class in the same
    permutation; file order in both parts (dsr sheet, trap 12).

    Args:
        n: images.
        data: ``val_size`` and ``val_rule``.
        seed: of the permutation.
        labels: ``[n]`` classes of the images, which ``stratified`` needs.

    Raises:
        ReproError: if nothing would be left to train on.
    """
    if data.val_size >= n:
        raise ReproError(f"val_size is {data.val_size}, but there are {n} training images; hold out fewer.")
    order = np.arange(n) if data.val_rule == "last" else np.random.RandomState(seed).permutation(n)
    cut = n - data.val_size
    if data.val_rule == "stratified":
        assert labels is not None
        held = np.sort(_of_each_class(order, labels.numpy(), data.val_size))
        return torch.from_numpy(np.setdiff1d(np.arange(n), held)), torch.from_numpy(held)
    return torch.from_numpy(np.sort(order[:cut])), torch.from_numpy(order[cut:].copy())


def _of_each_class(order: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """The last of each class in this order, as many as its share of ``size``."""
    _, counts = np.unique(labels, return_counts=True)
    quotas, rests = np.divmod(counts * size, len(labels))
    quotas[np.argsort(-rests, kind="stable")[: size - quotas.sum()]] += 1
    sorted_by_class = order[np.argsort(labels[order], kind="stable")]
    ends = counts.cumsum()
    return np.concatenate([sorted_by_class[end - k : end] for end, k in zip(ends, quotas, strict=True)])


def with_channels(images: ImageSet, channels: int | None) -> ImageSet:
    """Repeat grey images to the network's channels.

    Raises:
        ReproError: if colour images meet a network with another number of channels.
    """
    have = images.images.shape[1]
    if channels is None or channels == have:
        return images
    if have != 1:
        raise ReproError(
            f"{images.name} has {have} channels and the network takes {channels}; set model.channels={have}."
        )
    return replace(images, images=images.images.expand(-1, channels, -1, -1).contiguous())
