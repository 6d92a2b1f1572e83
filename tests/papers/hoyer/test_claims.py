"""Every row of claims.csv is one claim, with the value the source prints."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from papers.hoyer import counts, paper, zoo
from papers.hoyer.cells import cells
from papers.hoyer.claims import rows
from papers.hoyer.settings import ELEMENT, GROUP
from shared.claims import Claim, Compound, Dominance, Exact, Ordering, Trend, Value
from shared.paper import experiments_of
from shared.sparsity import element_regularisers

COLUMNS: tuple[str, ...] = (
    "claim_id",
    "table",
    "network",
    "dataset",
    "method",
    "sparsity_percent",
    "setting",
    "metric",
    "value",
    "sd",
)
COLUMNS += ("n", "unit", "provenance")
PUBLISHED = "8f23820e8e75814b355d807962f85953200e25eebd99bec14d328ace4646e9a6"
"""SHA-256 of the published columns of all rows."""

CLAIMS: list[Claim] = [claim for table in paper.tables.values() for claim in table.claims]
NUMBERS = {c.id: c for c in CLAIMS if isinstance(c, Value | Exact)}


def leaves(claims: Iterable[Claim]) -> Iterator[Claim]:
    """The claims without their compounds."""
    for claim in claims:
        if isinstance(claim, Compound):
            yield from leaves(claim.parts)
        else:
            yield claim


def test_the_published_columns_are_unchanged() -> None:
    text = "\n".join("\t".join(row[c] for c in COLUMNS) for row in rows())
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED


def test_every_row_is_exactly_one_claim() -> None:
    assert len(rows()) == 431
    published = Counter(c.id for c in CLAIMS if isinstance(c, Value | Exact) and not c.id.startswith("law-"))
    assert published == Counter(r["claim_id"] for r in rows())
    assert len({c.id for c in CLAIMS}) == len(CLAIMS)


def test_values_are_the_printed_ones() -> None:
    for row in rows():
        assert NUMBERS[row["claim_id"]].value == pytest.approx(float(row["value"]), rel=1e-12)


@pytest.mark.parametrize("table", ["mnist-mlp-equal", "mnist-cnn-equal"])
def test_accuracies_are_compared_at_equal_sparsity(table: str) -> None:
    """Trap 24."""
    orderings = [o for c in paper.tables[table].claims if isinstance(c, Compound) for o in c.parts]
    assert len(orderings) == 14
    for claim in orderings:
        assert isinstance(claim, Ordering)
        sides = [paper.experiments[e].labels for e in (claim.better, claim.worse)]
        assert sides[0]["sparsity_percent"] == sides[1]["sparsity_percent"]
        assert sides[0]["method"] == "hoyer-square" != sides[1]["method"]
        assert sides[1]["method"] == "none" or sides[0]["start"] == sides[1]["start"]


@pytest.mark.parametrize("network", ["lenet-300-100", "lenet-5"])
def test_each_pruning_rule_is_compared_by_what_it_reports(network: str) -> None:
    """Q8 and trap 5: both sides are numbers that the first rerun printed."""
    table = "mnist-mlp" if network == "lenet-300-100" else "mnist-cnn"
    claim = next(c for c in paper.tables[table].claims if c.id == f"q8-{network}")
    assert isinstance(claim, Compound)
    accuracy = claim.parts[1]
    assert isinstance(accuracy, Ordering)
    assert accuracy.metrics == ("top1_accuracy_best_before_epoch", "top1_accuracy")
    printed = {(r["experiment"], r["our_metric"]) for r in rows()}
    assert {*zip((accuracy.better, accuracy.worse), accuracy.metrics, strict=True)} <= printed


def test_both_sides_of_a_trade_are_read_alike() -> None:
    """Trap 24: sparser and as accurate is asked of each side in the same words."""
    claims = [*paper.sentences, *(c for t in paper.tables.values() for c in t.claims)]
    found = [d for c in claims for d in ((c, *c.parts) if isinstance(c, Compound) else ()) if isinstance(d, Dominance)]
    assert {d.id for d in found} >= {"q5-lenet-5", "q6-lenet-300-100", "q8-lenet-5", "q12-lenet-300-100"}
    for claim in found:
        smaller, accurate, rival = claim.parts
        assert isinstance(smaller, Ordering)
        assert isinstance(accurate, Ordering)
        assert isinstance(rival, Ordering)
        assert (smaller.worse, smaller.better) == (accurate.better, accurate.worse) == (rival.worse, rival.better)
        assert accurate.metrics == rival.metrics[::-1]
        assert accurate.by == rival.by < 0


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_the_zoo_is_compared_in_the_printed_order_with_no_network_left_out(dataset: str) -> None:
    """Q14: each network against the next by error on CIFAR-10."""
    claim = next(c for c in paper.tables["cifar-zoo"].claims if c.id == f"q14-{dataset}")
    assert isinstance(claim, Compound)
    pairs = [(p.better.split("/")[1], p.worse.split("/")[1]) for p in claim.parts if isinstance(p, Ordering)]
    chain = [pairs[0][0], *(worse for _, worse in pairs)]
    assert [p[0] for p in pairs] == chain[:-1]
    assert set(chain) == set(zoo.ZOO)
    assert len(chain) == len(set(chain))
    errors = {
        r["experiment"].split("/")[1]: float(r["value"])
        for r in rows()
        if r["our_metric"] == "top1_error" and r["verify_table"] == "cifar-zoo" and r["dataset"] == "cifar10"
    }
    assert chain == sorted(zoo.ZOO, key=lambda n: -errors[n])


def test_sentences_about_cifar_are_read_where_its_numbers_are_reported() -> None:
    """Sheet 4.8 and 6: at the best epoch on the test set; nothing on MNIST is."""
    read = {
        (e.startswith("cifar"), c.which)
        for t in paper.tables.values()
        for c in leaves(t.claims)
        if isinstance(c, Value | Ordering | Trend) and c.metric in ("top1_accuracy", "top1_error")
        for e in experiments_of(c)
        if not e.startswith("imagenet")
    }
    assert read == {(True, "best"), (False, "last")}


def test_every_experiment_a_claim_needs_exists() -> None:
    for claim in CLAIMS:
        assert set(experiments_of(claim)) <= set(paper.experiments), claim.id


def test_every_run_on_mnist_is_in_a_table() -> None:
    """A sweep runs what claims need, so a cell that no claim names would never be run."""
    needed = {e for c in CLAIMS for e in experiments_of(c)}
    assert {c.id for c in cells()} <= needed


def test_the_corrected_variant_is_shown_and_never_counted() -> None:
    parts = [*leaves(paper.tables["mnist-corrected"].claims)]
    assert {e for p in parts for e in experiments_of(p)} >= {c.id for c in cells() if c.corrected}
    assert all(isinstance(p, Ordering) and not p.gating for p in parts)


def test_corrected_structure_is_counted_on_the_smaller_network_and_published_by_the_rule() -> None:
    """Sheet 4.10 and 4.11; the smaller network is built by the runs that are compared so."""
    counted = {
        (paper.experiments[e].labels["variant"], c.metric)
        for t in paper.tables.values()
        for c in leaves(t.claims)
        if isinstance(c, Ordering) and c.metric.endswith("macs_percent")
        for e in experiments_of(c)
    }
    assert counted == {("published", "structured_macs_percent"), ("corrected", "compacted_macs_percent")}
    for network in ELEMENT:
        p = paper.experiments[f"{network}/corrected-pretrained-group-lasso-0.001/V0.25"].protocol(42)
        assert [phase.name for phase in p.phases][-2:] == ["finetune", "compact"]


def test_finetuning_is_judged_where_it_can_fail_and_the_falls_of_the_sheet_are_among_it() -> None:
    """Sheet 9, Q10: by the ratio the pruned network competes (trap 5), so its best is never below it."""
    parts = [p for t in paper.tables.values() for p in leaves(t.claims) if p.id.startswith("q10-")]
    assert all(isinstance(p, Ordering) and p.better == p.worse and p.paired for p in parts)
    there = [p for p in parts if isinstance(p, Ordering)]
    assert {p.metrics for p in there} == {("top1_accuracy", "top1_accuracy_before_finetune")}
    assert {p.better.split("/")[-1][0] for p in there} == {"T"}
    values = {(c.experiment, c.metric): c.value for c in NUMBERS.values() if isinstance(c, Value)}
    change = {p.better: values[p.better, p.metrics[0]] - values[p.better, p.metrics[1]] for p in there}
    assert len(change) == 28
    assert {e for e, d in change.items() if abs(d) < 1e-9} == {
        "lenet-5/none/T0.001",
        "lenet-300-100/pretrained-hoyer-0.0005/T0.005",
    }
    assert {e for e, d in change.items() if d < -1e-9} == {
        f"lenet-300-100/pretrained-hoyer-{s}/T0.005" for s in ("0.001", "0.0001")
    }


def test_a_sentence_that_came_after_its_runs_is_not_counted() -> None:
    late = [c for c in CLAIMS if isinstance(c, Compound) and "added after its runs" in c.note]
    assert [c.id for c in late] == ["q10-lenet-300-100"]
    assert not any(p.gating for c in late for p in c.parts if isinstance(p, Ordering))


@pytest.mark.parametrize(
    ("table", "lines"), [("mnist-mlp-front", 4), ("mnist-cnn-front", 4), ("mnist-structural-front", 4)]
)
def test_a_front_has_three_strengths_around_a_published_one(table: str, lines: int) -> None:
    """All start from one dense network for each network and seed, and each is pruned by one ratio."""
    trends = [c for c in paper.tables[table].claims if isinstance(c, Trend)]
    assert len({t.experiments for t in trends}) == lines
    assert {t.gating for t in trends} == {table == "mnist-mlp-front"}  # no source speaks of the others
    first: dict[object, set[str]] = {}
    for trend in trends:
        labels = [paper.experiments[e].labels for e in trend.experiments]
        strengths = [float(at["strength"]) for at in labels]
        assert strengths == sorted(strengths)
        assert len(strengths) == 3
        assert len({(at["method"], at["network"], at["pruning"]) for at in labels}) == 1
        chosen = {float(s.strength) for rows in (ELEMENT, GROUP) for s in rows[str(labels[0]["network"])]}
        assert set(strengths) & chosen
        for e in trend.experiments:
            first.setdefault(labels[0]["network"], set()).add(
                paper.experiments[e].protocol(42).phases[0].model_dump_json()
            )
    assert all(len(begun) == 1 for begun in first.values())


def test_groups_are_compared_with_weight_decay_alone_which_nobody_did() -> None:
    """Trap 11: shown beside the paper's sentence, not counted."""
    claims = [c for c in paper.tables["mnist-structural-front"].claims if isinstance(c, Compound)]
    by_counted = Counter(all(getattr(p, "gating", True) for p in c.parts) for c in claims)
    assert by_counted == {True: 2, False: 4}
    beside = [p for c in claims for p in c.parts if isinstance(p, Ordering) and not p.gating]
    assert {paper.experiments[e].labels["method"] for p in beside for e in experiments_of(p)} == {
        "none",
        "group-lasso",
        "group-hoyer-square",
    }
    assert {paper.experiments[e].labels["start"] for p in beside for e in experiments_of(p)} == {"dense"}


