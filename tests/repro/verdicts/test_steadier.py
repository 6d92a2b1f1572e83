"""One method differs less from seed to seed than another: standard deviations over cells, sides exchanged."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from repro.verdicts.chance import at_chance
from repro.verdicts.published import judge_published
from repro.verdicts.sample import Sample
from repro.verdicts.steadier import EXCHANGES, exchange, judge_steadier
from repro.verdicts.table import judge
from shared.claims import Compound, Steadier, Value
from shared.paper import experiments_of

N = 10_000


def sample(name, *values):
    return Sample(
        experiment=name,
        scale="paper",
        values=values,
        seeds=tuple(range(len(values))),
        total=(N,) * len(values),
        correct=tuple(round(v * N / 100) for v in values),
        chance_runs=tuple(at_chance(round(v * N / 100), N, 0.1) for v in values),
        identities=tuple(f"{name}-{i}" for i in range(len(values))),
    )


def claim(cells=8):
    return Steadier(id="s", table="t", text="", pairs=tuple((f"a{i}", f"b{i}") for i in range(cells)))


def cells(steady, other, count=8, runs=3):
    """Samples of both sides of each cell, with spreads about ``steady`` and ``other``."""
    rng = np.random.default_rng(3)
    return tuple(
        sample(f"{side}{i}", *(80 + spread * rng.standard_normal(runs)))
        for i in range(count)
        for side, spread in (("a", steady), ("b", other))
    )


def test_spreads_decide_and_means_do_not():
    assert judge_steadier(claim(), cells(0.1, 1.0)).verdict.label == "SUPPORTED"
    assert judge_steadier(claim(), cells(1.0, 0.1)).verdict.label == "CONTRADICTED"
    assert judge_steadier(claim(), cells(0.5, 0.5)).verdict.label == "INCONCLUSIVE"
    assert judge_steadier(claim(), cells(0.1, 1.0)).verdict.mean > 0.5


def test_p_values_are_those_of_all_exchanges():
    gaps = np.array([0.5, 0.2, -0.1, 0.4, 0.3, 0.05])
    every = np.array([np.mean(gaps * s) for s in product((-1, 1), repeat=len(gaps))])
    mean, above, below = exchange(gaps)
    assert mean == pytest.approx(gaps.mean())
    assert above == pytest.approx((every >= mean - 1e-12).mean(), abs=4 * (0.05 / EXCHANGES) ** 0.5)
    assert below == pytest.approx((every <= mean + 1e-12).mean(), abs=4 * (0.25 / EXCHANGES) ** 0.5)
    assert exchange(gaps) == (mean, above, below)
    assert exchange(np.zeros(5)) == (0.0, 1.0, 1.0)


def test_equal_spreads_are_rarely_told_apart():
    rng = np.random.default_rng(11)
    found = [exchange(np.diff(rng.standard_normal((12, 2, 3)).std(axis=2, ddof=1))[:, 0])[1] for _ in range(400)]
    assert np.mean(np.array(found) <= 0.05) < 0.085  # 5 %, and three of its standard errors


def test_a_side_with_fewer_runs_is_not_steadier_for_that():
    """The standard deviation of two runs is smaller on average than that of ten: both sides count as many."""
    rng, said = np.random.default_rng(5), 0
    for _ in range(200):
        some = [
            sample(f"{side}{i}", *(80 + rng.standard_normal(n))) for i in range(20) for side, n in (("a", 2), ("b", 10))
        ]
        said += judge_steadier(claim(20), tuple(some)).verdict.label == "SUPPORTED"
    assert said / 200 < 0.1  # 5 %, and three of its standard errors; with all ten runs it was one in four


def test_dead_networks_are_not_steady():
    """Cells with a side at chance say nothing about how much living networks differ."""
    steady = list(cells(1.0, 1.0, count=6))
    dead = [sample(f"{side}{i}", *values) for i in range(6, 12)
            for side, values in (("a", (10.0, 10.0, 10.0)), ("b", (80.0, 81.0, 83.0)))]  # fmt: skip
    alone, beside = judge_steadier(claim(6), tuple(steady)).verdict, judge_steadier(claim(12), (*steady, *dead)).verdict
    assert (beside.label, beside.mean, beside.p) == (alone.label, alone.mean, alone.p)
    assert "of 6 cells, without 6 with a side at chance" in beside.reason
    nothing = judge_steadier(claim(6), tuple(dead)).verdict
    assert (nothing.label, nothing.reason) == (
        "INCONCLUSIVE",
        "No cell is left to compare, without 6 with a side at chance.",
    )


def test_published_cells_that_cannot_be_compared_are_left_out(with_claims):
    def value(experiment, mean, sd, n):
        return Value(id=f"v-{experiment}", table="t", text="", experiment=experiment, metric="top1_accuracy",
                     value=mean, sd=sd, n=n, margin=1.0)  # fmt: skip

    said = Steadier(id="s", table="t", text="", pairs=(("a", "b"),))
    for other, words in (
        (value("b", 10.0, 0.0, 3), "without 1 with a side at chance"),
        (value("b", 90.0, 2.0, 5), "without 1 with unequal numbers of runs"),
    ):
        found = {v.claim.id: v for v in judge_published(with_claims(value("a", 90.0, 0.1, 3), other, said))}
        assert words in found["s"].reason


def test_too_little_says_so():
    few = judge_steadier(claim(4), cells(0.01, 5.0, count=4)).verdict
    assert (few.label, "so few cells" in few.reason) == ("INCONCLUSIVE", True)
    single = judge_steadier(claim(), cells(0.1, 1.0, runs=1)).verdict
    assert (single.label, single.needed_n) == ("INCONCLUSIVE", 2)
    assert "Of 8 cells 8 have a single run on a side" in single.reason


def test_cells_that_are_the_same_runs_count_once():
    twice = cells(0.1, 1.0, count=4) * 2
    assert "so few cells" in judge_steadier(claim(), twice).verdict.reason


def test_records_and_published_numbers_are_judged_alike(with_claims, make_runs):
    said = Steadier(id="s", table="t", text="", pairs=(("a", "b"),))
    records = make_runs("a", [90.0, 90.1, 90.2]) + make_runs("b", [80.0, 85.0, 88.0])
    verdict = judge(with_claims(said), "t", records).verdicts[0]
    assert (verdict.kind, verdict.label, verdict.n) == ("steadier", "INCONCLUSIVE", 3)
    assert "0.10 against 4.04" in verdict.reason
    assert judge(with_claims(said), "t", records[:3]).verdicts[0].label == "NOT TESTED"

    def value(experiment, sd):
        return Value(id=f"v-{experiment}", table="t", text="", experiment=experiment, metric="top1_accuracy",
                     value=90.0, sd=sd, n=3, margin=1.0)  # fmt: skip

    whole = Compound(id="c", table="t", text="", parts=(said,))
    found = {v.claim.id: v for v in judge_published(with_claims(value("a", 0.1), value("b", 2.0), said, whole))}
    assert "0.10 against 2.00" in found["s"].reason
    assert found["c"].label == "NOT SIGNIFICANT"
    (missing,) = judge_published(with_claims(value("a", 0.1), value("b", None), said))
    assert (missing.label, missing.reason) == ("NOT TESTED", "No usable number was published for b.")
    assert experiments_of(said) == ("a", "b")
