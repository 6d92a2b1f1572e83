"""A comparison of runs that are reported at their best epoch reads them there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repro.verdicts.rules import AT_BEST
from repro.verdicts.table import judge
from shared.claims import Ordering, Steadier, Trend
from shared.errors import ReproError

LAST = {"a": [60.0, 60.2, 59.8], "b": [70.0, 70.4, 69.6]}
BEST = {"a": [80.0, 80.4, 79.6], "b": [75.0, 75.2, 74.8]}
"""At the last epoch b is ahead and less steady, at the best one a is."""
ORDERING = Ordering(id="o", table="t", text="", better="a", worse="b")
TREND = Trend(id="o", table="t", text="", experiments=("a", "b"), direction="increasing")
STEADIER = Steadier(id="o", table="t", text="", pairs=(("a", "b"),) * 6)


@pytest.fixture
def runs(paper, make_record):
    return [
        make_record(paper.at_scale(e, "paper", 42 + i), last, best)
        for e in LAST
        for i, (last, best) in enumerate(zip(LAST[e], BEST[e], strict=True))
    ]


@pytest.mark.parametrize("claim", [ORDERING, TREND, STEADIER], ids=lambda c: type(c).__name__)
def test_the_last_epoch_is_read_unless_the_claim_says_best(claim, with_claims, runs):
    (last,) = judge(with_claims(claim), "t", runs).verdicts
    (best,) = judge(with_claims(replace(claim, which="best")), "t", runs).verdicts
    assert last.mean * best.mean < 0  # the two epochs say the opposite
    assert (AT_BEST in last.flags, AT_BEST in best.flags) == (False, True)


def test_the_difference_is_that_of_the_best_epochs(with_claims, runs):
    (verdict,) = judge(with_claims(replace(ORDERING, which="best")), "t", runs).verdicts
    assert (verdict.label, verdict.mean) == ("SUPPORTED", pytest.approx(5.0))


def test_runs_that_only_end_at_chance_are_compared_where_they_were_best(with_claims, paper, make_record):
    ended = [make_record(paper.at_scale(e, "paper", s), 10.0, best + s) for e, best in (("a", 60), ("b", 50))
             for s in (1, 2, 3)]  # fmt: skip
    (last,) = judge(with_claims(ORDERING), "t", ended).verdicts
    (best,) = judge(with_claims(replace(ORDERING, which="best")), "t", ended).verdicts
    assert (last.label, best.label) == ("INCONCLUSIVE", "SUPPORTED")


def test_a_metric_without_a_best_epoch_is_refused(with_claims, runs):
    claim = replace(ORDERING, metric="remaining_weights", which="best")
    with pytest.raises(ReproError, match="remaining_weights at the best epoch"):
        judge(with_claims(claim), "t", runs)
