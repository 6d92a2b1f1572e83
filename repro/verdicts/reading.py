"""What a published mean, spread and number of runs may mean where the source is silent (STATISTICS, section 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from repro.verdicts.noise_floor import sd_floor
from repro.verdicts.welch import Floats, prediction_half, quantile, stand_in_error, standard_error
from shared.claims import Spread, Value

NORMAL_975 = 1.959963984540054
KINDS: tuple[Spread, ...] = ("sd", "se", "half-interval")


@dataclass(frozen=True)
class Reading:
    """One reading of the published side.

    Attributes:
        n: number of published runs.
        sd: their spread; ``None`` lets ours stand in for it.
        at_least: where ours stands in, a printed spread that it must not undercut.
        name: how this reading differs from the others, for the reader.
    """

    n: int
    sd: float | None
    at_least: float = 0.0
    name: str = ""

    def error(self, s2: Floats, n2: Floats) -> tuple[Floats, Floats]:
        """Standard error of the difference ours - published and its degrees of freedom."""
        if self.sd is None:
            return stand_in_error(np.maximum(s2, self.at_least), self.n, n2)
        return standard_error(self.sd, self.n, s2, n2)

    def prediction(self, s2: Floats | None, n2: int) -> float | None:
        """Half-width of the 95 % prediction interval for our mean; ``None`` if neither side has a spread."""
        if self.sd is not None:
            return float(prediction_half(self.sd, self.n, n2))
        if s2 is None or n2 < 2:
            return None
        se, df = stand_in_error(max(float(s2), self.at_least), self.n, n2)
        return float(quantile(0.975, df) * se)


def readings(
    claim: Value, *, chance: bool, images: int | None, n: int | None = None
) -> tuple[list[Reading], list[str]]:
    """All readings of a published number that the source leaves open; a verdict must hold under each.

    Args:
        claim: the published number.
        chance: it is a collapse, so that a spread of exactly 0 is what it says.
        images: test images behind an accuracy, for the noise floor.
        n: number of runs to assume instead of the claim's.

    Returns:
        The readings, the plainest first, and a sentence for each assumption.
    """
    runs = claim.n if n is None else n
    flags: list[str] = []
    if runs is None:
        runs = 1
        flags.append("The number of published runs is unknown: decided as if it were one.")
    if claim.sd is None or runs < 2:
        printed = claim.sd or 0.0
        if claim.sd is None:
            flags.append("The published spread is unknown: the spread of our runs stands in for it.")
        else:
            flags.append("The published spread cannot be weighed for one run: the larger of it and ours is used.")
        return [Reading(runs, None, printed)], flags
    if claim.sd == 0 and not chance:
        sd = _smallest(claim, images)
        flags.append(
            f"The published spread is printed as 0: {sd:.2g} is used, the least that rounding and the test set allow."
        )
        return [Reading(runs, sd)], flags
    kinds = KINDS if claim.spread == "unknown" else (claim.spread,)
    if claim.spread == "unknown" and claim.sd > 0:
        flags.append("It is unknown what follows the +- (sd, standard error or half an interval): all three are tried.")
    elif claim.spread == "half-interval":
        flags.append("The published +- is half a 95 % interval: read as 1.96 standard errors.")
    if claim.sd == 0:
        return [Reading(runs, 0.0)], flags
    names = {k: f"+- read as {k}" if claim.spread == "unknown" else "" for k in kinds}
    return [Reading(runs, as_sd(claim.sd, runs, k), name=names[k]) for k in kinds], flags


def as_sd(spread: float, n: int, kind: Spread) -> float:
    """A printed +- as a standard deviation; half an interval is read as 1.96 se, the cautious of the two customs."""
    if kind == "se":
        return spread * n**0.5
    return spread * n**0.5 / NORMAL_975 if kind == "half-interval" else spread


def _smallest(claim: Value, images: int | None) -> float:
    """The spread used for one printed as 0: max(rounding unit / sqrt(12), noise floor)."""
    unit = 2 * claim.rounding
    return max(unit / 12**0.5, floor_of(claim, claim.value, images))


def floor_of(claim: Value, value: float, images: int | None) -> float:
    """Noise floor of a value in the claim's unit; 0 where the metric is not a test accuracy."""
    if images is None or not claim.metric.startswith("top1_accuracy"):
        return 0.0
    if claim.unit == "fraction":
        return sd_floor(100 * value, images) / 100
    return sd_floor(value, images) if claim.unit == "percent" else 0.0
