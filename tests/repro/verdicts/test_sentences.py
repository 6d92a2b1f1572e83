"""Orderings, trends and collapses on our runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_ind, ttest_rel

from repro.verdicts.chance import at_chance, chance_interval
from repro.verdicts.collapse import judge_collapse
from repro.verdicts.ordering import judge_ordering
from repro.verdicts.sample import Sample, samples_of
from repro.verdicts.telescopes import ruled_out_p
from repro.verdicts.trend import judge_trend, smallest_p, spearman
from shared.claims import Collapse, Compound, Ordering, Trend
from shared.errors import ReproError
from shared.paper import Experiment
from shared.protocol import Data

N = 10_000


def sample(*values, scale="paper", chance=None, first_seed=0, **more):
    return Sample(
        experiment="e",
        scale=scale,
        values=values,
        seeds=tuple(range(first_seed, first_seed + len(values))),
        total=(N,) * len(values),
        correct=tuple(round(v * N / 100) for v in values),
        chance_runs=tuple(at_chance(round(v * N / 100), N, 0.1) for v in values),
        **more,
    )


def ordering(**more):
    return Ordering(id="o", table="t", text="", better="a", worse="b", **more)


A, B = sample(90.0, 90.3, 90.9), sample(88.0, 88.6, 88.4)


def test_better_is_a_one_sided_welch_test():
    tested = judge_ordering(ordering(), A, B)
    assert tested.verdict.label == "SUPPORTED"
    oracle = ttest_ind(A.values, B.values, equal_var=False, alternative="greater")
    assert tested.p_for == pytest.approx(oracle.pvalue)
    interval = ttest_ind(A.values, B.values, equal_var=False).confidence_interval(0.9)
    assert tested.verdict.interval == pytest.approx(interval)


def test_the_significant_reverse_contradicts():
    v = judge_ordering(ordering(), B, A).verdict
    assert v.label == "CONTRADICTED"
    assert "opposite" in v.reason


def test_a_direction_that_was_not_fixed_is_tested_two_sided():
    """Equal methods are told apart in five cases of a hundred, and not in ten as by a test on each side."""
    rng = np.random.default_rng(3)
    found = {False: 0, True: 0}
    for _ in range(1000):
        a, b = (sample(*(90 + 0.3 * rng.standard_normal(5))) for _ in range(2))
        for two_sided in found:
            found[two_sided] += judge_ordering(ordering(two_sided=two_sided), a, b).verdict.label != "INCONCLUSIVE"
    assert 35 <= found[True] <= 65
    assert 80 <= found[False] <= 120
    v = judge_ordering(ordering(two_sided=True), A, B).verdict
    assert v.interval == pytest.approx(ttest_ind(A.values, B.values, equal_var=False).confidence_interval(0.95))
    assert v.flags == ()


def test_small_telescopes_contradict_without_a_reverse():
    a, b = sample(*np.linspace(89, 91, 12)), sample(*np.linspace(89.01, 91.01, 12))
    assert judge_ordering(ordering(), a, b).verdict.label == "INCONCLUSIVE"
    tested = judge_ordering(ordering(), a, b, original_n=3)
    assert tested.verdict.label == "CONTRADICTED"
    assert "smallest effect" in tested.verdict.reason
    t = ttest_ind(a.values, b.values).statistic
    assert tested.p_against == pytest.approx(ruled_out_p(t, 12, 12, 3))
    assert judge_ordering(ordering(), a, b, original_n=1).verdict.label == "INCONCLUSIVE"


def test_a_claimed_size_must_be_exceeded():
    assert judge_ordering(ordering(by=0.5), A, B).verdict.label == "SUPPORTED"
    assert judge_ordering(ordering(by=1.9), A, B).verdict.label == "INCONCLUSIVE"
    assert judge_ordering(ordering(by=5.0), A, B).verdict.label == "CONTRADICTED"


@pytest.mark.parametrize("by", [-0.5, 2.0])
def test_a_true_sentence_with_a_margin_falls_no_more_often_than_chance(by):
    """That the difference hardly exceeds the margin is no contradiction: 5 % at its edge, and less beyond it."""
    rng = np.random.default_rng(8)
    for beyond, most in ((0.0, 0.08), (0.05, 0.04), (0.3, 0.005)):
        said = []
        for _ in range(400):
            a, b = (sample(*(m + 0.2 * rng.standard_normal(5))) for m in (90 + by + beyond, 90))
            said.append(judge_ordering(ordering(by=by), a, b, original_n=3).verdict.label)
        assert said.count("CONTRADICTED") / 400 <= most, (by, beyond)
    a, b = sample(89.0, 89.1, 89.2), sample(90.0, 90.1, 90.2)
    assert judge_ordering(ordering(by=-0.5), a, b, original_n=3).verdict.label == "CONTRADICTED"


def test_pairs_share_their_noise():
    noise = np.array([0.0, 3.0, -2.0, 1.0])
    a, b = sample(*(90.2 + noise + [0.01, 0, -0.01, 0])), sample(*(90 + noise))
    assert judge_ordering(ordering(), a, b).verdict.label == "INCONCLUSIVE"
    paired = judge_ordering(ordering(paired=True), a, b)
    assert paired.verdict.label == "SUPPORTED"
    assert paired.p_for == pytest.approx(ttest_rel(a.values, b.values, alternative="greater").pvalue)


def test_pairs_need_common_seeds():
    v = judge_ordering(ordering(paired=True), sample(90.0, 91.0), sample(80.0, 81.0, first_seed=5)).verdict
    assert v.label == "INCONCLUSIVE"
    assert "seeds" in v.reason


def test_within_is_an_equivalence():
    assert judge_ordering(ordering(within=3.5), A, B).verdict.label == "SUPPORTED"
    assert judge_ordering(ordering(within=2.0), A, B).verdict.label == "INCONCLUSIVE"
    assert judge_ordering(ordering(within=0.5), A, B).verdict.label == "CONTRADICTED"
    with pytest.raises(ReproError, match="one of them"):
        judge_ordering(ordering(within=1.0, by=1.0), A, B)


def test_one_run_a_side_shows_nothing():
    v = judge_ordering(ordering(), sample(99.0), B).verdict
    assert (v.label, v.needed_n, v.p) == ("INCONCLUSIVE", 2, None)


def test_equal_counts_do_not_look_infinitely_certain():
    a, b = sample(90.01, 90.01), sample(90.0, 90.0)
    assert judge_ordering(ordering(), a, b).verdict.label == "INCONCLUSIVE"


def test_two_constant_predictors_support_no_ordering():
    v = judge_ordering(ordering(), sample(10.9, 10.9, 10.9), sample(9.1, 9.1, 9.1)).verdict
    assert v.label == "INCONCLUSIVE"
    assert "at chance" in v.reason


def test_scales_never_mix():
    with pytest.raises(ValueError, match="one scale"):
        judge_ordering(ordering(), A, sample(1.0, 2.0, scale="demo"))


def test_label_carries_the_scale_below_the_papers():
    texts = [
        judge_ordering(ordering(), sample(90.0, 90.1, scale=s), sample(50.0, 50.1, scale=s)).verdict.text
        for s in ("demo", "reduced", "paper")
    ]
    assert texts == ["SUPPORTED at demo scale", "SUPPORTED at reduced scale", "SUPPORTED"]


def trend(direction="decreasing"):
    return Trend(id="t", table="t", text="", experiments=("a", "b", "c"), direction=direction)


def test_trend():
    falling = (sample(93, 92.5, 92.9), sample(91, 90, 92), sample(80, 70, 81))
    assert judge_trend(trend(), falling).verdict.label == "SUPPORTED"
    assert judge_trend(trend("increasing"), falling).verdict.label == "CONTRADICTED"
    flat = (sample(90, 91, 92), sample(90.5, 91.5, 90.9), sample(91.2, 90.1, 91.9))
    assert judge_trend(trend(), flat).verdict.label == "INCONCLUSIVE"
    v = judge_trend(trend(), (sample(3), sample(2), sample(1))).verdict
    assert v.label == "INCONCLUSIVE"
    assert "so few runs" in v.reason


def test_spearman_is_that_of_scipy_with_an_honest_null():
    rng = np.random.default_rng(0)
    groups, values = np.repeat([0, 1, 2, 3], 4), np.round(rng.normal(size=16), 1)
    rho, up, down = spearman(groups, values)
    assert rho == pytest.approx(spearmanr(groups, values).statistic)
    assert up == pytest.approx(spearmanr(groups, values, alternative="greater").pvalue, abs=0.03)
    assert up + down >= 1.0
    assert spearman(groups, np.ones(16)) == (0.0, 1.0, 1.0)


def test_smallest_p_of_rank_trends():
    assert smallest_p([3, 3]) == pytest.approx(0.05)  # two-sided .10: 3 v 3 cannot reach 5 %
    values = np.arange(6.0)
    assert spearman(np.repeat([0, 1, 2], 2), values)[1] == pytest.approx(smallest_p([2, 2, 2]), abs=0.004)


def test_trend_errs_in_five_percent():
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1, 2], 3)
    rate = np.mean([spearman(groups, rng.normal(size=9))[1] <= 0.05 for _ in range(800)])
    assert rate <= 0.05 + 4 * (0.05 * 0.95 / 800) ** 0.5


def collapse(collapsed=True):
    return Collapse(id="c", table="t", text="", experiment="a", collapsed=collapsed)


@pytest.mark.parametrize(
    ("values", "collapsed", "label"),
    [
        ((10.0, 10.0, 10.9), True, "SUPPORTED"),
        ((10.0, 10.0, 11.2), True, "INCONCLUSIVE"),
        ((85.0, 80.0, 70.0), True, "CONTRADICTED"),
        ((85.0, 80.0, 70.0), False, "SUPPORTED"),
        ((10.0, 10.0, 10.0), False, "CONTRADICTED"),
        ((10.0, 80.0, 70.0), False, "INCONCLUSIVE"),
    ],
)
def test_collapse_is_judged_run_by_run(values, collapsed, label):
    assert judge_collapse(collapse(collapsed), sample(*values)).verdict.label == label


def test_partial_collapse_is_a_matter_of_rates():
    ours = sample(*[10.0] * 2, *[85.0] * 8)
    v = judge_collapse(collapse(), ours, (10, 10)).verdict
    assert v.label == "CONTRADICTED"
    assert "2 of 10 runs" in v.reason
    assert judge_collapse(collapse(), ours, (2, 3)).verdict.label == "INCONCLUSIVE"


def test_chance_interval_is_exact_binomial():
    from scipy.stats import binom

    low, high = chance_interval(N, 0.1)
    assert binom.cdf(low - 1, N, 0.1) < 0.0005 <= binom.cdf(low, N, 0.1)
    assert binom.sf(high, N, 0.1) <= 0.0005 < binom.sf(high - 1, N, 0.1)
    assert at_chance(low, N, 0.1)
    assert not at_chance(low - 1, N, 0.1)
    assert not at_chance(high + 1, N, 0.1)


def test_chance_on_mnist_covers_the_network_that_always_names_one_class():
    """Of the 10,000 test images 892 are fives and 1,135 are ones; classes of CIFAR-10 are equal."""
    for count in (892, 1135):
        assert at_chance(count, N, 0.1, "mnist")
        assert not at_chance(count, N, 0.1, "cifar10")
    assert not at_chance(891, N, 0.1, "mnist")
    assert not at_chance(1136, N, 0.1, "mnist")
    assert chance_interval(5000, 0.1, "mnist") == chance_interval(5000, 0.1)
    dead = sample(11.35, 11.35, data="mnist")
    assert judge_collapse(collapse(), dead).verdict.label == "SUPPORTED"


def test_runs_of_mnist_are_held_against_its_classes(paper, make_record):
    def build(seed):
        return paper.experiments["a"].protocol(seed).with_(data=Data(name="mnist"))

    mnist = replace(paper, experiments={"a": Experiment("a", "A", build)})
    records = [make_record(build(42 + i), percent) for i, percent in enumerate((11.35, 8.92, 50.0))]
    (ours,) = samples_of(records, "a", mnist)
    assert ours.chance_runs == (True, True, False)


def test_a_sentence_of_parts_must_be_able_to_stand_and_to_fall():
    parts = (ordering(), collapse())
    for bad in ({"parts": ()}, {"parts": parts, "at_least": 0}, {"parts": parts, "at_least": 3}):
        with pytest.raises(ReproError, match="at most all"):
            Compound(id="c", table="t", text="", **bad)
    assert Compound(id="c", table="t", text="", parts=parts, at_least=2).parts == parts


def test_one_collapsed_run_is_said_to_be_one():
    v = judge_collapse(collapse(), sample(10.0)).verdict
    assert v.label == "SUPPORTED"
    assert "One run only." in v.flags
