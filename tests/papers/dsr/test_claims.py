"""claims.csv: every row of the source is a claim, shown in one table, with a margin fixed before any run."""

import subprocess
import sys
from collections import Counter

import pytest

from papers.dsr import paper
from papers.dsr.published import rows
from shared.claims import Compound, Exact, Ordering, Value
from shared.paper import experiments_of


def leaves(claim):
    return [c for part in claim.parts for c in leaves(part)] if isinstance(claim, Compound) else [claim]


def test_every_row_is_a_claim_of_one_table():
    ids = [c.id for t in paper.tables.values() for c in t.claims]
    assert len(set(ids)) == len(ids)
    assert {r["claim_id"] for r in rows()} <= set(ids)
    assert len(rows()) == 474


def test_tables_hold_what_the_source_counts():
    found = Counter(r["table"] for r in rows())
    assert found["iclr-archive-mnist"] == 126
    assert found["iclr-archive-cifar10"] == 175
    assert found["computed-counts"] == 69
    assert {t.id for t in paper.tables.values()} >= {"mnist", "cifar10", "imagenet", "invariants", "counts"}


def test_means_carry_their_five_runs():
    for table in ("mnist", "cifar10"):
        for claim in paper.table(table).claims:
            if isinstance(claim, Value):
                assert len(claim.per_seed) == claim.n == 5
                assert sum(claim.per_seed) / 5 == pytest.approx(claim.value, abs=5e-4)


def test_experiments_of_claims_exist():
    every = [*(c for t in paper.tables.values() for c in t.claims), *paper.sentences]
    for claim in every:
        for leaf in leaves(claim):
            for experiment in experiments_of(leaf):
                assert experiment in paper.experiments, leaf.id


def test_recalled_and_repeated_numbers_decide_nothing():
    for row in rows():
        if "recalled" in row["provenance"] or row["table"] in ("icml-table2", "icml-overhead", "snfs-summary"):
            assert row["gating"] == "no"
    assert all(r["gating"] == "no" for r in rows() if r["same_as"])


def test_margins_have_reasons():
    for row in rows():
        if row["verify_table"] not in ("counts", "seed"):
            assert float(row["margin"]) > 0
            assert row["margin_reason"]


@pytest.mark.parametrize("table", ["invariants", "seed"])
def test_laws_and_defaults_hold(table):
    for claim in paper.table(table).claims:
        assert isinstance(claim, Exact)
        assert abs(claim.measure() - claim.value) <= claim.tolerance, claim.text


def test_small_counts_hold():
    small = [c for c in paper.table("counts").claims if "lenet" in c.id or "wrn-s" in c.id]
    assert len(small) > 10
    for claim in small:
        assert abs(claim.measure() - claim.value) <= claim.tolerance, claim.text


def test_the_paper_prints_fewer_weights_of_resnet50_than_its_code_trains():
    """Trap 6: 7.38 million, printed as 7.3."""
    claim = next(c for c in paper.table("counts").claims if c.id == "dsr-paper-params-resnet50-s80")
    assert claim.measure() - claim.value > claim.tolerance


def test_importing_the_paper_is_fast():
    heavy = "{'torch', 'scipy', 'pandas', 'mlflow'} & set(sys.modules)"
    code = f"import sys, papers.dsr; assert not {heavy}, {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_comparisons_say_what_both_sides_share_once():
    texts = {c.id: c.text for t in ("mnist", "cifar10") for c in paper.table(t).claims}
    assert texts["mnist-pruning-beats-static-99"].endswith(
        "at 99 %: gradual pruning is more accurate than static sparse"
    )
    rival = "LeNet-300-100 at 99 %: DSR is more accurate than SET (our comparison, not the paper's)"
    assert texts["mnist-dsr-beats-set-99"] == rival
    near = "LeNet-300-100: DSR, 99 % is within 1 point of dense (our comparison, not the paper's)"
    assert texts["mnist-dsr-near-dense-99"] == near
    assert len(set(texts.values())) == len(texts)


