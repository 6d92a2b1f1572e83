"""Sentences belong to whoever says them, and speak of the cells that the sheet counts."""

from collections import defaultdict
from statistics import fmean

import pytest

from papers.synflow import paper
from papers.synflow.protocols import FIGURE6, PRUNERS, STUDENT_EXPONENTS
from papers.synflow.settings import RATIOS
from repro.verdicts.cells import leaves, published_cells
from repro.verdicts.published import judge_published
from shared.claims import DEFAULT_MARGINS, Compound, Ordering, Trend

SPOKEN = {c.id: c for c in (*paper.sentences, *paper.table("assignment").claims)}
INITIAL = ("snip", "grasp", "synflow")


def test_comparisons_that_no_source_makes_are_ours_and_decide_nothing():
    ours = {i: c for i, c in SPOKEN.items() if isinstance(c, Ordering | Trend) and not c.gating}
    expected = {f"assignment-{n}-synflow-{r}" for n in ("vgg16", "resnet50") for r in ("snip", "grasp")}
    assert set(ours) == expected | {f"assignment-vgg16-{p}-falls" for p in PRUNERS}
    for claim in ours.values():
        assert (claim.provenance, claim.source) == ("ours", "")
        assert claim.text.endswith(" (our comparison, not the paper's)")
    assert not [c.id for c in leaves(SPOKEN.values()) if "assignment table" in c.source]


def triples(claim):
    return {(p.better.split("/")[-2], p.worse.split("/")[-2], p.better.split("/")[-1]) for p in claim.parts}


@pytest.mark.parametrize(
    ("id", "where", "level"),
    [
        *((f"q15-{c:g}", "student/vgg16-100", f"c{c:.2f}") for c in STUDENT_EXPONENTS),
        *((f"assignment-vgg16-between-{r}x", "assignment/vgg16", f"{r}x") for r in RATIOS if r > 1),
        ("assignment-resnet50-between-10x", "assignment/resnet50", "10x"),
    ],
)
def test_methods_at_initialisation_lie_between_random_and_trained_magnitude(id, where, level):
    claim = SPOKEN[id]
    assert isinstance(claim, Compound)
    assert claim.source == "Frankle et al. 2020, abstract"
    assert triples(claim) == {(p, "rand", level) for p in INITIAL} | {("mag", p, level) for p in INITIAL}
    assert {e.rsplit("/", 2)[0] for part in claim.parts for e in (part.better, part.worse)} == {where}
    assert all(part.gating and not part.by for part in claim.parts)


def test_what_the_students_measured_of_it():
    found = {v.claim.id: v for v in judge_published(paper) if v.claim.id.startswith("q15")}
    assert {v.label for v in found.values()} == {"NOT SIGNIFICANT"}  # single runs
    mild = [p for i, v in found.items() if i != "q15-2" for p in v.parts]
    beyond = {p.claim.id: p.mean for p in found["q15-2"].parts}
    assert beyond["q15-2-snip-mag"] < -30  # at 10^2 Mag after training is far below SNIP
    assert all(p.mean > 0 for p in mild if p.claim.id.endswith("-mag"))


def test_synflow_is_steadier_by_the_spreads_that_the_sheet_states():
    (found,) = [v for v in judge_published(paper) if v.claim.id == "q5-steadier"]
    assert found.label == "SUPPORTED"
    cells = published_cells(paper)
    means = {p: fmean(cells[pair[i], "top1_accuracy", "best"].sd for pair in part.claim.pairs)
             for part in found.parts for i, p in enumerate(("synflow", part.claim.id.removeprefix("q5-")))}  # fmt: skip
    assert {p: round(sd, 2) for p, sd in means.items()} == {"synflow": 0.27, "rand": 1.61, "snip": 2.06, "grasp": 1.65}
    assert all(len(part.claim.pairs) == 72 for part in found.parts)
    judged = {p.claim.id: p.reason.partition(" (mean")[0].rpartition("differ by ")[2] for p in found.parts}
    assert judged["q5-snip"] == "0.27 against 2.06"
    # beside Rand and GraSP twelve cells are left out whose networks are all at chance and so do not differ
    assert (judged["q5-rand"], judged["q5-grasp"]) == ("0.27 against 1.93", "0.28 against 1.97")


def test_sentences_speak_of_every_cell_of_figure_6_that_the_sheet_counts():
    cells = defaultdict(set)
    for claim in paper.sentences:
        for leaf in leaves([claim]):
            if claim.id.startswith(("q1-", "q2-", "q3-")) and not claim.id.startswith("q3-only"):
                cells[claim.id[:2]].add(leaf.better)
    assert {q: len(found) for q, found in cells.items()} == {"q1": 72, "q2": 72, "q3": 144}
    for network, data in FIGURE6:
        assert {p.by for p in SPOKEN[f"q2-{network}-{data}"].parts} == {-DEFAULT_MARGINS[data]}


def test_synflow_is_not_the_best_at_low_compression():
    """The numbers that the note of Q2 states."""
    cells = published_cells(paper)
    best, behind = 0, []
    for network, data in FIGURE6:
        for c in range(7):
            mean = {p: cells[f"{network}-{data}/{p}/c{c / 4:.2f}", "top1_accuracy", "best"].mean for p in PRUNERS}
            synflow, rival = mean.pop("synflow"), max(mean.values())
            best += synflow > rival  # once they are equal
            behind.append(rival - synflow)
    assert (best, round(max(behind), 2)) == (30, 2.62)
    assert "30 of 84" in SPOKEN["q2-resnet18-cifar10"].note
    assert "2.62" in SPOKEN["q2-resnet18-cifar10"].note


@pytest.mark.parametrize(("rival", "below"), [("snip", 23), ("grasp", 61), ("mag", 81)])
def test_rivals_are_below_random_pruning_in_as_many_cells_as_the_sheet_counts(rival, below):
    """Q3: 144 cells with a compression; more of them than one test in twenty would find are significant."""
    (found,) = [v for v in judge_published(paper) if v.claim.id == f"q3-only-{rival}"]
    assert (len(found.parts), found.claim.at_least, found.label) == (144, 8, "SUPPORTED")
    assert sum(p.mean > 0 for p in found.parts) == below


def test_snip_and_grasp_are_below_random_pruning_at_every_exponent_of_the_sheet():
    (found,) = [v for v in judge_published(paper) if v.claim.id == "q4-below-random"]
    exponents = sorted({float(p.claim.better.rpartition("c")[2]) for p in found.parts})
    assert exponents == [0.5 + i / 4 for i in range(10)]
    assert all(p.mean > 0 for p in found.parts)
