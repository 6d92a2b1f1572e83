"""Where a method from outside meets the methods of a paper."""

from __future__ import annotations

import pytest

from repro.comparison import compare
from repro.planning import experiments_for
from repro.registry import load
from shared.errors import ReproError
from shared.outside import Outsider
from shared.protocol import Train

SCORE = Outsider("def score(state):\n    return state.masks.flat_weights().abs()\n", "score")
BLIND = "class Blind:\n    pass\n"
WATCH = (
    "from shared.training.method import Component\n"
    "class Watch(Component):\n    def score(self, state):\n        return state.masks.flat_weights()\n"
)
PLACES = [
    # paper, table, kind, settings
    ("flipout", "vgg19", "score", 1),
    ("flipout", "grid", "score", 15),
    ("random_tickets", "sanity", "score", 1),
    ("synflow", "assignment", "score", 6),
    ("dsr", "mnist", "score", 6),
    ("hoyer", "mnist-mlp-equal", "score", 2),
    ("hoyer", "mnist-mlp-equal", "penalty", 2),
    ("hoyer", "mnist-cnn-equal", "penalty", 2),
]


@pytest.mark.parametrize(("paper", "table", "kind", "settings"), PLACES)
def test_each_paper_has_a_place(paper, table, kind, settings):
    chosen = load(paper)
    compared = compare(chosen, chosen.tables[table], SCORE, name="mine", kind=kind)
    assert len(compared.settings) == settings
    for setting in compared.settings:
        mine = compared.paper.experiments[setting.outsider]
        assert mine.id not in chosen.experiments
        place = mine.id.removeprefix("compare/")
        assert place in setting.rivals
        assert len(setting.rivals) > 1
        for scale in chosen.scales:
            full, entered = chosen.at_scale(place, scale, 42), compared.paper.at_scale(mine.id, scale, 42)
            assert entered.identity != full.identity
            changed = {"phases": full.phases}
            assert entered.with_(**changed) == full
            assert [type(p) for p in entered.phases] == [type(p) for p in full.phases]
            for theirs, ours in zip(full.phases, entered.phases, strict=True):
                if isinstance(theirs, Train) and isinstance(ours, Train):
                    assert ours.model_copy(update={"methods": theirs.methods}) == theirs
    assert set(experiments_for(compared.table)) == {
        e for s in compared.settings for e in (s.outsider, *s.rivals)
    }  # fmt: skip


def test_rivals_keep_as_many_weights_on_the_same_network():
    chosen = load("flipout")
    compared = compare(chosen, chosen.tables["grid"], SCORE, name="mine")
    for setting in compared.settings:
        for rival in setting.rivals:
            experiment = chosen.experiments[rival]
            assert experiment.who == setting.who
            kept = 100 - float(experiment.labels["sparsity_percent"])
            assert kept == pytest.approx(setting.kept_percent, rel=0.05)
    table = compare(chosen, chosen.tables["vgg19"], SCORE, name="mine")
    assert [title for title in table.aside if "Hoyer-Square" in title] == list(table.aside) != []
    assert set(table.aside.values()) == {"its sparsity is not fixed, or it prunes nothing"}


def test_only_the_experiments_that_were_asked_for():
    chosen = load("dsr")
    compared = compare(chosen, chosen.tables["mnist"], SCORE, name="mine", only=["mnist/dsr/9[89]", "mnist/static/98"])
    assert {s.outsider: set(s.rivals) for s in compared.settings} == {
        "compare/mnist/static/98": {"mnist/dsr/98", "mnist/static/98"}, "compare/mnist/static/99": {"mnist/dsr/99"},
    }  # fmt: skip
    assert [*compared.aside] == []  # 99 % has its own place, of static sparse training that was not chosen as a rival


def test_every_comparison_is_counted_and_asks_whether_mine_is_better():
    chosen = load("dsr")
    compared = compare(chosen, chosen.tables["mnist"], SCORE, name="mine")
    claims = compared.table.claims
    assert len({c.id for c in claims}) == len(claims) == sum(len(s.rivals) for s in compared.settings)
    for claim in claims:
        assert claim.better.startswith("compare/")
        assert not claim.worse.startswith("compare/")
        assert claim.gating
        assert claim.two_sided


def test_rivals_have_the_same_network_and_data():
    chosen = load("dsr")
    compared = compare(chosen, chosen.tables["mnist"], SCORE, name="mine")
    assert not any("/thin/" in r for s in compared.settings for r in s.rivals)
    assert "it has another network or other data" in compared.aside.values()


@pytest.mark.parametrize(
    ("paper", "table", "outsider", "kind", "sentence"),
    [
        ("flipout", "vgg19", SCORE, "penalty", "flipout has no place for a penalty; it has one for a score"),
        ("hoyer", "mnist-mlp", SCORE, "score", "tables that have: mnist-mlp-equal, mnist-cnn-equal"),
        ("synflow", "figure2", SCORE, "score", "Table figure2 of synflow has no place"),  # nothing is trained there
        ("flipout", "vgg19", Outsider(SCORE.source, "score", rounds=2), "score", "--rounds has no effect in flipout"),
        ("dsr", "mnist", Outsider(WATCH, "Watch"), "score", "Watch is a class.* in dsr your method is asked once"),
        ("hoyer", "mnist-mlp-equal", Outsider(WATCH, "Watch"), "penalty", "Watch is a class"),
        ("flipout", "vgg19", Outsider(BLIND, "Blind"), "score", "Blind must derive from"),
    ],
)
def test_where_there_is_no_place(paper, table, outsider, kind, sentence):
    chosen = load(paper)
    with pytest.raises(ReproError, match=sentence):
        compare(chosen, chosen.tables[table], outsider, name="mine", kind=kind)


def test_a_pattern_that_names_nothing_is_refused():
    chosen = load("dsr")
    with pytest.raises(ReproError, match="no experiment of table mnist 'mnist/dsrr/98'; did you mean mnist/dsr/98"):
        compare(chosen, chosen.tables["mnist"], SCORE, name="mine", only=["mnist/static/98", "mnist/dsrr/98"])
