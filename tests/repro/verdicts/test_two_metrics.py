"""An ordering whose sides are reported in different ways reads each side in its own way."""

from __future__ import annotations

import pytest

from repro.verdicts.plan import power_plan
from repro.verdicts.published import judge_published
from repro.verdicts.table import judge
from shared.claims import Ordering, Value

CLAIM = Ordering(id="o", table="t", text="", better="a", worse="b", worse_metric="top1_error")


def published(experiment, metric, mean):
    return Value(
        id=f"{experiment}-{metric}",
        table="t",
        text="",
        experiment=experiment,
        metric=metric,
        value=mean,
        sd=0.1,
        n=3,
        margin=0.5,
    )


def test_runs_are_read_by_the_metric_of_their_side(with_claims, make_runs):
    runs = make_runs("a", [60.0, 60.1, 59.9]) + make_runs("b", [70.0, 70.1, 69.9])
    (verdict,) = judge(with_claims(CLAIM), "t", runs).verdicts
    assert verdict.label == "SUPPORTED"
    assert verdict.mean == pytest.approx(60 - 30)


def test_a_side_without_runs_is_named(with_claims, make_runs):
    (verdict,) = judge(with_claims(CLAIM), "t", make_runs("a", [60.0, 60.1])).verdicts
    assert (verdict.label, verdict.reason) == ("NOT TESTED", "There is no run of b.")


def test_published_numbers_too(with_claims):
    numbers = published("a", "top1_accuracy", 60.0), published("b", "top1_error", 30.0)
    (verdict,) = judge_published(with_claims(*numbers, CLAIM))
    assert (verdict.label, verdict.mean) == ("SUPPORTED", pytest.approx(30))
    (missing,) = judge_published(with_claims(numbers[0], published("b", "top1_accuracy", 70.0), CLAIM))
    assert missing.label == "NOT TESTED"


def test_seeds_are_planned_from_the_numbers_of_each_side(with_claims):
    claims = published("a", "top1_accuracy", 60.0), published("b", "top1_error", 30.0), CLAIM
    plan = next(p for p in power_plan(with_claims(*claims), "t", (1, 2, 3)) if p.claim == "o")
    assert plan.text.startswith("Published difference 30")
