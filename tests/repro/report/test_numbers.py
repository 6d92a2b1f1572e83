import pytest

from repro.report import numbers
from repro.verdicts.verdict import Verdict
from shared.claims import Collapse, Compound, Exact, Ordering, Trend, Value

VALUE = Value(
    id="v", table="t", text="VGG19: 87.39", experiment="a", metric="top1_accuracy", value=87.39, sd=0.23, n=3,
    margin=2.25, rounding=0.01,
)  # fmt: skip
ORDERING = Ordering(id="o", table="t", text="a beats b", better="a", worse="b")


def verdict(claim, **fields):
    return Verdict(claim=claim, label="INCONCLUSIVE", reason="", **fields)


def test_a_published_number_is_printed_with_spread_and_size():
    assert numbers.published(VALUE) == numbers.published(verdict(VALUE)) == "87.39 ± 0.23 (n = 3)"


def test_a_sentence_has_no_published_number():
    assert numbers.published(ORDERING) == numbers.NOTHING


def test_our_runs_are_printed_with_size_and_scale():
    assert numbers.ours(verdict(VALUE, mean=87.1, sd=0.306, n=3, scale="paper")) == "87.10 ± 0.31 (n = 3, paper)"
    assert numbers.ours(verdict(VALUE, mean=87.1, n=1, scale="demo")) == "87.10 (n = 1, demo)"
    assert numbers.ours(verdict(VALUE)) == numbers.NOTHING


def test_differences_carry_their_sign():
    assert numbers.ours(verdict(ORDERING, mean=4.5, n=2, scale="demo")) == "difference +4.50 (n = 2, demo)"
    assert numbers.ours(verdict(ORDERING, mean=-4.5)) == "difference -4.50"


def test_a_trend_is_a_correlation_and_a_compound_a_count_of_parts():
    trend = Trend(id="t", table="t", text="", experiments=("a", "b"))
    assert numbers.ours(verdict(trend, mean=-0.5)) == "trend -0.50"
    parts = (Verdict(claim=ORDERING, label="SUPPORTED", reason=""), Verdict(claim=ORDERING, label="BROKEN", reason=""))
    assert numbers.ours(verdict(Compound(id="c", table="t", text="", parts=(ORDERING,)), parts=parts)) == (
        "1 of 2 parts stand"
    )


@pytest.mark.parametrize(("level", "text"), [(0.05, "[-0.74, 0.16]"), (0.025, "[-0.74, 0.16] (95 %)")])
def test_an_interval_says_its_confidence_unless_it_is_ninety_percent(level, text):
    assert numbers.interval(verdict(VALUE, interval=(-0.74, 0.16), level=level)) == text


def test_an_interval_without_end_is_none():
    assert numbers.interval(verdict(VALUE, interval=(float("-inf"), 0.1))) == numbers.NOTHING


def test_margins_include_the_rounding_of_the_published_figure():
    assert numbers.margin(VALUE) == "±2.26"
    assert numbers.margin(Ordering(id="o", table="t", text="", better="a", worse="b", within=1.0)) == "±1.00"
    assert numbers.margin(Collapse(id="o", table="t", text="", experiment="a", chance=0.1)) == "chance 10.00"


def test_counts_are_grouped():
    law = Exact(id="e", table="t", text="", measure=lambda: 0.0, value=20_024_000)
    assert numbers.published(law) == "20,024,000"
    assert numbers.margin(law) == "exact"
    assert numbers.count(99.609375) == "99.609375"
