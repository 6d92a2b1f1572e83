"""Which pictures are decoded while training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from shared.data import folders
from shared.data.found import Found
from shared.data.listing import Listing
from shared.data.prepare import balanced, hold_out
from shared.data.sources import find, source
from shared.errors import ReproError
from shared.protocol import Data


@dataclass(frozen=True)
class Streamed:
    """Class folders or tables whose pictures are decoded while training.

    Attributes:
        found: where they are.
        train, evaluation: the pictures a protocol trains and evaluates on.
        counts: pictures of the official splits.
    """

    found: Found
    train: Listing
    evaluation: Listing
    counts: tuple[int, int]


def can_stream(data: Data) -> bool:
    """Whether nothing in the protocol's data part needs decoded arrays."""
    parts = data.checks or data.val_size or data.per_class or data.test_per_class
    return data.resize is not None and not parts


def to_stream(data: Data, data_dir: Path | None, seed: int = 0, *, checked: bool = False) -> Streamed | None:
    """The pictures that are decoded while training, or ``None`` if decoded arrays will do.

    They are if each is to be cropped (``data.per_picture``), or if they lie in class folders, are used whole and do not
    fit into memory.

    Args:
        data: the protocol's data part.
        data_dir: searched first.
        seed: of the run; only ``val_rule``s that draw depend on it.
        checked: whether a phase of the run corrupts its data.

    Raises:
        ReproError: if pictures are to be cropped, but this copy has none, or too few for what is asked.
    """
    if not data.per_picture and (checked or not can_stream(data)):
        return None
    found = find(data, data_dir)
    if data.per_picture:
        return None if found is None and source(data.name).finders else _of_pictures(data, found, seed)
    if found is None or found.listings is None or found.size is None or found.in_memory:
        return None
    train, test = found.listings()
    if folders.decoded_bytes(train, test, data.resize) <= folders.MEMORY_LIMIT:
        return None
    return Streamed(found, train, test, (len(train.files), len(test.files)))


def _of_pictures(data: Data, found: Found | None, seed: int) -> Streamed:
    """The part of the pictures that a protocol asks for."""
    if found is None or found.listings is None:
        raise ReproError(
            f"{data.name} is not made of encoded pictures that could be cropped one by one; unset data.shorter_side, "
            "and of data.augment all but pad-crop and flip."
        )
    train, test = found.listings()
    kept = balanced(torch.tensor(train.labels), data.per_class, len(train.class_names), f"{data.name}/train")
    tested = balanced(torch.tensor(test.labels), data.test_per_class, len(test.class_names), f"{data.name}/test")
    train_at, val_at = hold_out(len(kept), data, seed, torch.tensor(train.labels)[kept])
    held_out, evaluated = train.subset(kept[val_at].tolist()), test.subset(tested.tolist())
    evaluation = held_out if data.evaluate_on == "val" else evaluated
    counts = (len(train.files), len(test.files))
    return Streamed(found, train.subset(kept[train_at].tolist()), evaluation, counts)
