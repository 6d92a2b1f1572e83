"""Nothing that a verdict says is cut off, however narrow the terminal."""

import json
import re
from pathlib import Path

import pytest

from repro.cli.console import out

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
