"""Width multipliers and the input sizes a network can take."""

from __future__ import annotations

from shared.errors import ReproError
from shared.protocol import Model


def scaled(channels: int, width: float) -> int:
    """Hidden channels at a width multiplier: rounded half to even, at least 1."""
    return max(1, round(width * channels))


def needs_side(model: Model, least: int) -> None:
    """Refuse inputs that are too small for a network.

    Raises:
        ReproError: if ``model.size`` is below ``least`` pixels.
    """
    if model.size < least:
        raise ReproError(
            f"{model.name} cannot take {model.size}x{model.size} images: its pooling needs a side of at least {least} "
            f"pixels; resize the data to {least} or choose another network."
        )
