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


def decode_one(picture: Encoded, size: int | None) -> np.ndarray:
    """One picture as uint8 ``[3, H, W]``.

    A picture that is not RGB becomes RGB (grey is repeated), and with ``size`` is resized to exactly ``size x size``,
    bilinear with Pillow's antialiasing (flipout sheet, section 3).

    Raises:
        ReproError: if it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
            plain = image.convert("RGB")
    except (UnidentifiedImageError, OSError) as e:
        what = f"The picture {picture}" if isinstance(picture, Path) else "A picture in a table"
        raise ReproError(f"{what} cannot be decoded ({e}); replace the file by the original.") from e
    if size is not None and plain.size != (size, size):
        plain = plain.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(plain).transpose(2, 0, 1)


def decode_all(pictures: Sequence[Encoded], size: int | None, what: str) -> Tensor:
    """All pictures as uint8 ``[N, 3, H, W]``, in order, on all processors (Pillow frees the interpreter lock).

    Args:
        pictures: encoded bytes or files.
        size: side length to resize to; ``None``: as stored, which must be the same for all.
        what: the data set, for messages.

    Raises:
        ReproError: if one cannot be read, or if their sizes differ and no size is stated.
    """
    if not pictures:
        raise ReproError(f"{what} holds no pictures.")
    first = decode_one(pictures[0], size)
    out = np.empty((len(pictures), *first.shape), np.uint8)

    def put(i: int) -> None:
        array = decode_one(pictures[i], size)
        if array.shape != first.shape:
            raise ReproError(f"The pictures of {what} have different sizes; state the side length with data.resize.")
        out[i] = array

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(put, range(len(pictures))):
            pass
    return torch.from_numpy(out)
