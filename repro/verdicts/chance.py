"""What a network that has learned nothing can score: the exact binomial interval of chance."""

from __future__ import annotations

from functools import lru_cache

CONFIDENCE = 0.999


@lru_cache(maxsize=1024)
def chance_interval(total: int, chance: float) -> tuple[int, int]:
    """The counts of correct answers that chance explains: equal tails of the exact binomial, 99.9 % in all.

    Args:
        total: number of evaluated images.
        chance: probability of a correct answer by chance.

    Returns:
        Smallest and largest count inside.
    """
    from scipy.stats import binom

    tail = (1 - CONFIDENCE) / 2
    return int(binom.ppf(tail, total, chance)), int(binom.isf(tail, total, chance))


def at_chance(correct: int, total: int, chance: float) -> bool:
    """Whether a count of correct answers is inside the interval of chance.

    A network that always names one class of an unevenly filled test set scores that class's frequency, which the
    interval around 1/classes covers for the data sets used here.
    """
    low, high = chance_interval(total, chance)
    return low <= correct <= high
