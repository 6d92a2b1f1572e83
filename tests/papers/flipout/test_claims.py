"""Every row of claims.csv is one claim, with the value the source prints."""

import hashlib
import statistics
from collections import Counter

import pytest

from papers.flipout import paper
from papers.flipout.claims import claim_of, rows
from shared.claim_file import settings_of
from shared.claims import DEFAULT_MARGINS, Claim, Exact, Value
from shared.paper import experiments_of
from shared.protocol import Train

SOURCE_COLUMNS: tuple[str, ...] = (
    "claim_id",
    "table",
    "network",
    "dataset",
    "method",
    "sparsity_percent",
    "setting",
    "metric",
    "value",
)
SOURCE_COLUMNS += ("sd", "n", "unit", "provenance", "note")
PUBLISHED = "4a683c4179499effa394a06ed37204e7bcde8ce3ac975777770d6412925dee6b"
"""SHA-256 of the published columns of all rows."""

CLAIMS: list[Claim] = [claim for table in paper.tables.values() for claim in table.claims]
NUMBERS = {c.id: c for c in CLAIMS if isinstance(c, Value | Exact)}
VALUES = [c for c in CLAIMS if isinstance(c, Value)]
COUNTS = [c for c in CLAIMS if isinstance(c, Exact)]


def test_the_published_columns_are_unchanged() -> None:
    text = "\n".join("\t".join(row[c] for c in SOURCE_COLUMNS) for row in rows())
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED


def test_every_row_is_exactly_one_claim() -> None:
    assert len(rows()) == 597
    assert Counter(c.id for c in CLAIMS if isinstance(c, Value | Exact)) == Counter(r["claim_id"] for r in rows())
    assert len({c.id for c in CLAIMS}) == len(CLAIMS)


def test_values_are_the_printed_ones_in_percent() -> None:
    for row in rows():
        claim, factor = NUMBERS[row["claim_id"]], 100 if row["unit"] == "fraction" else 1
        assert claim.value == pytest.approx(float(row["value"]) * factor, rel=1e-12)
        if isinstance(claim, Value):
            assert claim.sd == (float(row["sd"]) * factor if row["sd"] else None)
            assert claim.n == (int(row["n"]) if row["n"] else None)
            assert claim.metric == row["metric"]
            assert claim.unit == "percent"


def test_fractions_of_the_review_copy_mean_chance() -> None:
    """Trap T1: 0.10 under a percent header is 10 %."""
    claim = NUMBERS["seed-vgg19-random"]
    assert isinstance(claim, Value)
    assert (claim.value, claim.rounding) == (10, 1)


def test_truncated_figures_have_a_whole_unit_of_rounding() -> None:
    """Trap T18: 87.3967 is printed as 87.39."""
    printed, logged = NUMBERS["readme-vgg19-flipout"], NUMBERS["log-vgg19-weight-squared-div-flips-99p90234375"]
    assert isinstance(printed, Value)
    assert printed.rounding == 0.01
    assert 0 <= logged.value - printed.value < printed.rounding


@pytest.mark.parametrize("claim", VALUES, ids=lambda c: c.id)
def test_a_value_has_experiment_margin_and_reason(claim: Value) -> None:
    assert claim.experiment in paper.experiments
    assert claim.margin > 0
    assert claim.margin_reason
    if claim.margin_reason.startswith("default"):
        assert claim.margin == DEFAULT_MARGINS[str(paper.experiments[claim.experiment].labels["dataset"])]
    else:
        assert "half" in claim.margin_reason or "README" in claim.margin_reason


def test_margins_are_half_the_smallest_gap() -> None:
    for network, winner, loser in (
        ("vgg19", "flipout", "global-magnitude"),
        ("resnet18", "flipout", "global-magnitude"),
        ("densenet121", "hoyer-square", "flipout"),
    ):
        a, b = (NUMBERS[f"readme-{network}-{m}"] for m in (winner, loser))
        assert isinstance(a, Value)
        assert a.margin == pytest.approx((a.value - b.value) / 2, abs=0.006)


