"""The qualitative claims Q1 to Q11, and what the published numbers say of them."""

import pytest

from papers.random_tickets import paper
from repro.verdicts.published import judge_published
from shared.claims import Compound, Ordering, Value
from shared.paper import experiments_of

SENTENCES = {s.id: s for s in paper.sentences}
PUBLISHED = {
    c.experiment: c.value
    for t in paper.tables.values()
    for c in t.claims
    if isinstance(c, Value) and c.gating and c.which != "best"
}


def gaps(id: str) -> list[float]:
    sentence = SENTENCES[id]
    assert isinstance(sentence, Compound)
    return [PUBLISHED[p.better] - PUBLISHED[p.worse] for p in sentence.parts if isinstance(p, Ordering)]


def test_all_eleven_are_there() -> None:
    assert {s.split("-")[0] for s in SENTENCES} == {f"q{n}" for n in range(1, 12)}


def test_corrupted_data_change_little_except_for_one_cell() -> None:
    worst = min(gaps("q1-initial-tickets-corrupted"))
    assert worst == pytest.approx(-40.43)
    assert sorted(gaps("q1-initial-tickets-corrupted"))[1] > -0.8


def test_rearranged_masks_change_little_except_for_one_cell() -> None:
    found = sorted(gaps("q2-initial-tickets-rearranged"), key=abs)
    assert (len(found), found[-1]) == (30, pytest.approx(-1.15))
    assert abs(found[-2]) < 0.8


def test_hybrid_tickets_lose_in_nine_of_twelve_published_cells() -> None:
    found = gaps("q6-hybrid-improves")
    assert (len(found), sum(g < 0 for g in found)) == (12, 9)
    assert (max(g for g in found if g < 0), min(found)) == (pytest.approx(-0.09), pytest.approx(-2.13))
    assert all(g > 0 for g in gaps("q6-hybrid-improves-at-98"))


def test_random_tickets_against_the_published_rivals() -> None:
    sentence = SENTENCES["q3-random-matches"]
    assert isinstance(sentence, Compound)
    grasp = [
        PUBLISHED[p.better] - PUBLISHED[p.worse]
        for p in sentence.parts
        if isinstance(p, Ordering) and "/grasp/" in p.worse
    ]
    assert (min(grasp), max(grasp)) == (pytest.approx(-0.23), pytest.approx(1.12))


def test_hybrid_beats_random_on_resnet32_in_print() -> None:
    found = gaps("q11-hybrid-beats-random")
    assert (min(found), max(found)) == (pytest.approx(0.76), pytest.approx(2.89))


def test_pairs_share_code_base_and_method() -> None:
    sentence = SENTENCES["q2-initial-tickets-rearranged"]
    assert isinstance(sentence, Compound)
    assert all(isinstance(p, Ordering) and p.paired for p in sentence.parts)
    reproduced = SENTENCES["q4-reproducible"]
    assert isinstance(reproduced, Compound)
    assert not any(isinstance(p, Ordering) and p.paired for p in reproduced.parts)


def test_every_sentence_can_be_run() -> None:
    """Each sentence's experiments are those of tables, so that runs can be held against it as well as numbers."""
    runnable = {e for t in paper.tables.values() for c in t.claims for e in experiments_of(c)}
    assert all(set(experiments_of(s)) <= runnable for s in paper.sentences)
    held = {c.id.split("-", 1)[1] for name in ("comparison", "profiles") for c in paper.tables[name].claims}
    assert held == {"q3-random-matches", "q9-descending-is-best", "q10-falls-with-sparsity", "q11-hybrid-beats-random"}


def test_sentences_without_a_published_number_say_so_and_where_to_run_them() -> None:
    verdicts = {v.claim.id: v for v in judge_published(paper)}
    for id, table in (("q5-partially-trained-pass", "sanity"), ("q9-descending-is-best", "profiles")):
        assert verdicts[id].label == "NOT TESTED"
        assert verdicts[id].reason.startswith("No number was published for any of its")
        assert f"table {table} runs" in verdicts[id].reason
    assert "27 of the 30 undecided agree" in verdicts["q1-initial-tickets-corrupted"].reason
    assert "3 of the 12 undecided agree" in verdicts["q6-hybrid-improves"].reason
