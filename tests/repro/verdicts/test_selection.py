"""Which runs may speak: by protocol, whatever else a record says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.evidence.record import Environment
from repro.verdicts.barred import barred_runs
from repro.verdicts.run_index import index, study_key
from repro.verdicts.sample import samples_of
from repro.verdicts.table import judge
from shared.claims import Deviation, Ordering, Value

CHANGES = {
    "width": lambda p: p.with_(model=p.model.model_copy(update={"width": 0.5})),
    "resize": lambda p: p.with_(data=p.data.model_copy(update={"resize": 16})),
    "epochs": lambda p: p.with_(phases=(p.phases[0].model_copy(update={"epochs": 3}),)),
    "variant": lambda p: p.with_(variant="corrected"),
    "paper": lambda p: p.with_(paper="other"),
    "precision": lambda p: p.with_(precision="tf32"),
}
VALUE = Value(
    id="v", table="t", text="", experiment="a", metric="top1_accuracy", value=90.0, sd=0.3, n=3, margin=5.0
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scales=st.lists(st.sampled_from(["demo", "reduced", "paper"]), min_size=1, max_size=6),
    changes=st.sets(st.sampled_from(sorted(CHANGES)), max_size=3),
)
def test_only_admissible_runs_decide_a_published_number(scales, changes, with_claims, paper, make_record):
    records = []
    for seed, scale in enumerate(scales):
        protocol = paper.at_scale("a", scale, seed)
        for name in sorted(changes):
            protocol = CHANGES[name](protocol)
        records.append(make_record(protocol, 90.0 + 0.1 * seed))
    (verdict,) = judge(with_claims(VALUE), "t", records).verdicts
    right = [r for r, scale in zip(records, scales, strict=True) if scale == "paper" and changes <= {"precision"}]
    assert verdict.n == len(right)
    assert set(verdict.identities) == {r.identity for r in right}
    if not right:
        assert verdict.label == "NOT TESTED"


def test_samples_come_by_scale_and_seed(paper, make_runs):
    records = make_runs("a", [50, 51], "demo") + make_runs("a", [90.0, 91.0], first_seed=7)[::-1]
    top, low = samples_of(records, "a", paper)
    assert (top.scale, top.values, top.seeds) == ("paper", (90.0, 91.0), (7, 8))
    assert (low.scale, low.n) == ("demo", 2)
    assert low.deviations
    assert not low.admissible
    assert top.correct == (9000, 9100)


def test_a_demo_run_says_which_settings_differ(paper, make_runs):
    (sample,) = samples_of(make_runs("a", [50], "demo"), "a", paper)
    assert {d.path for d in sample.deviations} >= {"data.name", "scale", "phases.0.epochs"}


def test_metric_epoch_and_unit(paper, make_record):
    records = [make_record(paper.at_scale("a", "paper", s), 80 + s, best=90) for s in (0, 1)]
    (sample,) = samples_of(records, "a", paper, unit="fraction")
    assert sample.values == (0.80, 0.81)
    assert sample.best_values == (0.9, 0.9)
    (sample,) = samples_of(records, "a", paper, metric="top1_accuracy_at_epoch", epoch=2)
    assert sample.values == (80.0, 81.0)
    assert samples_of(records, "a", paper, metric="top1_accuracy_at_epoch", epoch=99) == []


def test_published_precision_speaks_before_another(paper, make_record):
    protocol = paper.at_scale("a", "paper", 1)
    fast = make_record(protocol.with_(precision="bf16"), 50.0, finished_at="2025-01-01T00:00:00Z")
    (sample,) = samples_of([fast, make_record(protocol, 90.0)], "a", paper)
    assert (sample.values, sample.repeats, sample.deviations) == ((90.0,), 1, ())


def test_data_effects_are_taken_over_or_bar_the_runs(paper, make_runs):
    records = make_runs("a", [90, 91])
    (sample,) = samples_of(records, "a", paper, data_effect=lambda r: 0.1 * r.protocol.seed)
    assert sample.data_effect == 0.1 * 43
    bar = Deviation("data.fingerprint", "x", "y", True)
    (sample,) = samples_of(records, "a", paper, data_effect=lambda r: bar)
    assert not sample.admissible
    assert sample.deviations == (bar,)


def test_runs_at_chance_are_marked(paper, make_runs):
    (sample,) = samples_of(make_runs("a", [10.0, 85.0, 10.6]), "a", paper)
    assert sample.chance_runs == (True, False, True)
    assert not sample.collapsed


def test_key_ignores_seed_and_precision_only(paper):
    protocol = paper.at_scale("a", "paper", 1)
    same = [protocol.with_(seed=2), protocol.with_(precision="bf16")]
    assert {study_key(p) for p in same} == {study_key(protocol)}
    different = [change(protocol) for name, change in CHANGES.items() if name != "precision"]
    assert study_key(protocol) not in {study_key(p) for p in different}


def test_whole_numbers_written_either_way_are_one_setting(paper, make_record):
    a, b = (
        paper.at_scale("a", "paper", s).with_(
            phases=(paper.at_scale("a", "paper", s).phases[0].model_copy(update={"name": "a", "batch_size": 128}),),
            model=paper.at_scale("a", "paper", s).model.model_copy(update={"options": {"depth": depth}}),
        )
        for s, depth in ((0, 1), (1, 1.0))
    )
    assert len(index([make_record(a, 1.0), make_record(b, 2.0)]).by_key) == 1


def test_barred_runs_go_to_the_nearest_experiment(paper, make_record):
    near_b = CHANGES["epochs"](paper.at_scale("b", "paper", 1))
    barred = barred_runs(index([make_record(near_b, 1.0)]), paper)
    assert list(barred) == ["b"]
    assert [d.path for d in barred["b"][0].deviations] == ["phases.0.epochs"]


def test_protocols_are_read_once_per_run(paper, make_runs, monkeypatch, with_claims):
    """The cost of selection grows with records + claims, not with their product."""
    calls = 0
    import repro.verdicts.run_index as module

    original = module.canonical

    def counted(spec):
        nonlocal calls
        calls += 1
        return original(spec)

    monkeypatch.setattr(module, "canonical", counted)
    records = [r for i in range(100) for e in "abc" for r in make_runs(e, [90.0], first_seed=i)]
    judge(with_claims(*(replace(VALUE, id=str(i), experiment="abc"[i % 3]) for i in range(200))), "t", records)
    assert calls <= 12


def _foreign(record, **changes):
    environment = Environment.model_validate({"versions": {}, "device": "cpu", "data_status": "unknown"})
    return record.model_copy(update={"environment": environment, **changes})


@pytest.mark.parametrize("finished", ["2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"])
@pytest.mark.parametrize("first", [True, False])
def test_a_copy_on_other_data_takes_nothing_from_sound_evidence(with_claims, make_runs, finished, first):
    """Whether the copies are older or newer, read before or after."""
    sound = make_runs("a", [89.8, 90.0, 90.2]) + make_runs("b", [80.0, 80.2, 80.1])
    copies = [_foreign(r, finished_at=finished) for r in sound]
    wins = Ordering(id="o", table="t", text="", better="a", worse="b")
    paper = with_claims(VALUE, wins)
    alone = judge(paper, "t", sound).verdicts
    both = judge(paper, "t", copies + sound if first else sound + copies).verdicts
    assert [v.label for v in alone] == ["REPRODUCED", "SUPPORTED"]
    assert [replace(v, flags=()) for v in both] == [replace(v, flags=()) for v in alone]


def test_seeds_run_on_other_data_only_are_left_out_and_said(with_claims, make_runs):
    sound = make_runs("a", [89.8, 90.0, 90.2])
    (verdict,) = judge(with_claims(VALUE), "t", [*sound, *map(_foreign, make_runs("a", [20.0], first_seed=7))]).verdicts
    assert (verdict.label, verdict.n) == ("REPRODUCED", 3)
    assert any("1 run left out: on data that are not known to be the original's" in flag for flag in verdict.flags)


def test_a_sentence_says_why_inadmissible_runs_do_not_speak(with_claims, make_runs):
    records = [_foreign(r) for e in "ab" for r in make_runs(e, [90.0, 91.0])]
    wins = Ordering(id="o", table="t", text="", better="a", worse="b")
    (verdict,) = judge(with_claims(wins), "t", records).verdicts
    assert verdict.label == "NOT TESTED"
    assert verdict.reason.startswith("The runs of a, b at paper scale deviate materially (data.fingerprint")
    assert [d.path for d in verdict.deviations] == ["data.fingerprint"]
    (verdict,) = judge(with_claims(wins), "t", make_runs("a", [90.0]) + make_runs("b", [80.0], "demo")).verdicts
    assert verdict.reason == "The runs of the sides are at different scales."


def test_one_identity_is_one_run_however_often_it_is_there(paper, make_runs):
    records = make_runs("a", [90.0, 91.0])
    (sample,) = samples_of([*records, *(r.model_copy(update={"finished_at": "2027"}) for r in records)], "a", paper)
    assert (sample.n, sample.repeats, sample.records) == (2, 2, tuple(records))
    (sample,) = samples_of([*records, *records], "a", paper)
    assert (sample.n, sample.repeats) == (2, 0)
