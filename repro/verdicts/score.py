"""How much of a table stands: a rate among the decided claims, with its interval, and what remained open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from repro.verdicts.multiplicity import wilson
from repro.verdicts.verdict import POSITIVE, Verdict


@dataclass(frozen=True)
class Score:
    """Claims that stand, claims decided, claims undecided, claims without evidence."""

    stand: int
    decided: int
    undecided: int
    untested: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of stand / decided."""
        return wilson(self.stand, self.decided)

    @property
    def total(self) -> int:
        """All claims scored."""
        return self.decided + self.undecided + self.untested

    def __str__(self) -> str:
        if not self.decided:
            return f"nothing decided; {self.undecided} undecided, {self.untested} not tested"
        low, high = self.interval
        return (
            f"{self.stand} of {self.decided} decided claims stand (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
            f"; {self.undecided} undecided, {self.untested} not tested"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "stand": self.stand,
            "decided": self.decided,
            "undecided": self.undecided,
            "not_tested": self.untested,
            "wilson_interval": list(self.interval),
        }


def score(verdicts: Iterable[Verdict]) -> Score:
    """Score the verdicts that may decide something (``gating``)."""
    gating = [v for v in verdicts if v.gating]
    decided = [v for v in gating if v.decided]
    untested = sum(v.label == "NOT TESTED" for v in gating)
    stand = sum(v.label in POSITIVE for v in decided)
    return Score(stand, len(decided), len(gating) - len(decided) - untested, untested)
