"""How many images the data sets have, so that plans and verdicts need not load them."""

from __future__ import annotations

SIZES: dict[str, tuple[int, int]] = {
    "digits": (1_437, 360),
    "mnist": (60_000, 10_000),
    "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000),
    "tiny-imagenet": (100_000, 10_000),
    "imagenette": (9_469, 3_925),
    "imagenet": (1_281_167, 50_000),
}
"""Training and test images of the official splits."""
