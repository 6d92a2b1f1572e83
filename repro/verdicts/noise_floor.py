"""How much a test accuracy must vary between runs, because the test set is finite."""

from __future__ import annotations

import math

from shared.data.sizes import SIZES
from shared.protocol import Data

SUSPICIOUS = 0.01


def evaluated_images(data: Data) -> int | None:
    """Number of images that an accuracy of this data setting is a fraction of; ``None`` if unknown here."""
    if data.evaluate_on == "val":
        return data.val_size
    if data.test_per_class is not None:
        return None
    return SIZES[data.name][1] if data.name in SIZES else None


def sd_floor(percent: float, images: int) -> float:
    """Smallest credible spread of an accuracy, in points: sqrt(err / (2N)) (STATISTICS, noise floor)."""
    return 100 * math.sqrt(_error(percent) / (2 * images))


def _error(percent: float) -> float:
    return min(max(1 - percent / 100, 0.0), 1.0)


def remark(percent: float, sd: float, n: int, images: int) -> str:
    """A sentence if a published spread lies far below the floor, else nothing.

    "Far" means that ``n`` runs whose true spread is the floor would show so small a spread in fewer than one of a
    hundred tries; a small ``n`` alone is no ground for suspicion.
    """
    floor = sd_floor(percent, images)
    if n < 2 or sd <= 0 or floor <= 0:
        return ""
    from scipy.special import chdtr

    p = float(chdtr(n - 1, (n - 1) * (sd / floor) ** 2))
    if p >= SUSPICIOUS:
        return ""
    return (
        f"The published spread of {sd:g} is far below the {floor:.2f} points that {images} test images alone would "
        f"cause; so small a spread of {n} runs happens by chance in {100 * p:.1g} % of cases."
    )
