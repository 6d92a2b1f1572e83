"""Rows of a claims.csv become claims."""

from dataclasses import replace

import pytest

from shared import claim_file
from shared.claims import Exact, Value

HEADER = (
    "claim_id,network,method,setting,metric,value,sd,n,unit,source,provenance,note,"
    "verify_table,experiment,margin,margin_reason,rounding,gating,per_seed,same_as"
)
LINES = (
    "a,lenet,dsr,epochs=3;norm=off,top1_accuracy,97.5,0.25,2,percent,a log,code-log,read twice,"
    'mnist,mnist/dsr,0.2,"by the rule, before",0.05,yes,97.25/97.75,b',
    "b,lenet,,,params,10,,,count,a log,code-log,,sizes,,,,,yes,,",
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    file = tmp_path_factory.mktemp("claims") / "claims.csv"
    file.write_text("\n".join((HEADER, *LINES)) + "\n", encoding="utf-8")
    return claim_file.read(file)


def test_a_row_becomes_a_number_to_estimate(rows):
    expected = Value(
        id="a",
        table="mnist",
        text="words",
        source="a log",
        provenance="code-log",
        note="read twice; the same measurement as b",
        experiment="mnist/dsr",
        metric="top1_accuracy",
        value=97.5,
        sd=0.25,
        n=2,
        margin=0.2,
        margin_reason="by the rule, before",
        rounding=0.05,
        per_seed=(97.25, 97.75),
    )
    assert claim_file.value(rows[0], "words") == expected
    assert claim_file.value(rows[0], "words", value=1.0, note="") == replace(expected, value=1.0, note="")


def test_a_row_becomes_a_number_to_compute(rows):
    claim = claim_file.exact(rows[1], "ten", lambda: 10.0)
    assert isinstance(claim, Exact)
    assert (claim.value, claim.tolerance, claim.unit, claim.note, claim.measure()) == (10.0, 0.0, "count", "", 10.0)
    assert claim_file.exact(rows[1], "ten", lambda: 10.0, value=11.0, tolerance=1.0).value == 11.0


def test_settings_are_pairs(rows):
    assert claim_file.settings_of(rows[0]) == {"epochs": "3", "norm": "off"}
    assert claim_file.settings_of(rows[1]) == {}


def test_tables_have_their_numbers_before_their_sentences(rows):
    first = claim_file.value(rows[0], "words")
    second = claim_file.exact(rows[1], "ten", lambda: 10.0)
    sentence = replace(first, id="sentence")
    tables = claim_file.tables(
        {"sizes": "Sizes", "mnist": "On MNIST"},
        [first, second],
        lambda name: [sentence] if name == "mnist" else [],
        seeds=(1, 2),
        aliases={"mnist": ("m",)},
        notes={"sizes": "counted"},
        other_seeds={"mnist": [7]},
    )
    assert list(tables) == ["sizes", "mnist"]
    assert tables["mnist"].claims == (first, sentence)
    assert (tables["mnist"].seeds, tables["mnist"].aliases, tables["mnist"].note) == ((7,), ("m",), "")
    assert (tables["sizes"].claims, tables["sizes"].seeds, tables["sizes"].note) == ((second,), (1, 2), "counted")


def test_a_claim_of_a_table_without_a_title_is_an_error(rows):
    with pytest.raises(KeyError, match="mnist"):
        claim_file.tables({}, [claim_file.value(rows[0], "words")], lambda _: [], seeds=(), aliases={}, notes={})
