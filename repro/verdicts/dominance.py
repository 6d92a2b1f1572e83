"""Two networks beside each other on a trade-off: one dominates, the other does, or neither."""

from __future__ import annotations

from repro.verdicts.verdict import POSITIVE, Label, Verdict


def dominance(smaller: Verdict, accurate: Verdict, rival: Verdict) -> tuple[Label | None, str]:
    """The label of a ``shared.claims.Dominance`` and its reason; no label where the parts do not decide it.

    Args:
        smaller: whether one is smaller than the other.
        accurate: whether one is as accurate as the other.
        rival: whether the other is as accurate as one.
    """
    if smaller.label in POSITIVE and accurate.label in POSITIVE:
        return "SUPPORTED", "It is smaller and as accurate"
    if smaller.contradicted and rival.label in POSITIVE:
        return "CONTRADICTED", "The other is smaller and as accurate"
    if smaller.label in POSITIVE and accurate.contradicted:
        return None, "It is smaller and less accurate: neither dominates"
    if smaller.contradicted and rival.contradicted:
        return None, "It is larger and more accurate: neither dominates"
    if smaller.label in POSITIVE:
        return None, "It is smaller; whether it is as accurate is undecided"
    if smaller.contradicted:
        return None, "The other is smaller; whether that is as accurate is undecided"
    return None, "Which of the two is smaller is undecided"
