"""Chance is that of the network that ran: a paper of 100 classes is demonstrated on ten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repro.verdicts.run_index import index
from repro.verdicts.sample import samples_of
from repro.verdicts.table import judge
from shared.claims import Collapse, Ordering, Table
from shared.paper import Experiment, Paper

DEAD, ALIVE = [10.0, 10.0, 10.1], [85.0, 86.0, 85.5]
SENTENCE = {"table": "t", "text": ""}


@pytest.fixture(scope="module")
def hundred(paper: Paper) -> Paper:
    """The toy paper with 100 classes as published, and ten in its demo."""

    def of(experiment: Experiment) -> Experiment:
        def build(seed: int):
            protocol = experiment.protocol(seed)
            return protocol.with_(model=protocol.model.model_copy(update={"classes": 100}))

        return replace(experiment, protocol=build)

    def demo(protocol):
        small = paper.scales["demo"](protocol)
        return small.with_(model=small.model.model_copy(update={"classes": 10}))

    experiments = {name: of(e) for name, e in paper.experiments.items()}
    return replace(paper, experiments=experiments, scales={**paper.scales, "demo": demo})


def judged(paper, make_record, claim, scale="demo", **percents):
    records = [
        make_record(paper.at_scale(e, scale, seed), percent)
        for e, values in percents.items()
        for seed, percent in enumerate(values)
    ]
    (verdict,) = judge(replace(paper, tables={"t": Table("t", "T", (claim,))}), "t", records).verdicts
    return verdict


def collapse(collapsed=True, chance=0.01):
    return Collapse(id="c", **SENTENCE, experiment="a", chance=chance, collapsed=collapsed)


@pytest.mark.parametrize(
    ("values", "collapsed", "label"),
    [
        (DEAD, True, "SUPPORTED"),
        (DEAD, False, "CONTRADICTED"),
        (ALIVE, True, "CONTRADICTED"),
        (ALIVE, False, "SUPPORTED"),
        ([1.0, 1.0, 1.0], True, "CONTRADICTED"),  # as far below a tenth as no constant answer is
    ],
)
def test_a_collapse_among_ten_classes(hundred, make_record, values, collapsed, label):
    verdict = judged(hundred, make_record, collapse(collapsed), a=values)
    assert verdict.label == label
    assert "answered 903 to 1100 of 10000 images" in verdict.reason


def test_a_collapse_among_the_published_classes(hundred, make_record):
    assert judged(hundred, make_record, collapse(), "reduced", a=[1.0, 0.9, 1.1]).label == "SUPPORTED"
    assert judged(hundred, make_record, collapse(), "reduced", a=DEAD).label == "CONTRADICTED"


def test_the_frequency_of_one_class_is_that_of_the_sentence_where_the_classes_are_its_own(hundred, make_record):
    uneven = collapse(chance=0.03)
    assert judged(hundred, make_record, uneven, "reduced", a=[3.0, 3.1, 2.9]).label == "SUPPORTED"
    assert judged(hundred, make_record, uneven, "demo", a=[3.0, 3.1, 2.9]).label == "CONTRADICTED"


@pytest.mark.parametrize("at_least", [0.0, 0.5])
def test_two_dead_networks_are_not_compared(hundred, make_record, at_least):
    beats = Ordering(id="o", **SENTENCE, better="a", worse="b", by=at_least)
    dead = judged(hundred, make_record, beats, a=[9.5, 9.5, 9.5], b=[10.5, 10.5, 10.5])
    assert dead.label == "INCONCLUSIVE"
    assert "at chance, so there is nothing to compare" in dead.reason
    living = judged(hundred, make_record, beats, a=ALIVE, b=DEAD)
    assert living.label == "SUPPORTED"
    assert judged(hundred, make_record, beats, a=DEAD, b=ALIVE).label == "CONTRADICTED"


def test_dead_networks_are_not_within_points_of_each_other(hundred, make_record):
    near = Ordering(id="o", **SENTENCE, better="a", worse="b", within=2.0)
    assert judged(hundred, make_record, near, a=DEAD, b=DEAD[::-1]).label == "INCONCLUSIVE"
    assert judged(hundred, make_record, near, a=ALIVE, b=ALIVE[::-1]).label == "SUPPORTED"


def test_two_networks_at_a_tenth_are_alive_among_a_hundred_classes(hundred, make_record):
    beats = Ordering(id="o", **SENTENCE, better="a", worse="b")
    assert judged(hundred, make_record, beats, "reduced", a=[10.4, 10.5, 10.6], b=[9.4, 9.5, 9.6]).label == "SUPPORTED"


def test_competing_within_points_is_no_comparison_of_the_dead_either(hundred, make_record):
    competitive = Ordering(id="o", **SENTENCE, better="a", worse="b", by=-1.0)
    assert judged(hundred, make_record, competitive, a=DEAD, b=DEAD[::-1]).label == "INCONCLUSIVE"
    assert judged(hundred, make_record, competitive, a=ALIVE, b=ALIVE[::-1]).label == "SUPPORTED"


@pytest.mark.parametrize(("scale", "dead"), [("demo", True), ("reduced", False), ("paper", False)])
def test_a_sample_marks_what_is_at_chance_where_it_ran(hundred, make_record, scale, dead):
    records = [make_record(hundred.at_scale("a", scale, s), p) for s, p in enumerate(DEAD)]
    (sample,) = samples_of(index(records), "a", hundred)
    assert sample.collapsed is dead
    assert sample.classes == (10 if dead else 100)
