from __future__ import annotations

import json
from pathlib import Path

import pytest

from repro.registry import load, names
from repro.showing import claim_facts
from repro.verdicts.table import judge
from shared.claims import Dominance, Value
from shared.protocol import Protocol


@pytest.fixture(scope="module")
def paper():
    return load("flipout")


def test_a_paper_shows_its_tables_sentences_variants_and_scales(repro, paper):
    document = json.loads(repro("show", "flipout", "--json").out)
    assert (document["schema_version"], document["kind"]) == (1, "show.paper")
    assert [t["id"] for t in document["tables"]] == list(paper.tables)
    assert [s["id"] for s in document["sentences"]] == [c.id for c in paper.sentences]
    assert set(document["scales"]) == {"demo", "reduced", "paper"}
    screen = repro("show", "flipout").out
    assert all(name in screen for name in (*paper.tables, *paper.variants))


def test_a_table_shows_every_claim_with_margin_reason_and_source(repro, paper):
    document = json.loads(repro("show", "flipout", "--table", "vgg19", "--json").out)
    assert document["kind"] == "show.table"
    claims = {c["id"]: c for c in document["claims"]}
    assert list(claims) == [c.id for c in paper.tables["vgg19"].claims]
    for claim in paper.tables["vgg19"].claims:
        shown = claims[claim.id]
        assert shown["source"] == claim.source
        assert shown["provenance"] == claim.provenance
        if isinstance(claim, Value):
            assert (shown["value"], shown["sd"], shown["n"]) == (claim.value, claim.sd, claim.n)
            assert (shown["margin"], shown["margin_reason"]) == (claim.margin, claim.margin_reason)


def test_a_table_shows_the_protocol_at_each_scale(repro, paper):
    document = json.loads(repro("show", "flipout", "--table", "vgg19", "--json").out)
    first = document["experiments"][0]
    for scale, plain in first["protocols"].items():
        assert Protocol.model_validate(plain) == paper.at_scale(first["id"], scale, 42)
    assert first["differing"]["phases.train.epochs"] == {"paper": 350, "reduced": 44, "demo": 22}
    assert "phases.train.optimizer.lr" not in first["differing"]
    work = {w["scale"]: w for w in document["work"]}
    assert all(w["runs"] == 15 for w in work.values())
    assert work["paper"]["total"] > 100 * work["demo"]["total"] > 0


def test_the_authors_own_numbers_are_judged_as_verify_does(repro):
    document = json.loads(repro("show", "flipout", "--table", "vgg19", "--json").out)
    verify = json.loads(repro("verify", "flipout", "--table", "vgg19", "--published", "--json").out)
    assert document["published_verdicts"] == verify["verdicts"]


def test_the_screen_has_numbers_reasons_and_protocol(repro, paper):
    said = repro("show", "flipout", "--table", "vgg19")
    assert said.code == 0
    for words in ("87.39 ± 0.23 (n = 3)", "±2.26", "phases.train.epochs", "lr 0.1", "PFLOP", "NOT SIGNIFICANT"):
        assert words in " ".join(said.out.split())
    assert paper.tables["vgg19"].claims[0].margin_reason in said.out


def test_words_of_a_paper_are_no_markup(repro, monkeypatch, paper):
    from dataclasses import replace

    table = paper.tables["schedule"]
    odd = replace(table, note="brackets [bold] and [/] stay")
    monkeypatch.setattr("repro.registry.load", lambda name: replace(paper, tables={"schedule": odd}))
    assert "brackets [bold] and [/] stay" in repro("show", "flipout", "--table", "schedule").out


def test_a_table_of_counts_needs_no_run(repro):
    document = json.loads(repro("show", "flipout", "--table", "schedule", "--json").out)
    assert (document["experiments"], document["work"], document["published_verdicts"]) == ([], [], [])
    assert repro("show", "flipout", "--table", "schedule").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"), [(["flipot"], "did you mean flipout?"), (["flipout", "-t", "vgg91"], "did you mean vgg19?")]
)
def test_a_wrong_name_gets_one_sentence(repro, words, sentence):
    said = repro("show", *words)
    assert said.code == 2
    assert sentence in said.err
    assert not said.out


@pytest.mark.parametrize(("name", "table"), [("dsr", "mnist"), ("flipout", "seed"), ("hoyer", "mnist-mlp")])
def test_kind_and_gating_are_those_of_the_verdicts(name, table):
    """What is shown of a claim is what ``verify`` says of it."""
    chosen = load(name)
    facts = [claim_facts(c) for c in chosen.table(table).claims]
    verdicts = judge(chosen, chosen.table(table), [], scale="paper").verdicts
    shown = [(f["id"], f["kind"], f["gating"]) for f in facts]
    assert shown == [(v.claim.id, v.kind, v.gating) for v in verdicts]


def test_every_kind_of_claim_is_in_the_document():
    """Also a dominance, which is a compound with a rule of its own, and a comparison that the paper does not make."""
    text = (Path(__file__).parents[3] / "docs" / "json.md").read_text()
    line = next(x for x in text.splitlines() if x.startswith("| `id`, `kind`, `text` |"))
    claims = [c for n in names() for c in (*load(n).sentences, *(c for t in load(n).tables.values() for c in t.claims))]
    facts = {c.id: claim_facts(c) for c in claims}
    assert {f"`{f['kind']}`" for f in facts.values()} <= set(line.replace(",", " ").split())
    assert any(isinstance(c, Dominance) for c in claims)
    assert facts["mnist-dsr-beats-set-99"]["gating"] is False
