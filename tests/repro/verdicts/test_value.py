"""The value rule: the vectors and every case of missing information."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.verdicts.moderated import Prior
from repro.verdicts.sample import Sample
from repro.verdicts.value import Context, judge_value
from repro.verdicts.wording import num
from shared.claims import Deviation, Value

IMAGES = 10_000


def claim(value, sd, n, margin, **more):
    numbers = {"value": value, "sd": sd, "n": n, "margin": margin}
    return Value(id="v", table="t", text="", experiment="a", metric="top1_accuracy", **numbers, **more)


def sample(mean, sd, n, best=0.0, dead=0, **more):
    """A sample of exactly this mean and spread; ``best`` epochs lie so much higher."""
    x = np.arange(n) - (n - 1) / 2
    values = mean + (x / x.std(ddof=1) * sd if n > 1 else x)
    return Sample(
        experiment="a",
        scale="paper",
        values=tuple(values),
        best_values=tuple(values + best),
        seeds=tuple(range(n)),
        total=(IMAGES,) * n,
        correct=tuple(round(v * 100) for v in values),
        chance_runs=tuple(i < dead for i in range(n)),
        **more,
    )


def verdict(c, s, **context):
    return judge_value(c, s, Context(images=IMAGES, **context)).verdict


def test_w1():
    v = verdict(claim(87.39, 0.23, 3, 1.0), sample(87.10, 0.30, 3))
    assert v.text == "REPRODUCED"
    assert v.interval == pytest.approx((-0.7644, 0.1844), abs=1e-4)
    assert v.prediction == pytest.approx((86.582, 88.198), abs=5e-4)
    assert v.p == pytest.approx(0.017196, abs=1e-6)
    assert "-0.29 points from the published 87.39" in v.reason


def test_w2_is_inconclusive_not_unresolvable():
    v = verdict(claim(93.65, 0.20, 5, 0.5), sample(93.10, 0.15, 5))
    assert v.label == "INCONCLUSIVE"
    assert v.needed_n is None
    assert v.best_possible < 0.5


def test_w3_cannot_be_resolved():
    v = verdict(claim(82.89, 2.00, 3, 1.0), sample(84.5, 1.5, 5))
    assert v.label == "UNRESOLVABLE"
    assert v.best_possible > 1.0


def test_measurably_different_within_the_margin_is_reproduced():
    v = verdict(claim(90.0, 0.1, 5, 1.0), sample(90.3, 0.1, 5))
    assert v.label == "REPRODUCED"
    assert "measurably different" in v.reason


@pytest.mark.parametrize(("mean", "text"), [(95.0, "NOT REPRODUCED (higher)"), (80.0, "NOT REPRODUCED (lower)")])
def test_far_off(mean, text):
    assert verdict(claim(87.39, 0.23, 3, 1.0), sample(mean, 0.3, 3)).text == text


def test_inconclusive_states_the_seeds_that_would_decide():
    c = claim(90.0, 0.5, 10, 0.6)
    v = verdict(c, sample(90.0, 0.9, 3))
    assert v.label == "INCONCLUSIVE"
    assert str(v.needed_n) in v.reason
    assert verdict(c, sample(90.0, 0.9, v.needed_n)).label == "REPRODUCED"
    assert verdict(c, sample(90.0, 0.9, v.needed_n - 1)).label != "REPRODUCED"


@pytest.mark.parametrize(("mean", "detail"), [(87.4, "consistent"), (80.0, "inconsistent")])
def test_one_run_is_only_screened(mean, detail):
    v = verdict(claim(87.39, 0.23, 3, 1.0), sample(mean, 0, 1))
    assert (v.label, v.detail) == ("SCREENED", detail)
    assert v.prediction == pytest.approx((87.39 - 4.97 * 0.23, 87.39 + 4.97 * 0.23), abs=5e-3)
    assert v.interval is None


def test_one_run_against_one_run_says_nothing():
    v = verdict(claim(82.78, None, 1, 0.5), sample(82.8, 0, 1))
    assert (v.label, v.needed_n) == ("INCONCLUSIVE", 2)


@pytest.mark.parametrize(("n1", "half"), [(1, 0.547460), (3, 0.364973)])
def test_unknown_published_spread(n1, half):
    v = verdict(claim(93.22, None, n1, 0.5), sample(93.22, 0.18, 5))
    assert v.prediction == pytest.approx((93.22 - half, 93.22 + half), abs=1e-6)
    assert v.label == "REPRODUCED"
    assert any("spread is unknown" in flag for flag in v.flags)


def test_unknown_number_of_runs_counts_as_one_with_the_line_for_three_beside_it():
    known, unknown = claim(90.0, 0.2, 3, 0.55), claim(90.0, 0.2, None, 0.55)
    ours = sample(90.0, 0.2, 5)
    assert verdict(known, ours).label == "REPRODUCED"
    v = verdict(unknown, ours)
    assert v.label == "REPRODUCED"
    assert v.interval[1] == pytest.approx(2.1318 * 0.2 * 1.2**0.5, abs=1e-3)
    assert v.interval[1] > verdict(known, ours).interval[1]
    assert any(flag.startswith("If the published number were the mean of 3 runs: REPRODUCED") for flag in v.flags)
    # a printed spread larger than ours is not ignored
    assert verdict(claim(90.0, 0.5, None, 0.55), ours).label != "REPRODUCED"


def test_spread_printed_as_zero_is_not_believed_unless_the_cell_is_a_collapse():
    v = verdict(claim(90.0, 0.0, 3, 1.0, rounding=0.05), sample(90.0, 0.2, 3))
    assert any("printed as 0" in flag for flag in v.flags)
    floor = (0.1 / (2 * IMAGES)) ** 0.5 * 100
    assert v.prediction[1] - 90.0 == pytest.approx(4.3027 * floor * (2 / 3) ** 0.5, rel=1e-3)
    collapse = verdict(claim(10.0, 0.0, 3, 0.5), sample(10.0, 0.0, 3, dead=3), chance=True)
    assert collapse.label == "REPRODUCED"
    assert collapse.interval == (0.0, 0.0)


def test_coarse_rounding_replaces_a_zero_spread():
    v = verdict(
        claim(90.0, 0.0, 3, 1.0, rounding=0.5),
        sample(
            90.0,
            0.2,
            3,
        ),
        chance=False,
    )
    assert any("0.29 is used" in flag for flag in v.flags)  # 1 / sqrt(12)


def test_our_own_accidental_agreement_is_not_certainty():
    v = verdict(claim(90.0, None, 1, 0.5), sample(90.0, 0.0, 2))
    assert v.sd == pytest.approx(0.2236, abs=1e-3)
    assert v.label != "REPRODUCED"


def test_kind_of_the_spread_unknown_is_ambiguous_where_it_matters():
    ours = sample(90.0, 0.2, 5)
    sd, unknown, se = (verdict(claim(90.0, 0.3, 5, 0.4, spread=k), ours) for k in ("sd", "unknown", "se"))
    assert (sd.label, se.label) == ("REPRODUCED", "UNRESOLVABLE")
    assert unknown.text == "INCONCLUSIVE (ambiguous)"
    assert "+- read as se: UNRESOLVABLE" in unknown.reason
    wide = verdict(claim(90.0, 0.3, 5, 5.0, spread="unknown"), ours)
    assert wide.text == "REPRODUCED"


def test_best_or_last_unknown_is_ambiguous_where_it_matters():
    ours = sample(90.0, 0.1, 3, best=3.0)
    assert verdict(claim(90.0, 0.1, 3, 0.5, which="last"), ours).label == "REPRODUCED"
    assert verdict(claim(90.0, 0.1, 3, 0.5, which="best"), ours).text == "NOT REPRODUCED (higher)"
    v = verdict(claim(90.0, 0.1, 3, 0.5, which="unknown"), ours)
    assert v.text == "INCONCLUSIVE (ambiguous)"
    assert "best epoch: NOT REPRODUCED higher" in v.reason
    same = verdict(claim(90.0, 0.1, 3, 0.5, which="unknown"), sample(90.0, 0.1, 3, best=0.05))
    assert same.label == "REPRODUCED"


def test_rounding_is_added_to_the_margin():
    ours = sample(90.42, 0.06, 3)
    assert verdict(claim(90.0, 0.06, 3, 0.5), ours).label == "INCONCLUSIVE"
    v = verdict(claim(90.0, 0.06, 3, 0.5, rounding=0.05), ours)
    assert (v.label, v.margin) == ("REPRODUCED", pytest.approx(0.55))


def test_known_differences_of_the_data_widen_the_doubt():
    c = claim(87.39, 0.23, 3, 1.0)
    v = verdict(c, sample(87.10, 0.30, 3, data_effect=0.30))
    assert v.label == "INCONCLUSIVE"
    assert any("at most 0.30 points" in flag for flag in v.flags)
    assert verdict(c, sample(87.39, 0.23, 5, data_effect=0.20)).label == "REPRODUCED"


def test_partial_collapse_is_compared_by_rate_and_live_runs():
    v = verdict(claim(85.0, 0.3, 3, 0.5), sample(60.0, 43.0, 3, dead=1))
    assert v.label == "UNRESOLVABLE" or v.label == "INCONCLUSIVE"
    (flag,) = [f for f in v.flags if "collapsed" in f]
    assert "1 of our 3 runs collapsed" in flag
    assert "0 of 3 published runs collapsed (Fisher's exact test p = 1.000)" in flag


def test_borrowed_strength_is_a_second_line_and_never_the_label():
    c, ours = claim(90.0, 0.02, 3, 0.25), sample(90.0, 0.30, 3)
    prior = Prior(0.05, 20.0, 12)
    plain, lent = verdict(c, ours), verdict(c, ours, ours=prior, theirs=prior)
    assert plain.label == lent.label != "REPRODUCED"
    assert plain.second_line == ""
    assert "borrowed from 12 cells" in lent.second_line
    assert ": REPRODUCED" in lent.second_line


def test_diverged_runs_count_and_are_named():
    v = verdict(claim(90.0, 0.3, 3, 1.0), sample(90.0, 0.3, 3, diverged=1))
    assert v.n == 3
    assert any("diverged" in flag for flag in v.flags)


DEVIATIONS = st.lists(st.booleans(), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["demo", "reduced", "paper"]), DEVIATIONS, st.integers(1, 5), st.floats(0, 100))
def test_no_inadmissible_run_ever_yields_a_value_verdict(scale, material, n, mean):
    deviations = tuple(Deviation("data.resize", None, 8, m) for m in material)
    ours = Sample(experiment="a", scale=scale, values=tuple(mean + i for i in range(n)), deviations=deviations)
    if scale == "paper" and not any(material):
        judge_value(claim(50.0, 1.0, 3, 1.0), ours)
    else:
        with pytest.raises(ValueError, match="paper scale"):
            judge_value(claim(50.0, 1.0, 3, 1.0), ours)


def test_numbers_in_sentences():
    assert [num(x) for x in (0, 0.5, 0.03, 87.1)] == ["0.00", "0.50", "0.03", "87.10"]
    assert [num(x) for x in (-264573, 60010.67)] == ["-264,573", "60,011"]
