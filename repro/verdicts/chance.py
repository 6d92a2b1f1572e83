"""What a network that has learned nothing can score: the exact binomial interval of chance."""

from __future__ import annotations

from functools import lru_cache

CONFIDENCE = 0.999
UNEVEN = {("mnist", 10_000): (892, 1135)}
"""Data set and number of images -> images of the rarest and of the commonest class, where these differ."""


@lru_cache(maxsize=1024)
def chance_interval(total: int, chance: float, data: str = "") -> tuple[int, int]:
    """The counts of correct answers that chance explains: equal tails of the exact binomial, 99.9 % in all.

    A network that always names one class scores that class's count, so that the interval reaches from the rarest to the
    commonest class where a test set is filled unevenly.

    Args:
        total: number of evaluated images.
        chance: probability of a correct answer by chance.
        data: name of the data set.

    Returns:
        Smallest and largest count inside.
    """
    from scipy.stats import binom

    tail = (1 - CONFIDENCE) / 2
    low, high = int(binom.ppf(tail, total, chance)), int(binom.isf(tail, total, chance))
    rarest, commonest = UNEVEN.get((data, total), (low, high))
    return min(low, rarest), max(high, commonest)


def at_chance(correct: int, total: int, chance: float, data: str = "") -> bool:
    """Whether a count of correct answers is inside the interval of chance (``chance_interval``)."""
    low, high = chance_interval(total, chance, data)
    return low <= correct <= high
