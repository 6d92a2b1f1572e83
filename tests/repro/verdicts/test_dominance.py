"""Sentences of the form "smaller, and as accurate": a trade is neither for nor against them."""

from __future__ import annotations

import pytest

from repro.verdicts.published import judge_published
from repro.verdicts.table import judge
from shared.claims import Compound, Dominance, Ordering, Value

LOW, MIDDLE, HIGH, WIDE = [80.0, 80.1, 80.2], [85.0, 85.1, 85.2], [90.0, 90.1, 90.2], [80.0, 85.0, 90.0]


def sentence() -> Dominance:
    """One has size a and accuracy c; the other's size and accuracy are both b."""
    parts = (
        Ordering(id="x", table="t", text="", better="b", worse="a"),
        Ordering(id="y", table="t", text="", better="c", worse="b", by=-0.2),
        Ordering(id="z", table="t", text="", better="b", worse="c", by=-0.2),
    )
    return Dominance(id="s", table="t", text="", parts=parts)


CASES = [
    (LOW, HIGH, "SUPPORTED", "It is smaller and as accurate."),
    (HIGH, LOW, "CONTRADICTED", "The other is smaller and as accurate."),
    (LOW, LOW, "INCONCLUSIVE", "It is smaller and less accurate: neither dominates."),
    (HIGH, HIGH, "INCONCLUSIVE", "It is larger and more accurate: neither dominates."),
    (LOW, WIDE, "INCONCLUSIVE", "It is smaller; whether it is as accurate is undecided."),
    (HIGH, WIDE, "INCONCLUSIVE", "The other is smaller; whether that is as accurate is undecided."),
    (WIDE, HIGH, "INCONCLUSIVE", "Which of the two is smaller is undecided."),
    (LOW, [], "NOT TESTED", "It is smaller; whether it is as accurate is undecided; 2 parts have no evidence."),
]


@pytest.mark.parametrize(("size", "accuracy", "label", "reason"), CASES)
def test_only_dominance_of_the_other_side_contradicts(with_claims, make_runs, size, accuracy, label, reason) -> None:
    whole = Compound(id="whole", table="t", text="", parts=(sentence(),))
    records = make_runs("a", size) + make_runs("b", MIDDLE) + make_runs("c", accuracy)
    alone, above = judge(with_claims(sentence(), whole), "t", records).verdicts
    assert (alone.kind, alone.label, alone.reason) == ("compound", label, reason)
    assert above.label == label


@pytest.mark.parametrize(
    ("size", "accuracy", "label", "reason"),
    [
        (80.0, 90.0, "SUPPORTED", "It is smaller and as accurate."),
        (90.0, 80.0, "CONTRADICTED", "The other is smaller and as accurate."),
        (90.0, 90.0, "NOT SIGNIFICANT", "It is larger and more accurate: neither dominates."),
        (
            84.9,
            80.0,
            "NOT SIGNIFICANT",
            "Which of the two is smaller is undecided; as printed, the undecided one agrees with it.",
        ),
    ],
)
def test_published_numbers_are_read_likewise(with_claims, size, accuracy, label, reason) -> None:
    printed = [
        Value(
            id=e, table="t", text="", experiment=e, metric="top1_accuracy", value=x, sd=0.5, n=3, margin=1.0, source="s"
        )
        for e, x in (("a", size), ("b", 85.0), ("c", accuracy))
    ]
    verdict = judge_published(with_claims(*printed, sentence()))[-1]
    assert (verdict.label, verdict.reason) == (label, reason)


def test_where_nothing_is_known_nothing_is_said_of_either_side(with_claims) -> None:
    (verdict,) = judge(with_claims(sentence()), "t", []).verdicts
    assert (verdict.label, verdict.reason) == ("NOT TESTED", "None of its 3 parts has evidence.")
