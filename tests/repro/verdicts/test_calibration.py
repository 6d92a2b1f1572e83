"""How often the labels are wrong: thousands of simulated studies through the product's own functions.

The exceptions from 5 % are those of ``docs/statistics.md``: Welch's approximation, checked by quadrature, and looks
that were not planned. Everything else is checked at 5 % plus the Monte-Carlo error of four standard errors.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from repro.verdicts.calibration import level_for, size
from repro.verdicts.equivalence import ABOVE, BELOW, INSIDE, UNDECIDED, decide
from repro.verdicts.reading import Reading, as_sd
from repro.verdicts.sample import Sample
from repro.verdicts.value import Context, judge_value
from repro.verdicts.welch import nominal_level
from shared.claims import Value

STUDIES = 4_000
SLACK = 4 * (0.05 * 0.95 / STUDIES) ** 0.5
SIZES = range(1, 11)
ONE_LOOK = {2: 0.0503, 3: 0.062, 4: 0.056, 5: 0.054}
"""Most frequent false label at one look, by the runs of the smaller side (5: five or more)."""
TWO_LOOKS, THREE_LOOKS = 0.087, 0.10


def study(rng, n1, n2, shift, ratio=1.0, studies=STUDIES):
    """Published mean and spread, our runs [studies, n2]; our true spread is 1, theirs ``ratio``."""
    theirs = rng.normal(0, ratio, (studies, n1))
    s1 = theirs.std(axis=1, ddof=1) if n1 > 1 else np.zeros(studies)
    return theirs.mean(axis=1), s1, rng.normal(shift, 1, (studies, n2))


def decide_all(m1, s1, runs, margin, *, n1, spread_known=True, n_known=True, level=None):
    """The value rule for many studies at once, through ``Reading`` and ``decide``."""
    n2 = runs.shape[1]
    d, s2 = runs.mean(axis=1) - m1, runs.std(axis=1, ddof=1)
    if not n_known or not spread_known or n1 == 1:
        reading = Reading(n1 if n_known else 1, None, s1 if spread_known and n1 > 1 else 0.0)
        level = level or nominal_level(1)
    else:
        reading = Reading(n1, s1)
        level = level or level_for(n1, n2)
    se, df = reading.error(s2, n2)
    return decide(d, se, df, margin, level)


def label_rates(sides):
    return (sides == INSIDE).mean(), (sides == UNDECIDED).mean(), ((sides == ABOVE) | (sides == BELOW)).mean()


@pytest.mark.parametrize(
    ("n", "shift", "rates"),
    [
        (3, 0, (0.31, 0.69, 0.00)),
        (3, 2, (0.04, 0.92, 0.04)),
        (3, 4, (0.00, 0.42, 0.58)),
        (5, 0, (0.77, 0.23, 0.00)),
        (5, 2, (0.05, 0.91, 0.05)),
        (5, 4, (0.00, 0.12, 0.89)),
    ],
)
def test_label_probabilities_of_the_vectors(n, shift, rates):
    m1, s1, runs = study(np.random.default_rng(n + shift), n, n, shift, studies=40_000)
    assert label_rates(decide_all(m1, s1, runs, 2.0, n1=n)) == pytest.approx(rates, abs=0.013)


@pytest.mark.parametrize(
    "known", [{}, {"spread_known": False}, {"n_known": False}, {"n_known": False, "spread_known": False}], ids=str
)
def test_false_labels_stay_below_five_percent_and_welchs_excess(known):
    rng = np.random.default_rng(11)
    bound = ONE_LOOK[3] if not known else 0.05
    for n1 in SIZES:
        for n2 in SIZES[1:]:
            for margin in (1.0, 4.0):
                wrong = {"reproduced at the margin": 0.0, "not reproduced at the margin": 0.0}
                m1, s1, runs = study(rng, n1, n2, margin)
                rep, _, off = label_rates(decide_all(m1, s1, runs, margin, n1=n1, **known))
                wrong["reproduced at the margin"], wrong["not reproduced at the margin"] = rep, off
                sides = decide_all(m1, s1, runs - margin, margin, n1=n1, **known)
                wrong["not reproduced at equal truth"] = label_rates(sides)[2]
                sides = decide_all(m1, s1, runs + 0.5 * margin, margin, n1=n1, **known)
                wrong["reproduced beyond the margin"] = label_rates(sides)[0]
                assert all(rate <= bound + SLACK for rate in wrong.values()), (n1, n2, margin, wrong)


def _worst(n1, n2):
    return max(size(n1, n2, ratio, level_for(n1, n2)) for ratio in np.geomspace(0.05, 20, 25))


@pytest.mark.parametrize("n1", SIZES[1:])
def test_worst_case_size_over_all_ratios_of_spreads_is_the_stated_one(n1):
    bound = ONE_LOOK[min(n1, 5)]
    sizes = [_worst(n1, n2) for n2 in (*range(n1, 11), 20, 50, 200)]
    assert max(sizes) <= bound
    if n1 in (3, 4, 5):
        assert sizes[-1] > bound - 0.001  # what is stated is what happens
    if n1 == 3:
        assert sizes[0] == pytest.approx(0.054, abs=0.0005)


def test_size_agrees_with_simulation():
    m1, s1, runs = study(np.random.default_rng(4), 3, 10, 50.0, ratio=2.0, studies=100_000)
    rate = label_rates(decide_all(m1, s1, runs, 50.0, n1=3))[2]
    assert size(3, 10, 2.0, 0.05) == pytest.approx(rate, abs=0.003)


def test_two_runs_a_side_lower_the_level_and_three_do_not():
    assert level_for(3, 3) == 0.05
    assert level_for(2, 10) < level_for(2, 3) < level_for(2, 2) < 0.05
    assert level_for(2, 10) == level_for(10, 2)
    assert level_for(2, 3, looks=2) < level_for(3, 3, looks=2) == 0.0294


@pytest.mark.parametrize(
    ("n1", "ratio", "looks", "bound"),
    [
        (200, 2.0, (3, 50), TWO_LOOKS),
        (10, 0.5, (3, 50), TWO_LOOKS),
        (5, 0.3, (3, 5), 0.072),
        (10, 2.0, (5, 10), 0.072),
        (10, 1.0, (2, 10), TWO_LOOKS),
        (200, 2.0, (3, 10, 50), THREE_LOOKS),
    ],
)
def test_looks_that_were_not_planned_err_as_often_as_stated(n1, ratio, looks, bound):
    """The rule as it is applied: the first look at the full level, later ones at Pocock's; the first label stands."""
    studies, margin = 20_000, 50.0
    m1, s1, runs = study(np.random.default_rng(2), n1, looks[-1], margin, ratio, studies)
    sides = np.full(studies, UNDECIDED)
    for count, n2 in enumerate(looks, start=1):
        now = decide_all(m1, s1, runs[:, :n2], margin, n1=n1, level=level_for(n1, n2, count))
        sides = np.where(sides == UNDECIDED, now, sides)
    rep, _, off = label_rates(sides)
    slack = 4 * (bound * (1 - bound) / studies) ** 0.5
    assert max(rep, off) <= bound + slack
    assert max(rep, off) > 0.05  # so that it is an exception
    if (n1, ratio) == (200, 2.0):
        assert max(rep, off) > bound - 2 * slack


