"""Nothing that a verdict says is cut off, however narrow the terminal."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from repro.cli.console import out
from repro.registry import load, names

RESULTS = Path(__file__).parents[3] / "results" / "dsr"
WORDS = ("verify", "dsr", "--table", "mnist", "--from", RESULTS, "--scale", "paper")


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_labels_and_numbers_are_whole(width, home, repro, monkeypatch):
    verdicts = json.loads(repro(*WORDS, "--json").out)["tables"][0]["verdicts"]
    monkeypatch.setattr(out, "_width", width)
    shown = repro(*WORDS).out
    assert max(map(len, shown.splitlines())) <= width
    cells = plain(shown)
    for word in {plain(v["label"]) for v in verdicts} | {"why"}:
        assert word in cells
    assert cells.count("REPRODUCED") >= sum(v["label"] == "REPRODUCED" for v in verdicts)
    for text in ("97.75±0.035(n=5)", "±0.21", "49.49±5.89(n=5)"):
        assert text in cells


@pytest.mark.parametrize("width", [80, 119, 120, 160])
@pytest.mark.parametrize("paper", names())
def test_help_names_every_option_whole(width, paper, home, repro, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    chosen = load(paper)
    said = repro("run", paper, "--help")
    assert (said.code, "…" in said.out) == (0, False)
    words = said.out.replace(",", " ").split()
    flags = [o.flag for o in chosen.options]
    flags += [f"--no-{o.flag[2:]}" for o in chosen.options if o.type is bool]
    assert set(flags) <= set(words)
    text = plain(said.out.replace("│", ""))
    groups = {plain(f"{paper}: {o.group}" if o.group else paper) for o in chosen.options}
    assert all(group in text for group in groups)
    assert "--mlflow" in text
    assert "--time-limit" in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_reasons_on_the_published_numbers_are_whole(width, home, repro, monkeypatch):
    words = ("verify", "synflow", "--published", "--table", "assignment")
    verdicts = json.loads(repro(*words, "--json").out)["verdicts"]
    monkeypatch.setattr(out, "_width", width)
    shown = repro(*words).out
    assert "…" not in shown
    letters = Counter(plain(shown))
    needed = Counter(plain("".join(v["reason"] for v in verdicts).replace("+-", "±")))
    assert letters >= needed


@pytest.mark.parametrize("width", [80, 119, 120, 160])
def test_runs_behind_the_evidence_are_named_whole(width, home, repro, monkeypatch):
    rows = json.loads(repro("results", "show", RESULTS, "--json").out)["records"]
    monkeypatch.setattr(out, "_width", width)
    shown = repro("results", "show", RESULTS).out
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert all(row["identity"][:8] in shown for row in rows)
    assert len(re.findall("finished|collapsed|diverged", plain(shown))) == len(rows)
    assert f"{100 * rows[0]['last']['correct'] / rows[0]['last']['total']:.2f}" in shown


def test_the_terminal_has_typographic_signs(home, repro):
    for words in (WORDS, ("verify", "dsr", "--published")):
        shown = repro(*words).out
        assert "±" in shown
        assert "+-" not in shown
