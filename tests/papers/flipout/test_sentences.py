"""The paper's sentences, Q1 to Q13."""

import re
from collections.abc import Iterator

import pytest

from papers.flipout import paper
from papers.flipout.settings import STUDIED
from repro.verdicts.published import judge_published
from shared.claims import Claim, Collapse, Compound, Exact, Ordering, Steadier, Trend, Value
from shared.paper import experiments_of


def leaves(claims: tuple[Claim, ...]) -> Iterator[Claim]:
    for claim in claims:
        if isinstance(claim, Compound):
            yield from leaves(claim.parts)
        else:
            yield claim


MEANS = {c.experiment: c.value for t in reversed(list(paper.tables.values())) for c in t.claims if isinstance(c, Value)}


def test_thirteen_claims_are_present() -> None:
    numbers = {int(m[1]) for c in paper.sentences if (m := re.match(r"q(\d+)-", c.id))}
    assert numbers == set(range(1, 14))
    assert all(c.text and c.source for c in leaves(paper.sentences))


def test_every_experiment_of_a_sentence_exists() -> None:
    for claim in paper.sentences:
        assert set(experiments_of(claim)) <= set(paper.experiments)


def test_ids_are_unique() -> None:
    ids = [c.id for c in [*paper.sentences, *leaves(paper.sentences)] if not isinstance(c, Compound)]
    in_tables = [c.id for t in paper.tables.values() for c in t.claims]
    assert len(set(ids)) == len(set(ids) - set(in_tables))


def test_what_cannot_be_checked_says_so() -> None:
    said = {c.id for c in paper.sentences if c.note.startswith("not checkable")}
    assert said == {"q12-quantisation"}


def test_low_variance_is_judged_on_the_printed_spreads() -> None:
    """Sheet 9, Q11: consistent on three networks, and too little to tell."""
    verdict = next(v for v in judge_published(paper) if v.claim.id == "q11-low-variance")
    assert verdict.label == "INCONCLUSIVE"
    assert verdict.mean == pytest.approx(((2.0065 - 0.2307) + (0.45 - 0.115) + (2.683 - 1.401)) / 3, abs=0.01)


def test_first_claim_needs_two_of_three_networks() -> None:
    first = paper.sentences[0]
    assert isinstance(first, Compound)
    assert (first.at_least, len(first.parts)) == (2, 3)


def test_kinds_have_rules() -> None:
    assert {type(c) for c in leaves(paper.sentences)} == {Ordering, Collapse, Trend, Exact, Steadier}


def test_contradicted_sentences_are_not_left_out() -> None:
    """Q4 and Q5 fail on ResNet18 in the published means (flipout sheet, section 9)."""
    by_id = {c.id: c for c in leaves(paper.sentences)}
    for id in ("q4-resnet18-99.9", "q5-resnet18", "q1-densenet121-99.9-hoyer-square-3e-4"):
        claim = by_id[id]
        assert isinstance(claim, Ordering)
        assert MEANS[claim.better] < MEANS[claim.worse]


def test_readme_tables_say_who_wins_as_printed() -> None:
    for network in STUDIED:
        orders = [c for c in paper.tables[network].claims if isinstance(c, Ordering)]
        assert len(orders) == 4
        for claim in orders:
            assert MEANS[claim.better] > MEANS[claim.worse]


def test_readme_tables_say_who_collapses_as_printed() -> None:
    for network in STUDIED:
        for claim in paper.tables[network].claims:
            if isinstance(claim, Collapse):
                assert (abs(MEANS[claim.experiment] - 10) < 1) == claim.collapsed
