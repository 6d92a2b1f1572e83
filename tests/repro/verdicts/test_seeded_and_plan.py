"""Numbers of single published runs; what seeds can do before they are spent; exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from repro.verdicts.exit_codes import exit_code
from repro.verdicts.plan import power_plan
from repro.verdicts.table import judge
from repro.verdicts.verdict import Verdict
from shared.claims import Collapse, Exact, Ordering, Trend, Value


def value(**more):
    fields = {"id": "v", "experiment": "a", "value": 90.0, "sd": 0.3, "n": 3, "margin": 1.0} | more
    return Value(table="t", text="", metric="top1_accuracy", **fields)


def test_the_number_of_one_seed_is_only_screened(with_claims, make_runs):
    claim = value(seed=43, sd=None, n=1, value=90.1)
    (v,) = judge(with_claims(claim), "t", make_runs("a", [90.0, 90.2, 90.4])).verdicts
    assert v.text == "SCREENED consistent"
    assert (v.n, v.mean) == (1, pytest.approx(90.2))
    assert v.prediction[1] - 90.1 == pytest.approx(4.3027 * 0.2 * 2**0.5, abs=1e-3)
    (v,) = judge(with_claims(claim), "t", make_runs("a", [90.0, 99.2, 90.4])).verdicts
    assert v.label == "SCREENED"
    off = value(seed=43, sd=None, n=1, value=80.0)
    (v,) = judge(with_claims(off), "t", make_runs("a", [90.0, 90.2, 90.4])).verdicts
    assert v.text == "SCREENED inconsistent"


def test_without_that_seed_it_is_not_tested(with_claims, make_runs):
    (v,) = judge(with_claims(value(seed=7, n=1)), "t", make_runs("a", [90.0, 90.2])).verdicts
    assert v.label == "NOT TESTED"
    assert "seeds 42, 43" in v.reason


def test_published_seeds_lend_their_spread_to_a_single_run(with_claims, make_runs):
    claims = [value(id=f"s{s}", seed=s, n=1, sd=None, value=90 + (s - 42) / 10) for s in (42, 43, 44)]
    verdicts = judge(with_claims(*claims), "t", make_runs("a", [90.05])).verdicts
    assert [v.text for v in verdicts] == ["SCREENED consistent", "NOT TESTED", "NOT TESTED"]
    (v,) = judge(with_claims(claims[0]), "t", make_runs("a", [90.05])).verdicts
    assert v.label == "INCONCLUSIVE"


def test_a_recalled_number_of_one_seed_decides_nothing(with_claims, make_record, paper):
    """Whatever keeps it from being decided: the seed, a spread, or which epoch it is of."""
    claim = value(value=90.42, seed=42, n=1, sd=None, gating=False, which="unknown")
    apart = [make_record(paper.at_scale("a", "paper", s), 90 + s / 100, best=99 + s / 100) for s in (42, 43, 44)]
    told = []
    for records in (apart[1:], apart[:1], apart):
        result = judge(with_claims(claim), "t", records)
        told.append(result.verdicts[0].text)
        assert (result.verdicts[0].gating, result.exit_code(strict=True)) == (False, 0)
    assert told == ["NOT TESTED", "INCONCLUSIVE", "INCONCLUSIVE (ambiguous)"]


def test_plan_tells_needed_seeds_and_the_hopeless(with_claims):
    claims = [
        value(id="easy", margin=2.0),
        value(id="hopeless", sd=2.0, margin=1.0),
        value(id="single", n=1, sd=None, margin=2.0),
        value(id="seeded", seed=1, n=1),
        value(id="dead", value=10.0, sd=0.0, experiment="c"),
        Ordering(id="apart", table="t", text="", better="a", worse="b"),
        Ordering(id="wrong", table="t", text="", better="b", worse="a"),
        Collapse(id="chance", table="t", text="", experiment="c"),
        Trend(id="trend", table="t", text="", experiments=("a", "b")),
        Exact(id="law", table="t", text="", measure=lambda: 1.0, value=1.0),
        value(id="other", experiment="b", value=89.7, sd=0.3),
    ]
    plan = {p.claim: p for p in power_plan(with_claims(*claims), "t", (42, 43, 44))}
    assert list(plan) == [c.id for c in claims]
    assert plan["easy"].needed_n == 2 or plan["easy"].needed_n == 3
    assert plan["easy"].power > 0.8
    assert plan["hopeless"].decidable is False
    assert plan["hopeless"].best_power < 0.8
    assert "no number of seeds" in plan["hopeless"].text
    assert plan["single"].decidable
    assert plan["seeded"].decidable is False
    assert plan["dead"].needed_n == 2
    assert plan["apart"].needed_n == 14  # d = 1, one-sided 5 %, 80 %
    assert plan["wrong"].decidable is False
    assert plan["law"].needed_n == 0
    assert plan["chance"].needed_n is None
    json.dumps([p.to_json() for p in plan.values()], allow_nan=False)


def test_one_planned_seed_can_only_screen(with_claims):
    (plan,) = power_plan(with_claims(value()), "t", (42,))
    assert plan.power == 0.0
    assert "only screen" in plan.text


@pytest.mark.parametrize("scale", ["demo", "reduced"])
def test_no_number_of_seeds_judges_a_number_below_paper_scale(scale, with_claims):
    claims = (value(), value(id="dead", value=10.0, sd=0.0), value(id="seeded", seed=1), value(id="rank", per_seed=()))
    for plan in power_plan(with_claims(*claims), "t", (42, 43, 44), scale):
        assert (plan.power, plan.needed_n, plan.decidable) == (0.0, None, False)
        assert plan.text == "Shown only: a number takes runs at paper scale."
    sides = [value(), value(id="other", experiment="b", value=89.7)]
    (*_, plan) = power_plan(
        with_claims(*sides, Ordering(id="o", table="t", text="", better="a", worse="b")), "t", (42, 43), scale
    )
    assert (plan.needed_n, plan.decidable) == (14, True)
    assert plan.text.endswith(f"At {scale} scale difference and spread may be others.")


def test_power_of_a_sentence_is_that_of_its_test(with_claims):
    """Before Holm's correction; what is left of it after is at least that of a level divided by the sentences."""
    rng = np.random.default_rng(1)
    sides = [value(id="x", sd=0.5), value(id="y", experiment="b", value=89.0, sd=0.5)]
    one = Ordering(id="o", table="t", text="", better="a", worse="b")
    more = [replace(one, id=f"o{i}") for i in range(3)] + [replace(one, id="u", gating=False)]
    plans = {p.claim: p for p in power_plan(with_claims(*sides, one, *more), "t", range(4))}
    x, y = rng.normal(1.0, 0.5, (40_000, 4)), rng.normal(0.0, 0.5, (40_000, 4))
    p = stats.ttest_ind(x, y, axis=1, equal_var=False, alternative="greater").pvalue
    assert plans["o"].power == plans["u"].power == pytest.approx((p < 0.05).mean(), abs=0.02)
    (least,) = re.findall(r"at least (\d+) % after Holm's correction over 4 sentences", plans["o"].text)
    assert float(least) / 100 == pytest.approx((p < 0.05 / 4).mean(), abs=0.03)
    assert "Holm" not in plans["u"].text
    (*_, single) = power_plan(with_claims(*sides, one), "t", (1,))
    assert single.power == 0.0
    assert "one seed a side decides nothing" in single.text


def verdict(label, **more):
    return Verdict(claim=value(), label=label, reason="", **more)


@pytest.mark.parametrize(
    ("labels", "plain", "strict"),
    [
        ([], 0, 0),
        (["REPRODUCED", "SUPPORTED", "HOLDS"], 0, 0),
        (["REPRODUCED", "INCONCLUSIVE"], 0, 1),
        (["UNRESOLVABLE"], 0, 1),
        (["SCREENED"], 0, 1),
        (["NOT TESTED", "REPRODUCED"], 3, 3),
        (["NOT TESTED", "INCONCLUSIVE"], 3, 1),
        (["NOT TESTED", "NOT REPRODUCED"], 1, 1),
        (["CONTRADICTED"], 1, 1),
        (["BROKEN"], 1, 1),
    ],
)
def test_exit_codes(labels, plain, strict):
    verdicts = [verdict(label) for label in labels]
    assert exit_code(verdicts) == plain
    assert exit_code(verdicts, strict=True) == strict


def test_failed_runs_are_missing_evidence_and_recalled_numbers_never_count():
    assert exit_code([verdict("REPRODUCED")], failed_runs=True) == 3
    assert exit_code([verdict("NOT REPRODUCED", gating=False)], strict=True) == 0
