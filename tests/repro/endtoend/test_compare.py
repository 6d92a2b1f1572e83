"""``repro compare``: a file of the user's against the methods of a paper, from typing to the comparison."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Repro = Callable[..., Any]
LARGEST = "def largest(state):\n    return -state.masks.flat_weights().abs()\n"
AGAIN = "raise SystemExit('the file was executed although nothing was to be run')\n"


@pytest.fixture(scope="module")
def mine(home: Path) -> Path:
    file = home / "mine.py"
    file.write_text(LARGEST)
    return file


@pytest.fixture(scope="module")
def said(toy: Path, home: Path, repro: Repro, mine: Path) -> Any:
    """The first comparison, which trains everything."""
    return compare(repro, mine, "--json")


def compare(repro: Repro, mine: Path, *more: Any) -> Any:
    words = ("compare", "toy", f"{mine}:largest", "-t", "digits", "--scale", "demo", "--seeds", 3, "--no-mlflow")
    return repro(*words, *more)


def test_mine_is_tested_against_each_rival(said: Any, root: Path) -> None:
    assert said.code == 0, said.err
    found = json.loads(said.out)
    section = (root / "docs" / "json.md").read_text().split("\n## compare\n")[1].split("\n## ")[0]
    document, setting, method = (
        {n for line in t.splitlines()[2:] for n in re.findall(r"`([^`]+)`", line.split("|")[1])}
        for t in re.findall(r"(?:^\|.*\n)+", section, flags=re.M)
    )
    assert found.keys() == document | {"schema_version", "kind"}
    assert (found["kind"], found["paper"], found["method"]) == ("compare", "toy", "largest")
    (only,) = found["settings"]
    assert only.keys() == setting
    assert only["kept_percent"] == 10
    yours, *rivals = only["methods"]
    assert all(m.keys() == method for m in only["methods"])
    assert yours["seeds"] == [0, 1, 2]
    assert yours["kept"] == rivals[0]["kept"]
    assert (yours["yours"], yours["method"], len(yours["values"])) == (True, "largest", 3)
    assert [r["method"] for r in rivals] == ["smallest weights", "random weights"]
    assert {v["claim_text"].split(": ")[1] for v in found["verdicts"]} == {
        "largest is more accurate than smallest weights", "largest is more accurate than random weights",
    }  # fmt: skip
    mean = sum(yours["values"]) / 3 - sum(rivals[0]["values"]) / 3
    assert found["verdicts"][0]["mean"] == pytest.approx(mean)
    assert found["verdicts"][0]["label"] == "CONTRADICTED"  # the largest weights are not the ones to remove


def test_the_record_holds_the_text_and_reading_it_executes_nothing(
    said: Any, home: Path, repro: Repro, tmp_path: Path
) -> None:
    records = [json.loads(p.read_text()) for p in (home / "runs" / "toy" / "demo").glob("*/record.json")]
    options = [m["options"] for r in records for p in r["protocol"]["phases"] for m in p.get("methods", ())]
    assert sum(o.get("source") == LARGEST for o in options) == 3
    malicious = next(r for r in records if LARGEST.replace("\n", "\\n") in json.dumps(r))
    text = json.dumps(malicious).replace(json.dumps(LARGEST), json.dumps(AGAIN))
    assert text != json.dumps(malicious)
    (tmp_path / "records.jsonl").write_text(text + "\n")
    for words in (("results", "check"), ("results", "show"), ("verify", "toy", "-t", "digits", "--from")):
        read = repro(*words, tmp_path)
        assert "although nothing was to be run" not in f"{read.out}{read.err}"
        assert read.code in (0, 1, 3)


def test_runs_of_two_methods_are_told_apart_in_a_list(said: Any, home: Path, repro: Repro) -> None:
    rows = json.loads(repro("results", "show", home / "runs", "--json").out)["records"]
    mine = {r["method"] for r in rows if "largest" in r["method"]}
    (only,) = mine
    assert re.fullmatch(r"mask-gradients \+ prune largest \([0-9a-f]{6}\)", only)


def test_a_second_time_nothing_is_trained(said: Any, repro: Repro, mine: Path) -> None:
    again = compare(repro, mine)
    assert again.code == 0
    assert "All 9 runs are done already; nothing is trained." in again.err
    assert "10 % of the weights kept" in again.out
    assert re.search(r"smallest weights .* less accurate", again.out)
    assert "largest: " in again.out


def test_another_text_is_another_method(said: Any, repro: Repro, mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine.py"
    other.write_text(LARGEST + "\n# a remark\n")
    plan = json.loads(compare(repro, other, "--plan", "--json").out)
    assert {e["title"]: e["left"] for e in plan["experiments"]} == {
        "LeNet-300-100 on digits, largest, 90 %": 3, "smallest weights": 0, "random weights": 0,
    }  # fmt: skip


def test_evidence_stands_for_runs_of_rivals(said: Any, repro: Repro, mine: Path, home: Path, tmp_path: Path) -> None:
    """Nothing of the rivals is trained where records of their runs are at hand."""
    elsewhere = ("--runs-dir", tmp_path / "empty")
    whole = json.loads(compare(repro, mine, "--plan", "--json", *elsewhere).out)
    assert [e["left"] for e in whole["experiments"]] == [3, 3, 3]
    found = compare(repro, mine, "--from", home / "runs", "--json", *elsewhere)
    assert json.loads(found.out)["settings"] == json.loads(said.out)["settings"]
    assert not (tmp_path / "empty" / "toy").exists()  # the plan may have kept what it measured beside it


def test_evidence_that_fits_no_run_is_said_to(said: Any, repro: Repro, mine: Path, root: Path) -> None:
    found = compare(repro, mine, "--from", root / "results" / "dsr")
    assert "0 of 9 runs are taken from" in " ".join(found.err.split())


def test_a_narrow_terminal_shows_every_number(
    said: Any, repro: Repro, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from repro.cli import compare_show

    monkeypatch.setattr(compare_show.out, "width", 60)
    text = compare(repro, mine).out
    assert "smallest weights" in text
    assert "less accurate" in text
    assert re.search(r"10 % · \d+\.\d+ ± \d", text)
    assert max(map(len, text.splitlines())) <= 60


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--as", "growth"], "--as 'growth' is neither score nor penalty"),
        (["--as", "penalty"], "toy has no place for a penalty"),
        (["--rounds", "3"], "--rounds has no effect in toy"),
        (["--argument", "power"], "--argument 'power' is not NAME=VALUE"),
        (["--argument", "power=2"], "unexpected keyword argument 'power'"),
        (["--plan", "--yes"], "--plan runs nothing, so --yes would have no effect"),
        (["-e", "nothing*"], "There is no experiment of table digits 'nothing*'"),
        (["--argument", "power=NaN"], "--argument values must be finite; NaN is not"),
        (["--argument", "power=1e999"], "--argument power must be finite"),
        (["--name", "x" * 41], "--name takes 1 to 40 characters; it has 41"),
    ],
)
def test_refused(toy: Path, repro: Repro, mine: Path, words: list[str], sentence: str) -> None:
    said = compare(repro, mine, *words)
    assert said.code == 2
    assert sentence in said.err


def test_a_method_that_fails_is_reported_and_the_rest_compared(said: Any, repro: Repro, home: Path) -> None:
    bad = home / "bad.py"
    bad.write_text("def largest(state):\n    return state.masks.flat_weights()[:5]\n")
    found = compare(repro, bad)
    assert found.code == 3
    assert "it must return a tensor of" in found.out
    assert "not tested" in found.out
