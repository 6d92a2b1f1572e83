"""Decode encoded pictures (PNG, JPEG, WebP: whatever Pillow reads) into one uint8 array."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from shared.errors import ReproError

Encoded = bytes | Path


def decode_one(picture: Encoded, size: int | None, shorter_side: int | None = None) -> np.ndarray:
    """One picture as uint8 ``[3, H, W]``: RGB (grey is repeated), and with ``size`` brought to ``size x size``.

    Raises:
        ReproError: if it cannot be read.
    """
    image = opened(picture)
    return pixels(image if size is None else fitted(image, size, shorter_side))


def opened(picture: Encoded) -> Image.Image:
    """One picture in RGB, in full size.

    Raises:
        ReproError: if it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError) as e:
        what = f"The picture {picture}" if isinstance(picture, Path) else "A picture in a table"
        raise ReproError(f"{what} cannot be decoded ({e}); replace the file by the original.") from e


def fitted(image: Image.Image, size: int, shorter_side: int | None) -> Image.Image:
    """A picture brought to ``size x size``, bilinear with Pillow's antialiasing.

    Without ``shorter_side`` its aspect ratio is not kept (flipout sheet, section 3). With it, the shorter side is
    brought to so many pixels and the centre cut out: torchvision's ``Resize``, ``CenterCrop`` (dsr sheet, section 3).
    """
    if shorter_side is None:
        return image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BILINEAR)
    from torchvision.transforms import functional as F  # takes long to import, and few runs need it

    cut: Image.Image = F.center_crop(F.resize(image, [shorter_side]), [size, size])
    return cut


def pixels(image: Image.Image) -> np.ndarray:
    """An RGB picture as uint8 ``[3, H, W]``."""
    return np.asarray(image).transpose(2, 0, 1)


def decode_all(pictures: Sequence[Encoded], size: int | None, what: str, shorter_side: int | None = None) -> Tensor:
    """All pictures as uint8 ``[N, 3, H, W]``, in order, on all processors (Pillow frees the interpreter lock).

    Args:
        pictures: encoded bytes or files.
        size: side length to resize to; ``None``: as stored, which must be the same for all.
        what: the data set, for messages.
        shorter_side: see ``fitted``.

    Raises:
        ReproError: if one cannot be read, or if their sizes differ and no size is stated.
    """
    if not pictures:
        raise ReproError(f"{what} holds no pictures.")
    first = decode_one(pictures[0], size, shorter_side)
    out = np.empty((len(pictures), *first.shape), np.uint8)

    def put(i: int) -> None:
        array = decode_one(pictures[i], size, shorter_side)
        if array.shape != first.shape:
            raise ReproError(f"The pictures of {what} have different sizes; state the side length with data.resize.")
        out[i] = array

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(put, range(len(pictures))):
            pass
    return torch.from_numpy(out)
