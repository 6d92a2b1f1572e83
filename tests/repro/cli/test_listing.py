from __future__ import annotations

import json

import pytest

from repro.registry import load
from shared.data.sources import SOURCES
from shared.models.registry import NETWORKS


def test_papers_are_listed_with_their_titles(repro):
    said = repro("list")
    assert said.code == 0
    assert "flipout" in said.out
    assert load("flipout").title in said.out


def test_a_paper_lists_every_table_with_its_number_of_claims(repro):
    document = json.loads(repro("list", "flipout", "--json").out)
    assert (document["schema_version"], document["kind"]) == (1, "list")
    tables = {row["id"]: row for part in document["lists"] if part["what"] == "tables" for row in part["rows"]}
    paper = load("flipout")
    assert {name: row["claims"] for name, row in tables.items()} == {n: len(t.claims) for n, t in paper.tables.items()}
    assert tables["counts"]["experiments"] == 0
    assert tables["vgg19"]["experiments"] == 5


@pytest.mark.parametrize(("what", "names"), [("models", NETWORKS), ("data", SOURCES)])
def test_models_and_data_sets_are_all_there(repro, what, names):
    (part,) = json.loads(repro("list", what, "--json").out)["lists"]
    assert {row["name"] for row in part["rows"]} == set(names)
    screen = repro("list", what).out
    assert all(name in screen for name in names)


def test_experiments_of_a_paper_go_by_either_order(repro):
    one, other = (
        repro(*words, "--json").out
        for words in (("list", "experiments", "flipout"), ("list", "flipout", "experiments"))
    )
    assert one == other
    assert len(json.loads(one)["lists"][0]["rows"]) == len(load("flipout").experiments)


def test_methods_are_the_choices_of_the_papers_option(repro):
    (part,) = json.loads(repro("list", "methods", "flipout", "--json").out)["lists"]
    choices = next(o.choices for o in load("flipout").options if o.name == "method")
    assert tuple(row["name"] for row in part["rows"]) == choices


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["flipot"], "did you mean flipout?"),
        (["modles"], "did you mean models"),
        (["experiments", "flipot"], "did you mean flipout?"),
        (["models", "flipout"], "do not belong to a paper"),
        (["flipout", "tabels"], "did you mean tables"),
    ],
)
def test_a_wrong_name_gets_one_sentence(repro, words, sentence):
    said = repro("list", *words)
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not said.out