def test_recalled_numbers_never_decide() -> None:
    recalled = [c for c in NUMBERS.values() if c.provenance == "recalled"]
    assert len(recalled) == 12
    assert all(isinstance(c, Value) and not c.gating for c in recalled)


def test_every_deciding_number_has_a_margin_and_a_reason() -> None:
    for claim in NUMBERS.values():
        if isinstance(claim, Value):
            assert claim.margin > 0
            assert claim.margin_reason


def test_rows_that_print_the_same_measurement_agree() -> None:
    by_id = {r["claim_id"]: r for r in rows()}
    for row in rows():
        if row["same_as"]:
            assert by_id[row["same_as"]]["experiment"] == row["experiment"]


def test_ratio_rows_report_the_best_before_an_epoch_and_threshold_rows_the_last() -> None:
    """Trap 5."""
    for row in rows():
        claim = NUMBERS[row["claim_id"]]
        if row["metric"] == "top1_accuracy" and isinstance(claim, Value) and "rule=" in row["setting"]:
            best = "rule=std-ratio" in row["setting"]
            assert claim.metric == ("top1_accuracy_best_before_epoch" if best else "top1_accuracy")


@pytest.mark.parametrize("network", ["alexnet", "resnet-110", "preresnet-110", "resnet-110 basicblock"])
def test_published_parameters_hold_for_the_networks_they_belong_to(network: str) -> None:
    printed = next(float(r["value"]) for r in rows() if r["network"] == network and r["metric"] == "params")
    assert counts.millions(network) == pytest.approx(printed, abs=0.005)


def test_the_mislabelled_row_is_the_notebooks_group_lasso() -> None:
    """Trap 20."""
    claim = NUMBERS["hoyer-rerun1-report-tl1-fashion-acc"]
    assert isinstance(claim, Value)
    assert "group-lasso" in claim.experiment
    assert not claim.gating


@pytest.mark.parametrize(
    "other",
    [
        lambda w: element_regularisers.hoyer_square(w) / w.numel(),  # normalised by the size, as elsewhere (sheet 11)
        lambda w: element_regularisers.hoyer_square(w) - 1,
        element_regularisers.hoyer,
        lambda w: (w.abs() > 0).double().sum(),  # a count that other tensors than equal ones carry to its end
    ],
)
def test_the_law_of_the_range_finds_what_breaks_it(other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(element_regularisers.FUNCTIONS, "hoyer-square", other)
    assert counts.out_of_range("hoyer-square") != 0


@pytest.mark.parametrize("law", [c for c in paper.tables["laws"].claims if isinstance(c, Exact)], ids=lambda c: c.id)
def test_laws_hold(law: Exact) -> None:
    assert law.measure() == pytest.approx(law.value, abs=law.tolerance)
