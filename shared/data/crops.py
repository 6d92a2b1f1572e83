"""Which part of a picture is seen: the random box of training, from stated uniform numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

TRIES = 10
NUMBERS = 2 * TRIES + 2
"""Uniform numbers a box takes: the areas and the ratios of ten tries, then its row and its column."""

Box = tuple[int, int, int, int]
"""Top row, left column, height and width in pixels."""


def random_box(
    width: int, height: int, u: Sequence[float], scale: tuple[float, float], ratio: tuple[float, float]
) -> Box:
    """The box that torchvision's ``RandomResizedCrop`` would draw: the first of ten that fits, else the largest centre.

    Area is uniform in ``scale`` times the picture's, the logarithm of width over height uniform in that of ``ratio``,
    the place uniform among those inside the picture.

    Args:
        width, height: of the picture.
        u: ``NUMBERS`` independent U[0, 1) numbers.
        scale: share of the area, smallest and largest.
        ratio: width over height, smallest and largest.

    Source: dsr sheet, section 3; hoyer sheet, section 3.
    """
    low, high = math.log(ratio[0]), math.log(ratio[1])
    for area, shape in zip(u[:TRIES], u[TRIES : 2 * TRIES], strict=True):
        target = width * height * (scale[0] + area * (scale[1] - scale[0]))
        aspect = math.exp(low + shape * (high - low))
        w, h = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int(u[-2] * (height - h + 1)), int(u[-1] * (width - w + 1)), h, w
    if width / height < ratio[0]:
        w, h = width, round(width / ratio[0])
    elif width / height > ratio[1]:
        w, h = round(height * ratio[1]), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w