def test_settings_of_a_row_are_those_of_its_experiment() -> None:
    for row in rows():
        claim, at = NUMBERS[row["claim_id"]], settings_of(row)
        if not isinstance(claim, Value):
            continue
        protocol = paper.experiments[claim.experiment].protocol(42)
        train = next(p for p in protocol.phases if isinstance(p, Train))
        options = {m.name: m.options for m in train.methods}
        assert (protocol.model.name, protocol.data.name) == (row["network"], row["dataset"])
        if "prune_freq" in at:
            assert options["prune"]["interval"] == int(at["prune_freq"])
        if float(at.get("noise_scale", 0)):
            assert options["gradient-noise"]["scale"] == float(at["noise_scale"])
        elif "noise_scale" in at:
            assert "gradient-noise" not in options
        if "hoyer_lambda" in at:
            assert options["hoyer-square"]["strength"] == float(at["hoyer_lambda"])
        if row["method"] == "hoyer_square":
            assert options["prune"]["threshold"] == float(at["threshold"])
        if "p" in at and row["method"] == "flipout":
            assert options["prune"].get("p", 2) == int(at["p"])
        assert protocol.prunable.batchnorm == ("prune_bnorm" in at)


def test_single_runs_make_up_their_means() -> None:
    known = [c for c in VALUES if c.per_seed]
    assert len(known) > 100
    for claim in known:
        assert statistics.mean(claim.per_seed) == pytest.approx(claim.value, abs=2e-4)
        assert claim.sd is not None
        assert statistics.stdev(claim.per_seed) == pytest.approx(claim.sd, abs=6e-4)


def test_what_never_decides() -> None:
    off = {c.id for c in VALUES if not c.gating}
    assert {i for i in off if i.startswith("fig-")} == {
        r["claim_id"] for r in rows() if r["claim_id"].startswith("fig-")
    }
    assert all(c.gating for c in VALUES if c.table in ("vgg19", "resnet18", "densenet121", "unpruned"))
    assert {c.id for c in VALUES if c.id.endswith("-rev2")} <= off


def test_a_table_counts_no_measurement_twice() -> None:
    also = {row["claim_id"]: row["same_as"] for row in rows() if row["same_as"]}
    assert set(also) | set(also.values()) <= set(NUMBERS)
    for table in paper.tables.values():
        counted = {c.id for c in table.claims if isinstance(c, Value) and c.gating}
        assert not {i for i in counted if also.get(i) in counted}


def test_the_demo_table_is_five_methods() -> None:
    table = paper.table("vgg19")
    experiments = {e for c in table.claims for e in experiments_of(c)}
    assert len(experiments) == 5
    assert len(experiments) * len(table.seeds) == 15


def test_tables_and_aliases() -> None:
    assert list(paper.tables) == [
        *("vgg19", "resnet18", "densenet121", "grid", "noise", "criteria", "hoyer", "unpruned", "per-seed"),
        *("trajectory", "seed", "schedule", "counts", "remaining", "early"),
    ]
    assert paper.table("noise-ablation").id == "noise"
    assert paper.table("hoyer-sweep").id == "hoyer"


@pytest.mark.parametrize("claim", COUNTS, ids=lambda c: c.id)
def test_counts_hold(claim: Exact) -> None:
    assert abs(claim.measure() - claim.value) <= claim.tolerance


def test_counts_are_judged_exactly() -> None:
    exact = [c for c in COUNTS if c.table in ("counts", "remaining")]
    assert len(exact) == 77
    assert all(c.tolerance == 0 for c in exact)


def test_claim_of_needs_no_experiment_for_a_count() -> None:
    kinds = Counter(type(claim_of(row)) for row in rows())
    assert kinds == {Value: 515, Exact: 82}
