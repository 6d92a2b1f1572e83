"""Sentences judged on the published numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_ind_from_stats

from repro.verdicts.cells import published_cells
from repro.verdicts.published import judge_published
from shared.claims import Collapse, Compound, Ordering, Trend, Value


def value(experiment, mean, sd=None, n=None, **more):
    return Value(
        id=more.pop("id", f"v-{experiment}"),
        table="t",
        text="",
        experiment=experiment,
        metric="top1_accuracy",
        value=mean,
        sd=sd,
        n=n,
        margin=0.5,
        **more,
    )


def ordering(better="a", worse="b", **more):
    return Ordering(id=f"{better}>{worse}", table="t", text="", better=better, worse=worse, **more)


def judged(with_claims, *claims):
    return judge_published(with_claims(*claims))


def test_flipout_against_magnitude_as_the_authors_logged_it(with_claims):
    """flipout sheet, section 9, Q1: +4.51, t 3.86, df 2.05, p 0.058."""
    (v,) = judged(with_claims, value("a", 87.3967, 0.2307, 3), value("b", 82.89, 2.0065, 3), ordering())
    assert v.label == "NOT SIGNIFICANT"
    assert "difference +4.51, t = 3.86, df = 2.05, two-sided p = 0.058" in v.reason
    assert v.published
    assert v.to_json()["published_numbers_only"] is True


def test_labels_follow_the_two_sided_test(with_claims):
    cells = (value("a", 82.5, 0.11, 3), value("b", 80.63, 0.45, 3), value("c", 82.4, 0.3, 3))
    up, down, tie = judged(with_claims, *cells, ordering(), ordering("b", "a"), ordering("a", "c"))
    assert (up.label, down.label, tie.label) == ("SUPPORTED", "CONTRADICTED", "NOT SIGNIFICANT")
    oracle = ttest_ind_from_stats(82.5, 0.11, 3, 80.63, 0.45, 3, equal_var=False)
    assert up.p == down.p == pytest.approx(oracle.pvalue)
    assert up.p_corrected == pytest.approx(3 * oracle.pvalue)


def test_runs_known_one_by_one_come_first(with_claims):
    a, b = (93.51, 93.60, 93.75, 93.42, 93.66), (91.9, 91.8, 92.3, 92.0, 91.7)
    seeds = [value("b", x, id=f"b{i}", seed=i) for i, x in enumerate(b)]
    paper = with_claims(value("a", 93.6, 9.0, 3, per_seed=a), *seeds, value("b", 50.0, None, 1), ordering())
    (v,) = judge_published(paper)
    assert v.p == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue)
    cells = published_cells(paper)
    assert cells["b", "top1_accuracy", "last"].n == 5
    assert cells["a", "top1_accuracy", "last"].runs == a


def test_a_sentence_reads_the_published_numbers_of_its_epoch(with_claims):
    """Where both epochs were published; where one was, it stands in for the other."""
    both = [value("a", 90.0, 0.1, 3, id="al", which="last"), value("a", 95.0, 0.1, 3, id="ab", which="best"),
            value("b", 92.0, 0.1, 3, id="bb", which="best")]  # fmt: skip
    said = ordering()
    for which, label, mean in (("last", "CONTRADICTED", -2.0), ("best", "SUPPORTED", 3.0)):
        (v,) = judged(with_claims, *both, replace(said, which=which))
        assert (v.label, v.mean) == (label, pytest.approx(mean)), which


def test_single_runs_are_told_apart_from_evidence(with_claims):
    (v,) = judged(with_claims, value("a", 78.44, None, 1), value("b", 74.13, 1.4, 3), ordering())
    assert v.label == "INCONCLUSIVE"
    assert "1 run, 3 runs" in v.reason
    assert "agrees with" in v.reason


def test_missing_and_recalled_numbers_are_no_evidence(with_claims):
    (v,) = judged(with_claims, value("a", 90.0, 0.1, 3), value("b", 80.0, 0.1, 3, gating=False), ordering())
    assert v.label == "NOT TESTED"
    assert v.reason.startswith("No usable number was published for ")  # by whomever: some papers are judged on reruns
    assert "for b" in v.reason


def test_standard_errors_become_spreads(with_claims):
    cells = published_cells(
        with_claims(value("a", 90.0, 0.1, 4, spread="se"), value("b", 1.0, 0.1, 4, spread="unknown"))
    )
    assert cells["a", "top1_accuracy", "last"].sd == pytest.approx(0.2)
    assert cells["b", "top1_accuracy", "last"].sd is None


def test_within(with_claims):
    cells = (value("a", 92.77, 0.08, 3), value("b", 93.78, 0.24, 3))
    close, far = judged(with_claims, *cells, ordering(within=1.6), ordering(within=0.2))
    assert (close.label, far.label) == ("SUPPORTED", "CONTRADICTED")


def test_p_is_of_the_test_that_carries_the_label(with_claims):
    cells = (value("a", 92.77, 0.08, 3), value("b", 93.78, 0.24, 3))
    close, far, open_ = judged(with_claims, *cells, *(ordering(within=w) for w in (1.6, 0.2, 1.0)))
    assert [v.label for v in (close, far, open_)] == ["SUPPORTED", "CONTRADICTED", "NOT SIGNIFICANT"]
    assert close.p < 0.05
    t, df = (1.01 - 0.2) / (0.08**2 / 3 + 0.24**2 / 3) ** 0.5, 2.44
    assert far.p == pytest.approx(student.sf(t, df), rel=0.01)
    assert open_.p > 0.5
    trend = Trend(id="t", table="t", text="", experiments=("a", "b", "c"))
    means = (value("a", 93.0, 0.2, 3), value("b", 91.0, 0.2, 3), value("c", 85.0, 0.9, 3))
    down, up = judged(with_claims, *means, trend, replace(trend, direction="increasing"))
    assert (down.label, up.label) == ("SUPPORTED", "CONTRADICTED")
    assert down.p == pytest.approx(up.p)
    assert up.p < 0.01


def test_a_remark_stands_wherever_the_correction_changes_the_picture(with_claims):
    """On findings for and against alike, and on the compound that rests on them."""
    cells = (value("a", 82.5, 0.5, 3), value("b", 80.63, 0.45, 3), value("c", 82.4, 0.3, 3))
    up, down, tie = ordering(), ordering("b", "a"), ordering("a", "c")
    ties = [replace(tie, id=f"tie{i}") for i in range(8)]
    both = Compound(id="both", table="t", text="", parts=(down, tie))
    first, second, _, *_, whole = judged(with_claims, *cells, up, down, tie, *ties, both)
    assert (first.label, second.label, whole.label) == ("SUPPORTED", "CONTRADICTED", "CONTRADICTED")
    assert first.p < 0.05 < first.p_corrected
    told = "One of 11 comparisons made together: after Holm's correction"  # a claim that is also a part counts once
    assert all(len(v.flags) == 1 and v.flags[0].startswith(told) for v in (first, second))
    assert whole.flags[0].endswith("0 stand and 0 fall, which would make it NOT SIGNIFICANT.")
    first, whole = judged(with_claims, *cells[:2], down, Compound(id="one", table="t", text="", parts=(down,)))
    assert (first.label, first.flags, whole.flags) == ("CONTRADICTED", (), ())


def test_collapse(with_claims):
    def collapse(experiment, collapsed=True):
        return Collapse(id="c", table="t", text="", experiment=experiment, collapsed=collapsed)

    cells = (value("a", 10.0, 0.0, 3), value("b", 13.65, 6.32, 3), value("c", 85.3, 0.5, 3))
    claims = [collapse("a"), collapse("b"), collapse("c"), collapse("c", False), collapse("a", False)]
    labels = [v.label for v in judged(with_claims, *cells, *claims)]
    assert labels == ["SUPPORTED", "INCONCLUSIVE", "CONTRADICTED", "SUPPORTED", "CONTRADICTED"]
    seeds = (value("b", 13.65, 6.32, 3, per_seed=(10.0, 10.0, 20.96)), collapse("b"))
    (v,) = judged(with_claims, *seeds)
    assert v.reason.startswith("2 of 3 published runs")


def test_trend_over_means_and_over_runs(with_claims):
    trend = Trend(id="t", table="t", text="", experiments=("a", "b", "c"))
    means = (value("a", 93.0, 0.2, 3), value("b", 91.0, 0.2, 3), value("c", 85.0, 0.9, 3))
    (v,) = judged(with_claims, *means, trend)
    assert v.label == "SUPPORTED"
    runs = (
        value("a", 0.0, per_seed=(93.1, 93.0, 92.8)),
        value("b", 0.0, per_seed=(91.1, 91.0, 90.8)),
        value("c", 0.0, per_seed=(85.1, 85.0, 84.8)),
    )
    (v,) = judged(with_claims, *runs, replace(trend, direction="increasing"))
    assert v.label == "CONTRADICTED"
    (v,) = judged(with_claims, value("a", 93.0, None, 1), *means[1:], trend)
    assert v.label == "INCONCLUSIVE"


def test_compounds_and_the_papers_sentences(with_claims):
    cells = (value("a", 82.5, 0.11, 3), value("b", 80.63, 0.45, 3), value("c", 82.4, 0.3, 3))
    parts = (ordering(), ordering("a", "c"), ordering("c", "b"))
    two = Compound(id="two", table="", text="", parts=parts, at_least=2)
    every = Compound(id="all", table="", text="", parts=parts)
    verdicts = judge_published(replace(with_claims(*cells), sentences=(two, every)))
    assert [v.label for v in verdicts] == ["SUPPORTED", "NOT SIGNIFICANT"]
    assert [p.label for p in verdicts[0].parts] == ["SUPPORTED", "NOT SIGNIFICANT", "SUPPORTED"]


def test_paired_runs(with_claims):
    a, b = (90.2, 95.21, 80.19), (90.0, 95.0, 80.0)
    cells = (value("a", 0.0, per_seed=a), value("b", 0.0, per_seed=b))
    plain, paired = judged(with_claims, *cells, ordering(), ordering(paired=True))
    assert (plain.label, paired.label) == ("NOT SIGNIFICANT", "SUPPORTED")


def test_undecided_parts_are_read_as_printed(with_claims):
    numbers = value("a", 3.0), value("b", 2.0), value("c", 1.0)  # no spreads
    falls = Trend(id="trend", table="t", text="", experiments=("a", "b", "c"))
    parts = (ordering("a", "b"), ordering("c", "b"), falls, ordering("a", "c", within=0.5))
    verdict = judged(with_claims, *numbers, Compound(id="all", table="t", text="", parts=parts))[-1]
    assert verdict.label == "NOT SIGNIFICANT"
    assert verdict.reason.endswith("as printed, 2 of the 4 undecided agree with it.")
    lone = Compound(id="one", table="t", text="", parts=(ordering("c", "b"),))
    assert judged(with_claims, *numbers, lone)[-1].reason.endswith("the undecided one goes against it.")


def test_a_sentence_without_any_published_number_says_why(with_claims):
    parts = (ordering("a", "b"), ordering("b", "c"))
    note = "the figure was never printed"
    none = Compound(id="none", table="t", text="", parts=parts, note=note)
    (verdict,) = judged(with_claims, none)
    assert verdict.reason == f"No number was published for any of its 2 parts: {note}."
    some = judged(with_claims, value("a", 3.0, 0.1, 5), value("b", 2.0, 0.1, 5), none)[-1]
    assert some.reason == "1 of 2 parts stand and 0 fall; the sentence needs 2; of 1 no number was published."
