"""Sanity checks of data, in front of a loader (random_tickets sheet, section 4.11).

A check is named in a protocol: for the whole run (``Data.checks``), for one training phase (``Train.checks``) or for
the data that a pruning scores (``Prune.checks``). Everything is a function of the run's draws, so it is the same after
a restart.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor

from shared.data import corruptions
from shared.data.augment import apply
from shared.data.encoded import Pictures
from shared.data.imageset import Examples, ImageSet, TensorSet
from shared.data.loader import EpochLoader
from shared.errors import ReproError, unknown
from shared.protocol import Data, Method
from shared.training.structure import NAMES as STRUCTURAL

CHUNK = 2000


def random_labels(loader: EpochLoader, *, mode: Literal["fixed", "drawn"] = "fixed") -> EpochLoader:
    """Labels that say nothing of the images: the published relabelling (``fixed``) or the run's own (``drawn``)."""
    old = loader.examples
    n = len(old)
    if mode == "fixed":
        labels = corruptions.published_labels(n, old.classes)
    else:
        labels = corruptions.drawn_labels(loader.draws.uniform(n, "check-labels"), old.classes)
    return with_examples(loader, replace(old, labels=labels.to(old.labels.device)))


def random_pixels(
    loader: EpochLoader, *, mode: Literal["values", "rows", "rows-and-columns"] = "values"
) -> EpochLoader:
    """Images whose parts have moved, each image by its own permutation.

    ``values`` (published): all values of the stored image, before augmentation. ``rows`` and ``rows-and-columns``
    (answer42's SNIP and GraSP): parts of the augmented and normalised image, once for all epochs.

    Raises:
        ReproError: if pictures are cropped one by one, so that there are no decoded images whose parts could move.
    """
    if isinstance(loader.examples, Pictures):
        raise ReproError(
            "The check random-pixels moves parts of decoded images, but here each picture is cropped from its file; "
            "choose another check, or set data.augment=[] and data.shorter_side=null."
        )
    draws = loader.draws
    if mode == "values":
        old = loader.examples
        images = old.images.clone()
        for i in range(len(images)):
            order = draws.permutation(images[i].numel(), "check-pixels", index=i)
            images[i] = corruptions.permuted_values(images[i], order.to(images.device))
        return with_examples(loader, replace(old, images=images))
    seen = as_seen(loader)
    images = seen.images
    _, c, h, w = images.shape
    for i in range(len(images)):
        if mode == "rows":
            order = draws.permutation(c * h, "check-pixels", index=i).to(images.device)
            images[i] = corruptions.permuted_rows(images[i], order)
        else:
            rows = draws.permutation(h, "check-pixels", index=2 * i).to(images.device)
            columns = draws.permutation(w, "check-pixels", index=2 * i + 1).to(images.device)
            images[i] = corruptions.permuted_rows_and_columns(images[i], rows, columns)
    return with_examples(loader, seen)


def half_dataset(
    loader: EpochLoader, *, mode: Literal["first", "random"] = "first", batches: int | None = None
) -> EpochLoader:
    """Half of the examples: the first in file order and never shuffled (published), or a random half (answer42).

    ``batches`` states how many batches the first half has, where it is not the most that fit into half.
    """
    n = len(loader.examples)
    if mode == "first":
        at = corruptions.first_half(n, loader.batch_size, batches)
    else:
        at = corruptions.random_half(loader.draws.permutation(n, "check-half"))
    half = with_examples(loader, chosen(loader.examples, at))
    half.shuffle = half.shuffle and mode != "first"
    return half


CHECKS: dict[str, Callable[..., EpochLoader]] = {
    "random-labels": random_labels,
    "random-pixels": random_pixels,
    "half-dataset": half_dataset,
}


def corrupted(loader: EpochLoader, checks: Sequence[Method]) -> EpochLoader:
    """The loader behind some checks, in their order; those of masks and weights are passed over.

    Raises:
        ReproError: for a check that does not exist, or an option it does not have.
    """
    for check in checks:
        if check.name in STRUCTURAL:
            continue
        if check.name not in CHECKS:
            raise unknown("sanity check", check.name, [*CHECKS, *STRUCTURAL])
        options: dict[str, Any] = dict(check.options)
        try:
            loader = CHECKS[check.name](loader, **options)
        except TypeError as error:
            raise ReproError(f"sanity check {check.name!r} refuses its options {check.options}: {error}.") from error
    return loader


def with_examples(loader: EpochLoader, examples: Examples) -> EpochLoader:
    """The same loader over other examples; floating-point ones are final and no longer augmented or normalised.

    Decoded examples in front of a streaming loader are served from memory.
    """
    if isinstance(loader.examples, ImageSet) and isinstance(examples, TensorSet):
        return EpochLoader(
            examples,
            Data(name=loader.examples.name),
            loader.draws,
            loader.batch_size,
            dtype=loader.normalise.dtype,
            train=loader.shuffle,
            memory_format=loader.normalise.memory_format,
        )
    if isinstance(loader.examples, Pictures) and not isinstance(examples, Pictures):
        return EpochLoader(
            examples,
            loader.data,
            loader.draws,
            loader.batch_size,
            dtype=loader.normalise.dtype,
            train=loader.shuffle,
            memory_format=loader.normalise.memory_format,
        )
    other = copy.copy(loader)
    other.examples, other._epoch, other._prepared = examples, None, None
    return other


def chosen(examples: Examples, at: Tensor) -> Examples:
    """The examples at some positions, in that order."""
    there = at.to(examples.labels.device)
    if isinstance(examples, Pictures):
        return examples.subset(there)
    return replace(examples, images=examples.images[there], labels=examples.labels[there])


def as_seen(loader: EpochLoader) -> TensorSet:
    """All examples as a network sees them in epoch 0, augmented and normalised, in stored order."""
    examples = loader.examples
    drawn = loader.plan(0)[1]
    parts = []
    for part in _parts(len(examples), examples.images.device):
        parts.append(loader.normalise(apply(examples.images[part], drawn, part)).contiguous())
    return TensorSet(torch.cat(parts), examples.labels, examples.classes, examples.name)


def _parts(n: int, device: torch.device) -> Iterable[Tensor]:
    return torch.arange(n, device=device).split(CHUNK)
