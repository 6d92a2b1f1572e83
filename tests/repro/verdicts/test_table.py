"""A whole table, from records to labels, scores and exit codes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from repro.evidence.record import Environment
from repro.verdicts.plan import power_plan
from repro.verdicts.published import judge_published
from repro.verdicts.table import judge
from shared.claims import Collapse, Compound, Exact, Ordering, Trend, Value
from shared.errors import ReproError


def value(claim_id="v", experiment="a", published=87.39, sd=0.23, n=3, margin=1.0, **more):
    return Value(
        id=claim_id,
        table="t",
        text="",
        experiment=experiment,
        metric="top1_accuracy",
        value=published,
        sd=sd,
        n=n,
        margin=margin,
        **more,
    )


def labels(result):
    return {v.claim.id: v.text for v in result.verdicts}


def test_w1_is_reproduced_from_records(with_claims, make_runs):
    result = judge(with_claims(value()), "t", make_runs("a", [86.80, 87.10, 87.40]))
    (verdict,) = result.verdicts
    assert verdict.label == "REPRODUCED"
    assert verdict.interval == pytest.approx((-0.7644, 0.1844), abs=1e-3)
    assert (verdict.n, verdict.scale, verdict.cost_seconds, len(verdict.identities)) == (3, "paper", 6.0, 3)
    assert result.all_reproduced
    assert result.exit_code() == 0
    assert (result.score.stand, result.score.decided) == (1, 1)
    assert result.expected_false == pytest.approx(0.05)


def test_lower_scale_never_decides_a_value_but_decides_a_sentence(with_claims, make_runs):
    paper = with_claims(value(), Ordering(id="o", table="t", text="", better="a", worse="b"))
    records = make_runs("a", [87.3, 87.4, 87.5], "demo") + make_runs("b", [80.1, 80.0, 79.9], "demo")
    result = judge(paper, "t", records)
    assert labels(result) == {"v": "NOT TESTED", "o": "SUPPORTED at demo scale"}
    assert "demo" in result.verdicts[0].reason
    assert result.exit_code() == 3


def test_materially_deviating_runs_are_listed_but_barred(with_claims, make_record, paper):
    protocol = paper.at_scale("a", "paper", 42)
    shorter = [protocol.with_(seed=s, model=protocol.model.model_copy(update={"width": 0.5})) for s in (1, 2, 3)]
    (verdict,) = judge(with_claims(value()), "t", [make_record(p, 87.39) for p in shorter]).verdicts
    assert verdict.label == "NOT TESTED"
    assert [str(d) for d in verdict.deviations] == ["model.width: None -> 0.5"]
    assert "3" in verdict.flags[0]


def test_precision_is_listed_beside_the_verdict(with_claims, make_record, paper):
    records = [make_record(paper.at_scale("a", "paper", s).with_(precision="bf16"), 87 + s / 10) for s in (3, 4, 5)]
    (verdict,) = judge(with_claims(value()), "t", records).verdicts
    assert verdict.label == "REPRODUCED"
    assert [d.material for d in verdict.deviations] == [False]


def test_one_run_per_seed_speaks(with_claims, make_runs, make_record, paper):
    records = make_runs("a", [86.8, 87.1, 87.4])
    again = make_record(records[0].protocol, 90.0, finished_at="2026-02-01T00:00:00Z")
    (verdict,) = judge(with_claims(value()), "t", [again, *records]).verdicts
    assert verdict.n == 3
    assert verdict.mean == pytest.approx(87.1)
    assert any("repeated seed" in flag for flag in verdict.flags)


def test_only_planned_seeds_speak_and_missing_ones_are_named(with_claims, make_runs):
    result = judge(with_claims(value()), "t", make_runs("a", [86.8, 87.1, 87.4, 99.0]), seeds=(42, 43, 44))
    assert result.verdicts[0].n == 3
    assert not result.notes
    result = judge(with_claims(value()), "t", make_runs("a", [86.8, 87.1]), seeds=(42, 43, 44))
    assert "44" in result.notes[0]


def test_holm_withdraws_a_lone_borderline_contradiction(with_claims, make_runs):
    off = make_runs("a", [88.85, 89.15, 89.45])  # about one margin and a half above
    alone = judge(with_claims(value(margin=0.9)), "t", off)
    assert labels(alone)["v"] == "NOT REPRODUCED (higher)"
    crowd = [value(f"b{i}", "b") for i in range(30)]
    records = off + make_runs("b", [87.2, 87.4, 87.6])
    many = judge(with_claims(value(margin=0.9), *crowd), "t", records)
    assert labels(many)["v"] == "INCONCLUSIVE"
    assert "Holm" in many.verdicts[0].reason
    assert many.verdicts[0].p_corrected == pytest.approx(31 * many.verdicts[0].p)


def test_recalled_numbers_decide_nothing(with_claims, make_runs):
    result = judge(with_claims(value(gating=False, published=50.0)), "t", make_runs("a", [87.2, 87.4, 87.6]))
    assert result.verdicts[0].label == "NOT REPRODUCED"
    assert result.exit_code(strict=True) == 0
    assert result.score.total == 0
    assert result.all_reproduced is None


def test_p_is_of_the_test_that_carries_the_label_where_nothing_is_corrected(with_claims, make_runs):
    ours = Ordering(id="y", table="t", text="", better="b", worse="a", gating=False)
    recalled = value(gating=False, published=50.0)
    records = make_runs("a", [90.0, 90.1, 90.2]) + make_runs("b", [80.0, 80.1, 80.2])
    for verdict in judge(with_claims(ours, recalled), "t", records).verdicts:
        assert verdict.contradicted
        assert verdict.p < 0.01


def test_a_comparison_that_the_paper_does_not_make_decides_nothing(with_claims, make_runs):
    said = Ordering(id="x", table="t", text="", better="a", worse="b")
    ours = Ordering(id="y", table="t", text="", better="b", worse="a", gating=False)
    records = make_runs("a", [90.0, 90.1, 90.2]) + make_runs("b", [80.0, 80.1, 80.2])
    result = judge(with_claims(said, ours), "t", records)
    assert labels(result) == {"x": "SUPPORTED", "y": "CONTRADICTED"}
    assert (result.sentences.stand, result.sentences.decided, result.exit_code(strict=True)) == (1, 1, 0)
    untested = judge(with_claims(ours), "t", [])
    assert (untested.verdicts[0].label, untested.exit_code()) == ("NOT TESTED", 0)


def test_a_trend_that_the_paper_does_not_speak_of_decides_nothing(with_claims, make_runs):
    said = Trend(id="x", table="t", text="", experiments=("a", "b"))
    ours = Trend(id="y", table="t", text="", experiments=("b", "a"), gating=False)
    means = [80.0, 80.1, 80.2, 80.3]
    records = make_runs("b", means) + make_runs("a", [m + 10 for m in means])
    result = judge(with_claims(said, ours), "t", records)
    assert labels(result) == {"x": "SUPPORTED", "y": "CONTRADICTED"}
    assert (result.sentences.stand, result.sentences.decided, result.exit_code(strict=True)) == (1, 1, 0)
    assert [v.gating for v in judge_published(with_claims(said, ours))] == [True, False]


def test_compound_needs_enough_parts(with_claims, make_runs):
    up = Ordering(id="x", table="t", text="", better="a", worse="b")
    down = Ordering(id="y", table="t", text="", better="b", worse="a")
    records = make_runs("a", [90.0, 90.1, 90.2]) + make_runs("b", [80.0, 80.1, 80.2])
    all_of = Compound(id="all", table="t", text="", parts=(up, down))
    one_of = Compound(id="one", table="t", text="", parts=(up, down), at_least=1)
    nested = Compound(id="nest", table="t", text="", parts=(one_of, up))
    result = judge(with_claims(all_of, one_of, nested), "t", records)
    assert labels(result) == {"all": "CONTRADICTED", "one": "SUPPORTED", "nest": "SUPPORTED"}
    assert result.sentences.stand == 2
    assert result.exit_code() == 1
    assert [p.claim.id for p in result.verdicts[2].parts] == ["one", "x"]
    half = judge(with_claims(all_of), "t", make_runs("a", [90.0, 90.1]))
    assert labels(half) == {"all": "NOT TESTED"}


def test_a_sentence_that_waits_for_some_of_its_parts_lacks_evidence(with_claims, make_runs):
    """Runs of its other parts do not hide it, however deep it lies; a sentence that is decided waits for nothing."""
    there = Ordering(id="x", table="t", text="", better="a", worse="b")
    missing = Ordering(id="y", table="t", text="", better="a", worse="c")
    both = Compound(id="both", table="t", text="", parts=(there, missing))
    records = make_runs("a", [90.0, 90.1, 90.2]) + make_runs("b", [80.0, 80.1, 80.2])
    for claim in (both, Compound(id="nest", table="t", text="", parts=(both, there))):
        result = judge(with_claims(claim), "t", records)
        assert (result.verdicts[0].label, result.verdicts[0].n, result.exit_code()) == ("NOT TESTED", 3, 3)
    either = Compound(id="one", table="t", text="", parts=(there, missing), at_least=1)
    assert judge(with_claims(either), "t", records).exit_code() == 0
    shown = Compound(id="low", table="t", text="", parts=(there, value()))
    demo = make_runs("a", [90.0, 90.1, 90.2], "demo") + make_runs("b", [80.0, 80.1, 80.2], "demo")
    low = judge(with_claims(shown), "t", demo, scale="demo")
    assert (low.verdicts[0].label, low.exit_code()) == ("NOT TESTED", 0)


def test_exact_claims_hold_or_break(with_claims):
    def crash() -> float:
        raise ZeroDivisionError("no layers")

    def missing() -> float:
        raise ReproError("Install the data.")

    def law(name, measure, tolerance=0.0):
        return Exact(id=name, table="t", text="", measure=measure, value=5.0, tolerance=tolerance)

    claims = [
        law("equal", lambda: 5),
        law("off", lambda: 6),
        law("near", lambda: 5.4, 0.5),
        law("nan", lambda: float("nan"), 1.0),
        law("crash", crash),
        law("lacks", missing),
    ]
    result = judge(with_claims(*claims), "t", [])
    assert list(labels(result).values()) == ["HOLDS", "BROKEN", "HOLDS", "BROKEN", "BROKEN", "NOT TESTED"]
    assert (result.laws.stand, result.laws.decided, result.laws.untested) == (2, 5, 1)


def test_collapse_trend_and_value_read_one_set_of_runs(with_claims, make_runs):
    claims = [
        Collapse(id="dead", table="t", text="", experiment="c"),
        Collapse(id="alive", table="t", text="", experiment="a", collapsed=False),
        Trend(id="falls", table="t", text="", experiments=("a", "b", "c")),
        value("ten", "c", published=10.0, sd=0.0),
    ]
    records = make_runs("a", [90, 91, 92]) + make_runs("b", [80, 81, 82]) + make_runs("c", [10.0, 10.0, 10.0])
    result = judge(with_claims(*claims), "t", records)
    assert labels(result) == {"dead": "SUPPORTED", "alive": "SUPPORTED", "falls": "SUPPORTED", "ten": "REPRODUCED"}


def test_json_is_plain_and_versioned(with_claims, make_runs):
    result = judge(with_claims(value(), value("w", "b")), "t", make_runs("a", [86.8, 87.1, 87.4]))
    data = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert data["schema_version"] == 1
    assert [v["label"] for v in data["verdicts"]] == ["REPRODUCED", "NOT TESTED"]
    assert data["verdicts"][0]["published"] == {
        "value": 87.39, "sd": 0.23, "n": 3, "unit": "percent", "metric": "top1_accuracy",
    }  # fmt: skip


def test_an_unknown_experiment_is_named(with_claims, make_runs):
    with pytest.raises(ReproError, match="no toy experiment 'ab'"):
        judge(with_claims(value(experiment="ab")), "t", make_runs("a", [1.0]))


def test_sentences_without_a_table_have_a_name(paper, make_runs):
    spoken = replace(paper, sentences=(Collapse(id="s", table="", text="", experiment="a"),))
    assert labels(judge(spoken, "sentences", make_runs("a", [10.0, 10.1]))) == {"s": "SUPPORTED"}


def test_looks_lower_the_level(with_claims, make_runs):
    records = make_runs("a", [86.8, 87.1, 87.4])
    looks = {records[0].protocol.study: 2}.__getitem__
    (verdict,) = judge(with_claims(value()), "t", records, looks=looks).verdicts
    assert verdict.level == 0.0294
    assert verdict.interval[0] < -0.7644
    assert any("0.0294" in flag for flag in verdict.flags)


def test_never_judged_before_is_the_first_look(with_claims, make_runs):
    (verdict,) = judge(with_claims(value()), "t", make_runs("a", [86.8, 87.1, 87.4]), looks=lambda study: 0).verdicts
    assert verdict.level == 0.05


def _with_data(records, **facts):
    return [r.model_copy(update={"environment": Environment(versions={}, device="cpu", **facts)}) for r in records]


def test_data_accounted_for_widen_the_doubt_and_unknown_data_bar(with_claims, make_runs):
    records = make_runs("a", [87.2, 87.4, 87.6])
    facts = {"data": {"test": "0123456789abcdef"}, "worst_case_points": 0.2}
    exact, accounted, unknown = (
        judge(with_claims(value()), "t", _with_data(records, data_status=status, **facts)).verdicts[0]
        for status in ("exact", "accounted", "unknown")
    )
    assert (exact.label, accounted.label, unknown.label) == ("REPRODUCED", "REPRODUCED", "NOT TESTED")
    assert any("at most 0.20 points" in flag for flag in accounted.flags)
    assert not exact.flags
    assert "data.fingerprint: the original's -> 0123456789ab" in unknown.reason
    tight = judge(with_claims(value(margin=0.5)), "t", _with_data(records, data_status="accounted", **facts))
    assert not tight.verdicts[0].decided
    assert judge(with_claims(value(margin=0.5)), "t", records).verdicts[0].label == "REPRODUCED"


def test_a_number_of_another_work_is_shown_and_decides_nothing(with_claims, make_runs):
    """It has no experiment here, and must not keep the rest of its table from being judged."""
    paper = with_claims(value(), value("other", experiment="", gating=False))
    ours, other = judge(paper, "t", make_runs("a", (87.4, 87.5, 87.3))).verdicts
    assert ours.label == "REPRODUCED"
    assert (other.label, other.n) == ("NOT TESTED", 0)
    assert "shown for comparison" in other.reason
    assert not power_plan(paper, "t", (1, 2))[1].decidable
