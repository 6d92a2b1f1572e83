"""Image data sets as tables in Parquet files, as data hubs distribute them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared.data.found import Found, folders
from shared.data.imageset import ImageSet
from shared.data.listing import Listing
from shared.data.pictures import decode_all
from shared.errors import ReproError
from shared.protocol import Data

# Classes of each data set, and whether its pictures all have one size (then they are kept as stored).
_CLASSES = {"cifar10": (10, True), "cifar100": (100, True), "tiny-imagenet": (200, True), "imagenette": (10, False)}
_IMAGE = ("img", "image")
_LABEL = ("label", "fine_label", "labels")


def find(root: Path, data: Data) -> Found | None:
    """``train-*.parquet`` with ``test-*`` or ``valid*-*`` in a folder named after the data set, or below it."""
    classes, one_size = _CLASSES[data.name]
    names = (data.name, f"{data.name}/data", f"{data.name}/{data.name}", f"{data.name}/plain_text")
    for folder in folders(root, *names):
        train = sorted(folder.glob("train-*.parquet"))
        test = sorted(folder.glob("test-*.parquet")) or sorted(folder.glob("val*-*.parquet"))
        if train and test:
            size = None if one_size else data.resize
            manifest = folder / "manifest.json"
            return Found(
                data.name,
                "Parquet tables",
                folder,
                partial(tuple, (*train, *test)),
                partial(_decode, data.name, train, test, classes, size),
                slow=True,
                size=size,
                notes=_notes(manifest),
                listings=partial(_listings, data.name, train, test, classes),
                in_memory=True,
            )
    return None


def _decode(
    name: str, train: list[Path], test: list[Path], classes: int, size: int | None
) -> tuple[ImageSet, ImageSet]:
    return _split(f"{name}/train", train, classes, size), _split(f"{name}/test", test, classes, size)


def _split(name: str, files: list[Path], classes: int, size: int | None) -> ImageSet:
    found = _listing(name, files, classes)
    return ImageSet(decode_all(found.files, size, name), torch.tensor(found.labels), classes, name)


def _listings(name: str, train: list[Path], test: list[Path], classes: int) -> tuple[Listing, Listing]:
    return _listing(f"{name}/train", train, classes), _listing(f"{name}/test", test, classes)


def _listing(name: str, files: list[Path], classes: int) -> Listing:
    """The encoded pictures and labels of one split."""
    tables = [_read(f) for f in files]
    labels = np.concatenate([found for _, found in tables])
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ReproError(f"The labels of {name} in {files[0].parent} do not lie in 0..{classes - 1}.")
    pictures = tuple(p for found, _ in tables for p in found)
    return Listing(pictures, tuple(labels.tolist()), tuple(map(str, range(classes))))


def _read(path: Path) -> tuple[list[bytes], np.ndarray]:
    """Encoded pictures and int64 labels of one file.

    Raises:
        ReproError: if the file is damaged or has no such columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = pq.read_schema(path).names
        image, label = _one_of(columns, _IMAGE, path), _one_of(columns, _LABEL, path)
        table = pq.read_table(path, columns=[image, label])
    except (pa.ArrowInvalid, OSError) as e:
        raise ReproError(f"{path} cannot be read as a Parquet table ({e}); replace it by the original file.") from e
    cells = table[image].combine_chunks()
    if pa.types.is_struct(cells.type):
        cells = cells.field("bytes")
    if cells.null_count or table[label].null_count:
        raise ReproError(f"{path} has rows without picture or label; use tables that embed the pictures' bytes.")
    return cells.to_pylist(), table[label].to_numpy().astype(np.int64)


def _one_of(columns: list[str], wanted: tuple[str, ...], path: Path) -> str:
    for name in wanted:
        if name in columns:
            return name
    raise ReproError(f"{path} has no column {' or '.join(wanted)}; its columns are {', '.join(columns)}.")


def _notes(manifest: Path) -> tuple[str, ...]:
    """What the data set's own manifest says about images that are not the original's."""
    if not manifest.is_file():
        return ()
    try:
        stated: dict[str, Any] = json.loads(manifest.read_text()).get("test_inexact", {})
        count = int(stated.get("count", 0))
    except (ValueError, AttributeError, TypeError) as e:
        raise ReproError(f"{manifest} is not a readable manifest ({e}); restore or remove it.") from e
    return (f"The data manifest states {count} inexact test images: {stated.get('note', 'no note')}.",) if count else ()
