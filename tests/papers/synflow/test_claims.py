"""Every row is a claim, and every claim has what it needs."""

import subprocess
import sys

import pytest

from papers.synflow import counts
from papers.synflow.claims import STATEMENTS, rows
from papers.synflow.sentences import SENTENCES
from shared.claims import Compound, Exact, Value
from shared.paper import experiments_of

paper = __import__("papers.synflow", fromlist=["paper"]).paper


def claims():
    return [c for table in paper.tables.values() for c in table.claims]


def test_importing_the_paper_imports_no_framework() -> None:
    code = "import papers.synflow, sys; print([m for m in ('torch', 'numpy', 'scipy', 'mlflow') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_row_is_one_claim() -> None:
    ids = [c.id for c in claims()]
    assert len(rows()) == 3052
    assert len(ids) == len(set(ids))
    assert {r["claim_id"] for r in rows()} - set(ids) == set(STATEMENTS)


def test_experiments_of_claims_exist() -> None:
    def parts(claim):
        return [p for part in claim.parts for p in parts(part)] if isinstance(claim, Compound) else [claim]

    for claim in [*claims(), *SENTENCES]:
        for leaf in parts(claim):
            assert isinstance(leaf, Exact) or experiments_of(leaf), leaf.id
            for experiment in experiments_of(leaf):
                assert experiment in paper.experiments, leaf.id


def test_values_keep_what_was_published() -> None:
    values = {c.id: c for c in claims() if isinstance(c, Value)}
    cell = values["fig6-cifar10-vgg11-bn-rand-c0.00"]
    assert (cell.value, cell.sd, cell.n, cell.which, cell.per_seed) == (92.04, 0.1652, 3, "best", (91.96, 92.23, 91.93))
    assert cell.margin == 0.5
    assert not values["frankle-dense-resnet20-cifar10"].gating
    assert not any(c.gating for c in values.values() if c.metric == "test_time")
    synflow = [c for c in values.values() if c.id.startswith("repro6258-synflow")]
    assert synflow
    assert not any(c.gating for c in synflow)


@pytest.mark.parametrize(
    ("measured", "published"),
    [
        (lambda: counts.network_count("tinyimagenet", "resnet50", "cifar10", "code_flops"), 1_306_005_514),
        (lambda: counts.remaining_at_ratio("lottery", "vgg16", "cifar10", 15), 981_039),
        (lambda: counts.remaining("lottery", "vgg16", "cifar10", 5), 148),
        (lambda: round(counts.max_compression(*counts.FIGURE1), 3), 6.023),
    ],
)
def test_counts_without_a_run(measured, published) -> None:
    assert measured() == published


def test_the_assignment_needs_every_cell_of_its_two_tables() -> None:
    needed = {e for c in paper.table("assignment").claims for e in experiments_of(c)}
    assert needed == {e for e in paper.experiments if e.startswith("assignment/")}
    assert len(needed) == 35
