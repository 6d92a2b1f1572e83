"""docs/json.md is the schema: every document has exactly the fields that are written there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Repro = Callable[..., Any]
COMMON = {"schema_version", "kind"}


@pytest.fixture(scope="module")
def schema(root: Path) -> dict[str, list[set[str]]]:
    """Section to its tables, each the set of the fields that it names."""
    sections: dict[str, list[set[str]]] = {}
    for part in re.split(r"^## ", (root / "docs" / "json.md").read_text(), flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        tables = re.findall(r"(?:^\|.*\n)+", body, flags=re.M)
        sections[name.strip()] = [_fields(table) for table in tables]
    return sections


def _fields(table: str) -> set[str]:
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def head(document: dict[str, Any]) -> tuple[int, str]:
    return document["schema_version"], document["kind"]


def test_verify(schema: dict[str, list[set[str]]], root: Path, home: Path, repro: Repro) -> None:
    document, table, verdict = schema["verify"]
    found = json.loads(repro("verify", "flipout", "-t", "vgg19", "--from", root / "results" / "flipout", "--json").out)
    assert head(found) == (1, "verify")
    assert found.keys() == document | COMMON
    (judged,) = found["tables"]
    assert judged.keys() == table
    assert judged["scores"].keys() == {"values", "sentences", "laws"}
    for score in judged["scores"].values():
        assert score.keys() == {"stand", "decided", "undecided", "not_tested", "wilson_interval"}
    for v in judged["verdicts"]:
        assert v.keys() == verdict
        assert v["published"] is None or v["published"].keys() == {"value", "sd", "n", "unit", "metric"}
        assert all(d.keys() == {"path", "published", "ours", "material"} for d in v["deviations"])
        assert v["reason"].endswith(".")
    assert any(v["deviations"] for v in judged["verdicts"])


def test_published(schema: dict[str, list[set[str]]], repro: Repro, home: Path) -> None:
    found = json.loads(repro("verify", "flipout", "--published", "--json").out)
    assert head(found) == (1, "published")
    assert found.keys() == {"paper", "verdicts"} | COMMON
    assert len(found["verdicts"]) > 10

    def walk(verdicts: list[dict[str, Any]]) -> None:
        for v in verdicts:
            assert v.keys() == schema["verify"][2]
            assert v["published_numbers_only"] is True
            walk(v["parts"])

    walk(found["verdicts"])


def test_plan(schema: dict[str, list[set[str]]], toy: Path, home: Path, repro: Repro) -> None:
    document, experiment, claim = schema["plan"]
    found = json.loads(repro("verify", "toy", "-t", "digits", "--seeds", "2", "--plan", "--json").out)
    assert head(found) == (1, "plan")
    assert found.keys() == document | COMMON
    for line in found["experiments"]:
        assert line.keys() == experiment
        assert line["basis"] == "measured"
        assert line["batch"] == line["measured_batch"]
    assert all(c.keys() == claim for c in found["claims"])


def test_every_label_is_documented(root: Path) -> None:
    from typing import get_args

    from repro.verdicts.verdict import Label

    text = (root / "docs" / "json.md").read_text()
    assert [label for label in get_args(Label) if f"`{label}`" not in text] == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["list"], "list"),
        (["list", "flipout"], "list"),
        (["show", "flipout"], "show.paper"),
        (["show", "flipout", "--table", "counts"], "show.table"),
        (["data", "list"], "data.list"),
        (["data", "check", "digits"], "data.check"),
        (["doctor"], "doctor"),
        (["results", "show", "there"], "results.show"),
        (["results", "check", "there"], "results.check"),
    ],
)
def test_every_document_says_what_it_is(root: Path, home: Path, repro: Repro, words: list[str], kind: str) -> None:
    there = str(root / "results" / "flipout")
    said = repro(*(there if w == "there" else w for w in words), "--json")
    assert head(json.loads(said.out)) == (1, kind), said.err
