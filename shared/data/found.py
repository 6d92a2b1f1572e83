"""A data set in a recognised layout, located but not decoded yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.data.imageset import ImageSet
from shared.data.listing import Listing


@dataclass(frozen=True)
class Found:
    """What a finder returns.

    Attributes:
        name: of the data set.
        layout: in which form it was found, for people.
        folder: where.
        files: lists everything that ``decode`` reads; names, sizes and times of these sign the cache of decoded arrays.
            A function, because listing a million files takes long.
        decode: reads the files and returns the train and the test split.
        slow: whether decoding is worth a cache.
        size: side length that ``decode`` brings images to, ``None`` as stored.
        verified: whether ``decode`` succeeds only on files with the publisher's checksums.
        notes: sentences a verdict should carry.
        listings: lists the pictures of the train and the test split without decoding them, for streaming.
        in_memory: whether listing reads all pictures into memory, as those of a table have to be.
    """

    name: str
    layout: str
    folder: Path
    files: Callable[[], tuple[Path, ...]]
    decode: Callable[[], tuple[ImageSet, ImageSet]]
    slow: bool = False
    size: int | None = None
    verified: bool = False
    notes: tuple[str, ...] = ()
    listings: Callable[[], tuple[Listing, Listing]] | None = None
    in_memory: bool = False


def folders(root: Path, *names: str) -> Iterator[Path]:
    """Existing folders of these names below ``root``; ``root`` itself first if it has one of the names."""
    if root.name in {Path(n).name for n in names} and root.is_dir():
        yield root
    yield from (root / n for n in names if (root / n).is_dir())
