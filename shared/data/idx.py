"""MNIST's own file format: a big-endian header and bytes."""

from __future__ import annotations

import gzip
import math
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from shared.data.found import Found, folders
from shared.data.imageset import ImageSet
from shared.errors import ReproError
from shared.protocol import Data


def find(root: Path, data: Data) -> Found | None:
    """The four files of MNIST or Fashion-MNIST, gzipped or not, in torchvision's layout (``MNIST/raw``) or a folder of
    the usual name."""
    stem = "FashionMNIST" if data.name == "fashion-mnist" else "MNIST"
    for folder in folders(root, f"{stem}/raw", f"{data.name}/raw", stem, data.name):
        files = tuple(
            f for s in ("train", "t10k") for f in (_file(folder, s, "images", 3), _file(folder, s, "labels", 1)) if f
        )
        if len(files) == 4:
            return Found(
                data.name, "original idx files", folder, partial(tuple, files), partial(_decode, data.name, *files)
            )
    return None


def read_idx(path: Path) -> Tensor:
    """The uint8 array of an idx file; a name ending in ``.gz`` is unpacked.

    Raises:
        ReproError: if the file is not such a file or is cut short.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as e:
        raise ReproError(f"{path} cannot be read ({e}); replace it by the original file.") from e
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ReproError(f"{path} is not an idx file of bytes; replace it by the original file.")
    dims = content[3]
    shape = tuple(int(n) for n in np.frombuffer(content[4 : 4 + 4 * dims], dtype=">i4"))
    if len(shape) != dims or len(content) != 4 + 4 * dims + math.prod(shape):
        raise ReproError(f"{path} does not have the length its header states; replace it by the original file.")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape).copy())


def _file(folder: Path, stem: str, what: str, dims: int) -> Path | None:
    names = [f"{stem}-{what}{dot}idx{dims}-ubyte{gz}" for gz in ("", ".gz") for dot in ("-", ".")]
    return next((folder / n for n in names if (folder / n).is_file()), None)


CLASSES = {
    "fashion-mnist": ("top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
}


def _decode(name: str, *files: Path) -> tuple[ImageSet, ImageSet]:
    return _split(f"{name}/train", files[0], files[1]), _split(f"{name}/test", files[2], files[3])


def _split(split: str, image_file: Path, label_file: Path) -> ImageSet:
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise ReproError(f"{image_file} and {label_file} do not belong together; replace them by the original files.")
    names = CLASSES.get(split.partition("/")[0], tuple("0123456789"))
    return ImageSet(images[:, None], labels.long(), 10, split, names)
