"""Every published number is a claim, under the experiment that produced it."""

import hashlib
from collections import Counter
from typing import Any

import pytest

from papers.random_tickets import paper
from papers.random_tickets.claims import claim_of, rows
from shared.claim_file import settings_of
from shared.claims import Claim, Exact, Ordering, Value
from shared.paper import experiments_of
from shared.protocol import Train

SOURCE_COLUMNS = (
    *("claim_id", "table", "network", "dataset", "method", "sparsity_percent", "setting", "metric", "value"),
    *("sd", "n", "unit", "source", "provenance", "note"),
)
PUBLISHED = "28a37117aac6de768e1444b2d256b5f36a7ed53a26f968c3e366aed1c8b6d9cc"
"""SHA-256 of the published columns of all rows."""
CLAIMS: list[Claim] = [claim for table in paper.tables.values() for claim in table.claims]
BY_ID = {c.id: c for c in CLAIMS}
VALUES = [c for c in CLAIMS if isinstance(c, Value)]
COUNTS = [c for c in CLAIMS if isinstance(c, Exact)]


def test_the_published_columns_are_unchanged() -> None:
    text = "\n".join("\t".join(row[c] for c in SOURCE_COLUMNS) for row in rows())
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED


def test_every_row_is_exactly_one_claim() -> None:
    assert len(rows()) == 322
    assert len(BY_ID) == len(CLAIMS)
    counted = Counter(c.id for c in CLAIMS)
    assert all(counted[row["claim_id"]] == 1 for row in rows())


def test_values_are_the_printed_ones() -> None:
    for row in rows():
        claim = BY_ID[row["claim_id"]]
        if isinstance(claim, Value):
            assert claim.value == float(row["value"])
            assert claim.sd == (float(row["sd"]) if row["sd"] else None)
            assert claim.n == (int(row["n"]) if row["n"] else None)
            assert claim.margin in (0.5, 1.0)


def test_recalled_numbers_and_best_epochs_never_decide() -> None:
    for row in rows():
        claim = BY_ID[row["claim_id"]]
        if isinstance(claim, Value):
            best = settings_of(row).get("epoch") == "best"
            assert claim.gating == (row["provenance"] != "recalled" and not best)
            assert (claim.which == "best") == best


def test_brackets_are_claims_about_two_experiments() -> None:
    brackets = [r for r in rows() if r["metric"] == "top1_accuracy_difference_to_paper"]
    assert len(brackets) == 12
    for row in brackets:
        claim = BY_ID[row["claim_id"]]
        assert isinstance(claim, Ordering)
        assert {e.split("/")[0] for e in experiments_of(claim)} == {"answer42", "published"}


def test_brackets_are_reproduction_minus_paper() -> None:
    value = {r["claim_id"]: float(r["value"]) for r in rows()}
    for row in rows():
        if row["metric"] == "top1_accuracy_difference_to_paper":
            cell = row["claim_id"].removeprefix("rt-a42diff-")
            gap = value[f"rt-a42-{cell}"] - value[f"rt-paper-implied-{cell}"]
            assert gap == pytest.approx(float(row["value"]), abs=1e-9)


def test_settings_of_a_row_are_those_of_its_experiment() -> None:
    for row in rows():
        at = settings_of(row)
        if "batch_size" not in at:
            continue
        p = paper.experiments[row["experiment"]].protocol(0)
        last = p.phases[-1]
        assert isinstance(last, Train)
        assert last.batch_size == int(at["batch_size"]), row["claim_id"]
        assert last.optimizer.weight_decay == pytest.approx(float(at["weight_decay"]))
        if "batchnorm_affine" in at:
            assert p.model.options["affine"] is False
        if "retrain_epochs" in at:
            assert last.epochs == int(at["retrain_epochs"])
            assert last.schedule.milestones == (80 - int(at["rewind_epoch"]), 120 - int(at["rewind_epoch"]))
        if "L" in at:
            prune = p.phases[0]
            assert prune.method.options["depth"] == int(at["L"])  # type: ignore[union-attr]
        checked = [c.name for phase in p.phases for c in getattr(phase, "checks", ())]
        expected = {
            "corrupted_data": ["random-labels", "random-pixels"],
            "layerwise_rearrange": ["layerwise-rearrange"],
        }
        assert checked == expected.get(at.get("sanity_check", "none"), [])


@pytest.mark.parametrize("claim", [*CLAIMS, *paper.sentences], ids=lambda c: c.id)
def test_experiments_of_claims_exist(claim: Claim) -> None:
    assert set(experiments_of(claim)) <= set(paper.experiments)


def test_counts_hold() -> None:
    assert len(COUNTS) == 12 + 2 * 60 + 3 + 12 + 54
    broken = [c.id for c in COUNTS if abs(c.measure() - c.value) > c.tolerance]
    assert broken == []


def test_the_ascending_resnet_has_no_first_layer() -> None:
    dead = [c for c in COUNTS if c.id.startswith("dead-first-layer")]
    assert [c.measure() for c in dead] == [0, 0, 0]


def test_a_row_makes_its_claim_alone() -> None:
    assert claim_of(rows()[0]).id == rows()[0]["claim_id"]


def test_tables_and_aliases() -> None:
    issue = {"random-tickets", "grasp", "snip", "partially-trained", "sanity", "allocation"}
    assert issue | {"dense", "paper", "comparison", "profiles"} == set(paper.tables)
    assert paper.table("seed").id == "random-tickets"


def test_the_sanity_table_has_six_methods_with_and_without_checks() -> None:
    asked = {e for c in paper.tables["sanity"].claims for e in experiments_of(c)}
    assert {e.split("/")[2] for e in asked} == {"dense", "snip", "grasp", "lt", "random", "lr-rewinding"}
    assert {e.split("/")[4] for e in asked if e.count("/") == 4} == {
        "random-labels", "corrupted", "rearranged", "half-dataset", "shuffled",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["snip", "grasp", "lt"])
def test_threshold_counts_are_measured_with_the_rule_that_prunes(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that keeps one weight too few breaks the claim."""
    from papers.random_tickets import components, counts
    from shared.sparsity import one_shot, snip

    right = counts.thresholded("resnet32", "cifar10", method, 0.9)
    where, name = {
        "snip": (snip, "keep_published"),
        "grasp": (components, "keep_grasp"),
        "lt": (one_shot, "lottery_ticket_masks"),
    }[method]
    rule = getattr(where, name)

    def one_fewer(*args: Any, **options: Any) -> Any:
        found = rule(*args, **options)
        live = found[0][0] if method == "lt" else found
        live.view(-1)[int(live.view(-1).nonzero()[0])] = False
        return found

    monkeypatch.setattr(where, name, one_fewer)
    counts.thresholded.cache_clear()
    try:
        assert counts.thresholded("resnet32", "cifar10", method, 0.9) == right - 1
    finally:
        counts.thresholded.cache_clear()