def test_only_what_a_source_says_of_both_methods_is_the_papers():
    """No SET, DeepR, thin, tied or dense number was published on MNIST; CIFAR-10 has all four rivals of its table."""
    for table in ("mnist", "cifar10"):
        for claim in paper.table(table).claims:
            if isinstance(claim, Ordering):
                published = {c.experiment for c in paper.table(table).claims if isinstance(c, Value)}
                known = {claim.better, claim.worse} <= published
                assert claim.gating == known, claim.id
                assert claim.provenance == ("paper" if known else "ours")
                assert bool(claim.source) == known
                assert ("not the paper's" in claim.text) != known
    mnist = [c for c in paper.table("mnist").claims if isinstance(c, Ordering)]
    assert [c.gating for c in mnist].count(True) == 12


def sample(experiment, mean):
    """Five runs around a mean."""
    from repro.verdicts.sample import Sample

    return Sample(experiment=experiment, scale="paper", values=tuple(mean + 0.1 * d for d in (-2, -1, 0, 1, 2)))


@pytest.mark.parametrize(("level", "label"), [(95.6, "SUPPORTED"), (93.6, "SUPPORTED"), (92.5, "CONTRADICTED")])
def test_half_the_parameters_may_do_better_than_all_of_them(level, label):
    """C12 and C14 are sentences about not losing: a side that ends two points above is no contradiction."""
    from repro.verdicts.ordering import judge_ordering

    claims = {c.id: c for c in paper.sentences}
    for claim in (*claims["c12-structure-over-parameters"].parts, *claims["c14-early-stop-costs-little"].parts):
        assert claim.within is None
        better, worse = sample(claim.better, level), sample(claim.worse, 93.6)
        assert judge_ordering(claim, better, worse).verdict.label == label
        assert "at most 0.5 points less accurate" in claim.text


def test_c12_is_about_half_the_parameters():
    from papers.dsr.counts import trainable

    ratio = {}
    for part in next(c for c in paper.sentences if c.id.startswith("c12")).parts:
        few, many = (trainable("wide_resnet", int(e[-2:]) / 100, width=2.0) for e in (part.better, part.worse))
        ratio[part.id] = round(many / few, 2)
    assert ratio == {"c12-90": 1.9, "c12-80": 2.42}


def test_failed_static_runs_of_the_authors_are_counted_from_their_runs():
    from papers.dsr.layer_sentences import failed, failing_runs

    assert failed() == failing_runs().value == 2  # 71.24 of five around 85.3, 86.52 of five around 95.9


def test_densities_are_compared_with_those_of_uniform_masks():
    claims = {c.id: c for c in paper.sentences}
    parts = [
        p for id in ("c4-last-layer-densest", "c11-larger-sparser", "c11-deeper-sparser") for p in claims[id].parts
    ]
    assert len(parts) == 16
    assert {p.metric for p in parts} == {"density_lead:fc3.weight", "sparsity_by_size", "sparsity_by_depth"}
    assert all("/dsr/" in p.better and p.worse == p.better.replace("/dsr/", "/static/") for p in parts)


@pytest.mark.parametrize(
    ("where", "replacement", "laws"),
    [
        ("shared.sparsity.growth.proportional_published", lambda *a: [([0, 0], [0, 0])], {"example-rounding"}),
        ("shared.sparsity.growth.proportional_exact", lambda *a: [3, 0, 0, 0, 0], {"example-remainders"}),
        ("shared.sparsity.reallocation.fraction_count", lambda n, f, extra=1: 4, {"example-dropping"}),
        ("papers.dsr.deep_rewiring.turned", lambda w, s: w != 0, {"example-signs", "law-first-step"}),
    ],
)
def test_a_changed_rule_breaks_its_law(where, replacement, laws, monkeypatch):
    """Each law is a test that can fail: it measures the product's own functions."""
    from papers.dsr import invariants

    monkeypatch.setattr(where, replacement)
    invariants._rewired.cache_clear()
    found = {c.id: c.measure() for c in paper.table("invariants").claims if c.id in laws}
    invariants._rewired.cache_clear()
    assert set(found) == laws
    assert not any(found.values()), found
