"""Pictures in class folders: Imagenette, Tiny-ImageNet, ImageNet, your own."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import torch

from shared.data.found import Found, folders
from shared.data.imageset import ImageSet
from shared.data.listing import Listing
from shared.data.pictures import decode_all
from shared.errors import ReproError
from shared.protocol import Data

SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".webp", ".bmp"})
_NAMES = {
    "imagenette": ("imagenette2", "imagenette", "imagenette2-320", "imagenette2-160"),
    "tiny-imagenet": ("tiny-imagenet-200", "tiny-imagenet"),
    "imagenet": ("imagenet", "ILSVRC2012", "ILSVRC/Data/CLS-LOC"),
    "imagefolder": ("imagefolder", "."),
}
_TEST = ("val", "test", "validation")
# Decoded arrays beyond this many bytes do not go into memory; shared.data.streaming reads such folders.
MEMORY_LIMIT = int(float(os.environ.get("REPRO_DECODED_GB", "16")) * 1024**3)


def find(root: Path, data: Data) -> Found | None:
    """``train`` with ``val`` (or ``test``), each with one folder per class, below a folder of the usual name."""
    place = locate(root, data.name)
    if place is None:
        return None
    size = None if data.name == "tiny-imagenet" else data.resize
    small = place[0].parent.name in ("imagenette2-320", "imagenette2-160")
    return Found(
        data.name,
        "class folders",
        place[0].parent,
        partial(_files, *place),
        partial(_decode, data.name, *place, size),
        slow=True,
        size=size,
        notes=(f"The pictures come from {place[0].parent.name}, which is not the full-size original.",)
        if small
        else (),
        listings=partial(listings, *place),
    )


def locate(root: Path, name: str) -> tuple[Path, Path] | None:
    """The train and test folders of a data set below ``root``."""
    for folder in folders(root, *_NAMES[name]):
        tests = [folder / t for t in _TEST if (folder / t).is_dir()]
        if tests and (folder / "train").is_dir():
            return folder / "train", tests[0]
    return None


def listings(train: Path, test: Path) -> tuple[Listing, Listing]:
    """The pictures of both splits.

    Raises:
        ReproError: if there are none, or if the two have different classes.
    """
    first = listing(train)
    annotated = test / "val_annotations.txt"  # Tiny-ImageNet as distributed: all validation pictures in one folder
    second = (
        _annotated(annotated, first.class_names)
        if annotated.is_file() and (test / "images").is_dir()
        else listing(test)
    )
    if first.class_names != second.class_names:
        odd = sorted(set(first.class_names) ^ set(second.class_names))
        raise ReproError(
            f"{train} and {test} have different classes ({', '.join(odd[:5])}); give both the same folders."
        )
    return first, second


def listing(folder: Path) -> Listing:
    """Classes are the sorted sub-folders, files are sorted within each, as torchvision's ``ImageFolder`` does."""
    names = tuple(sorted(p.name for p in folder.iterdir() if p.is_dir()))
    per_class = [sorted(f for f in (folder / n).rglob("*") if f.suffix.lower() in SUFFIXES) for n in names]
    empty = [n for n, files in zip(names, per_class, strict=True) if not files]
    if empty or not names:
        raise ReproError(f"{folder} has no pictures{f' of class {empty[0]}' if empty else ' in class folders'}.")
    labels = tuple(label for label, files in enumerate(per_class) for _ in files)
    return Listing(tuple(f for files in per_class for f in files), labels, names)


def _annotated(table: Path, class_names: tuple[str, ...]) -> Listing:
    rows = [line.split("\t")[:2] for line in table.read_text().splitlines() if line.strip()]
    label = {n: i for i, n in enumerate(class_names)}
    try:
        pairs = sorted((label[name], table.parent / "images" / file) for file, name in rows)
    except (KeyError, ValueError) as e:
        raise ReproError(f"{table} names a class that the training folder lacks or is damaged ({e}).") from e
    return Listing(tuple(f for _, f in pairs), tuple(c for c, _ in pairs), class_names)


def _files(train: Path, test: Path) -> tuple[Path, ...]:
    return tuple(f for part in listings(train, test) for f in part.files if isinstance(f, Path))


def _decode(name: str, train_folder: Path, test_folder: Path, size: int | None) -> tuple[ImageSet, ImageSet]:
    train, test = listings(train_folder, test_folder)
    if (total := decoded_bytes(train, test, size)) > MEMORY_LIMIT:
        raise ReproError(
            f"{name} would take {total / 1e9:.0f} GB of memory when decoded, and a protocol with data.per_class, "
            "data.val_size or data checks cannot be streamed from its folder; lower data.resize, or raise "
            "REPRO_DECODED_GB."
        )
    return _split(f"{name}/train", train, size), _split(f"{name}/test", test, size)


def decoded_bytes(train: Listing, test: Listing, size: int | None) -> int:
    """What both splits take in memory."""
    return 3 * (size or 64) ** 2 * (len(train.files) + len(test.files))


def _split(name: str, pictures: Listing, size: int | None) -> ImageSet:
    images = decode_all(pictures.files, size, name)
    return ImageSet(images, torch.tensor(pictures.labels), len(pictures.class_names), name, pictures.class_names)
