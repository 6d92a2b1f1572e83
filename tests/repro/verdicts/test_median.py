"""Medians judged by ranks: the exact null distribution, coverage, and one failed run that changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from repro.verdicts.median import judge_median, p_values, shift_interval, u_distribution
from repro.verdicts.sample import Sample
from repro.verdicts.value import judge_value
from shared.claims import Value

THEIRS = (96.0, 96.1, 96.2, 86.5, 96.05)
SOUND = (96.0, 96.1, 96.2, 96.02, 96.05)
CLAIM = {"id": "m", "table": "t", "text": "", "experiment": "e", "metric": "top1_accuracy", "margin": 0.5, "n": 5}
MEDIAN = Value(**CLAIM, value=96.05, per_seed=THEIRS, statistic="median")
STEADY = Value(**CLAIM, value=96.05, per_seed=SOUND, statistic="median")


def ours(*values, **more):
    return Sample(experiment="e", scale="paper", values=values, **more)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 5), (4, 6), (5, 5), (10, 3)])
def test_probabilities_of_u_are_scipys(m, n):
    rng = np.random.default_rng(10 * m + n)
    assert u_distribution(m, n).sum() == pytest.approx(1)
    for _ in range(5):
        a, b = rng.normal(size=m), rng.normal(size=n)
        u = int((np.subtract.outer(a, b) > 0).sum())
        exact = mannwhitneyu(a, b, alternative="less", method="exact").pvalue
        assert np.cumsum(u_distribution(m, n))[u] == pytest.approx(exact)


def test_each_side_of_the_interval_errs_as_often_as_the_ranks_say():
    """Of three runs against five the second difference from either end errs in 2 of 56 cases, with heavy tails too."""
    rng, wrong, studies = np.random.default_rng(0), np.zeros(2), 4000
    for _ in range(studies):
        low, high = shift_interval(tuple(rng.standard_t(1.5, 3)), tuple(rng.standard_t(1.5, 5)), 0.05)
        wrong += (low > 0, high < 0)
    assert wrong / studies == pytest.approx([2 / 56, 2 / 56], abs=0.01)


def test_one_failed_run_decides_a_mean_but_not_a_median():
    """The sheet's trap 22, on numbers like those of static sparse training at 96 %.

    One failed run of five is a fifth of all differences; ranks of ten runs against five leave a larger part outside.
    """
    runs = ours(*(96.0 + 0.02 * k for k in range(10)))
    mean = Value(**CLAIM, value=float(np.mean(THEIRS)), sd=float(np.std(THEIRS, ddof=1)), per_seed=THEIRS)
    assert judge_value(mean, runs).verdict.label in ("INCONCLUSIVE", "UNRESOLVABLE")
    verdict = judge_value(MEDIAN, runs).verdict
    assert (verdict.label, verdict.mean, verdict.sd) == ("REPRODUCED", pytest.approx(96.09), runs.sd)
    assert "published 96.05 of 5 runs" in verdict.reason
    assert judge_value(MEDIAN, ours(96.0, 96.1, 96.15)).verdict.label == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("runs", "label", "detail"),
    [
        ((96.0, 96.1, 96.15), "REPRODUCED", ""),
        ((97.0, 97.1, 97.2), "NOT REPRODUCED", "higher"),
        ((85.0, 85.1, 85.2), "NOT REPRODUCED", "lower"),
        ((96.5, 96.6, 96.7), "INCONCLUSIVE", ""),
        ((96.1,), "INCONCLUSIVE", ""),
    ],
)
def test_ways_it_can_end(runs, label, detail):
    verdict = judge_median(STEADY, ours(*runs)).verdict
    assert (verdict.label, verdict.detail) == (label, detail)
    assert (verdict.interval is None) == (len(runs) == 1)


def test_a_second_look_takes_a_lower_level():
    once, twice = (judge_median(STEADY, ours(96.0, 96.1, 96.15, looks=n)).verdict for n in (1, 2))
    assert twice.level < once.level
    assert twice.interval[0] < once.interval[0]
    assert any("Seeds were added once" in flag for flag in twice.flags)


def test_known_effects_of_the_data_widen_the_interval():
    runs = ours(96.0, 96.1, 96.15, data_effect=0.4)
    assert judge_median(STEADY, runs).verdict.label == "INCONCLUSIVE"
    assert p_values(runs.values, SOUND, 0.5, 0.4)[0] > p_values(runs.values, SOUND, 0.5)[0]


def test_p_values_agree_with_the_label():
    rng = np.random.default_rng(3)
    for _ in range(300):
        theirs, values = tuple(rng.normal(0, 0.3, 5)), tuple(rng.normal(rng.uniform(-1, 1), 0.3, 4))
        claim = Value(**CLAIM, value=float(np.median(theirs)), per_seed=theirs, statistic="median")
        tested = judge_median(claim, ours(*values))
        assert (tested.verdict.label == "REPRODUCED") == (tested.p_for <= 0.05)
        assert (tested.verdict.label == "NOT REPRODUCED") == (tested.p_against <= 0.05)


def test_its_plan_promises_no_power():
    from papers.dsr import paper
    from repro.verdicts.plan import power_plan

    plans = {p.claim: p for p in power_plan(paper, "medians", seeds=(42, 43, 44))}
    assert {p.power for p in plans.values()} == {None}
    assert all("ranks" in p.text for p in plans.values())


def test_a_median_of_unknown_runs_is_refused():
    with pytest.raises(ValueError, match="not known"):
        judge_median(Value(**CLAIM, value=1.0, statistic="median"), ours(1.0, 2.0, 3.0))


def test_the_documented_number_of_runs_that_frees_an_end_of_one_outlier():
    """As docs/statistics.md has it: with five published runs, one that failed sets an end until then."""
    theirs = (90.0, 90.1, 90.2, 90.3, -1000.0)
    free = [
        n
        for n in range(2, 30)
        if (i := shift_interval(tuple(90 + k / 100 for k in range(n)), theirs, 0.05)) and i[1] < 100
    ]
    words = {8: "eight", 9: "nine", 10: "ten"}
    text = " ".join((Path(__file__).parents[3] / "docs" / "statistics.md").read_text().split())
    assert (
        f"one of five published runs sets an end of the interval until {words[free[0]]} of ours stand against" in text
    )