def test_the_stated_numbers_are_the_tested_ones():
    text = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2].strip() for line in text.splitlines() if line.startswith(("| the smaller", "| seeds"))]
    bounds = [*(ONE_LOOK[n] for n in (3, 4, 5)), TWO_LOOKS, THREE_LOOKS]
    assert [float(row.split()[0]) / 100 for row in rows] == pytest.approx(bounds)


def test_readings_of_an_unknown_kind_can_only_undecide():
    rng = np.random.default_rng(6)
    m1, s1, runs = study(rng, 3, 5, 2.0)
    printed = s1 / 3**0.5  # the source printed standard errors
    sides = [decide_all(m1, as_sd(printed, 3, kind), runs, 2.0, n1=3) for kind in ("sd", "se", "half-interval")]
    agreed = np.where((sides[0] == sides[1]) & (sides[1] == sides[2]), sides[0], UNDECIDED)
    rep, _, off = label_rates(agreed)
    assert max(rep, off) <= 0.05 + SLACK


def test_best_and_last_must_agree_and_stay_calibrated():
    rng = np.random.default_rng(7)
    m1, s1, last = study(rng, 3, 3, 2.0)
    best = last + np.abs(rng.normal(0, 0.2, last.shape))
    a, b = (decide_all(m1, s1, x, 2.0, n1=3) for x in (last, best))
    rep, _, off = label_rates(np.where(a == b, a, UNDECIDED))
    assert max(rep, off) <= 0.05 + SLACK


def test_a_collapsed_published_cell_is_calibrated():
    rng = np.random.default_rng(8)
    for n2 in (2, 3, 5):
        runs = rng.normal(11.0, 0.5, (STUDIES, n2))
        sides = decide_all(np.full(STUDIES, 10.0), 0.0, runs, 1.0, n1=3, level=nominal_level(1))
        rep, _, off = label_rates(sides)
        assert max(rep, off) <= 0.05 + SLACK


def _labels_of_rule(m1, s1, runs, margin, n1, spread_known, n_known):
    claim = Value(
        id="v",
        table="t",
        text="",
        experiment="a",
        metric="top1_accuracy",
        value=float(m1),
        sd=float(s1) if spread_known and n1 > 1 else None,
        n=n1 if n_known else None,
        margin=margin,
    )
    verdict = judge_value(claim, Sample(experiment="a", scale="paper", values=tuple(runs)), Context()).verdict
    return {"REPRODUCED": INSIDE, "NOT REPRODUCED": ABOVE if verdict.detail == "higher" else BELOW}.get(
        verdict.label, UNDECIDED
    )


def test_the_simulated_rule_is_the_rule():
    rng = np.random.default_rng(9)
    seen = set()
    for _ in range(300):
        n1, n2 = int(rng.integers(1, 8)), int(rng.integers(2, 6))
        spread_known, n_known = bool(rng.integers(2)), bool(rng.integers(2))
        margin, shift = float(rng.uniform(0.5, 6)), float(rng.choice([0, 2, 9]))
        m1, s1, runs = study(rng, n1, n2, shift, studies=1)
        fast = int(decide_all(m1, s1, runs, margin, n1=n1, spread_known=spread_known, n_known=n_known)[0])
        assert fast == _labels_of_rule(m1[0], s1[0], runs[0], margin, n1, spread_known, n_known)
        seen.add(fast)
    assert seen == {INSIDE, ABOVE, UNDECIDED} or seen == {INSIDE, ABOVE, BELOW, UNDECIDED}
