"""The committed records, judged: every table and the paper's own sentences."""

from pathlib import Path

import pytest

from papers.dsr import paper
from repro.verification import from_records

RESULTS = Path(__file__).resolve().parents[3] / "results" / "dsr"


@pytest.fixture(scope="module")
def judged():
    return from_records(paper, None, [RESULTS], "auto", None)


def test_every_table_can_be_judged_and_the_sentences_too(judged):
    assert {t.table.id for t in judged.tables} == {*paper.tables, "sentences"}


def test_the_last_layer_ends_densest_at_99_percent(judged):
    sentences = next(t for t in judged.tables if t.table.id == "sentences")
    (c4,) = [v for v in sentences.verdicts if v.claim.id == "c4-last-layer-densest"]
    at_99 = next(p for p in c4.parts if p.claim.id.endswith("-99"))
    assert at_99.label == "SUPPORTED"
    assert at_99.mean > 10  # points between the densities of fc3 and of the next
