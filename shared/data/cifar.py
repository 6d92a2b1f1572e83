"""CIFAR-10 and CIFAR-100 as their authors distribute them: binary records, or Python 2 pickles (never unpickled)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from shared.data.found import Found, folders
from shared.data.imageset import ImageSet
from shared.data.picklescan import scan_batch
from shared.errors import ReproError
from shared.protocol import Data

_PIXELS = 3 * 32 * 32
_Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Layout:
    """File names of one data set; ``label_bytes`` precede each binary record, the last of them is the fine label."""

    classes: int
    python: str
    binary: str
    train: tuple[str, ...]
    test: str
    label_key: str
    label_bytes: int


_LAYOUTS: Mapping[str, _Layout] = {
    "cifar10": _Layout(
        10,
        "cifar-10-batches-py",
        "cifar-10-batches-bin",
        tuple(f"data_batch_{i}" for i in range(1, 6)),
        "test_batch",
        "labels",
        1,
    ),
    "cifar100": _Layout(100, "cifar-100-python", "cifar-100-binary", ("train",), "test", "fine_labels", 2),
}


def find_python(root: Path, data: Data) -> Found | None:
    """What torchvision downloads."""
    layout = _LAYOUTS[data.name]
    for folder in folders(root, layout.python, f"{data.name}/{layout.python}"):
        md5 = _published_md5(data.name)
        return _found(data.name, "Python batches", folder, "", partial(_read_python, layout=layout, md5=md5), True)
    return None


def find_binary(root: Path, data: Data) -> Found | None:
    """The "binary version" of the authors' page."""
    layout = _LAYOUTS[data.name]
    for folder in folders(root, layout.binary, f"{data.name}/{layout.binary}"):
        return _found(data.name, "binary batches", folder, ".bin", partial(_read_binary, layout=layout), False)
    return None


def _found(
    name: str, form: str, folder: Path, suffix: str, read: Callable[[Path], _Arrays], verified: bool
) -> Found | None:
    layout = _LAYOUTS[name]
    train, test = [folder / (n + suffix) for n in layout.train], folder / (layout.test + suffix)
    if not all(f.is_file() for f in (*train, test)):
        return None

    def split(part: str, files: list[Path]) -> ImageSet:
        arrays = [read(f) for f in files]
        images = torch.from_numpy(np.concatenate([a[0] for a in arrays]))
        labels = torch.from_numpy(np.concatenate([a[1] for a in arrays]).astype(np.int64))
        return ImageSet(images, labels, layout.classes, f"{name}/{part}")

    def decode() -> tuple[ImageSet, ImageSet]:
        return split("train", train), split("test", [test])

    return Found(name, form, folder, lambda: (*train, test), decode, verified=verified)


def _read_binary(path: Path, layout: _Layout) -> _Arrays:
    """Records of label byte(s) and 3,072 bytes: the red, green and blue planes."""
    record = layout.label_bytes + _PIXELS
    content = np.fromfile(path, dtype=np.uint8)
    if not len(content) or len(content) % record:
        raise ReproError(f"{path} is not a whole number of {record}-byte records; fetch the data set again.")
    rows = content.reshape(-1, record)
    return _checked(path, rows[:, layout.label_bytes :], rows[:, layout.label_bytes - 1], layout)


def _read_python(path: Path, layout: _Layout, md5: Mapping[str, str]) -> _Arrays:
    content = path.read_bytes()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5[path.name]:
        raise ReproError(f"{path} is damaged or not the original file (its MD5 is wrong); fetch the data set again.")
    pixels, labels = scan_batch(content, layout.label_key)
    images = np.frombuffer(pixels, np.uint8)
    if len(images) != _PIXELS * len(labels):
        raise ReproError(f"{path} does not hold 3,072 bytes per label; fetch the data set again.")
    return _checked(path, images.reshape(-1, _PIXELS), np.array(labels, np.uint8), layout)


def _checked(path: Path, pixels: np.ndarray, labels: np.ndarray, layout: _Layout) -> _Arrays:
    if int(labels.max()) >= layout.classes:
        raise ReproError(f"{path} holds the label {int(labels.max())}, but there are {layout.classes} classes.")
    return np.ascontiguousarray(pixels).reshape(-1, 3, 32, 32), labels


def _published_md5(name: str) -> dict[str, str]:
    from torchvision.datasets import CIFAR10, CIFAR100  # heavy, and needed for this layout only

    kind = CIFAR10 if name == "cifar10" else CIFAR100
    return {file: md5 for file, md5 in (*kind.train_list, *kind.test_list)}
