"""A paper in someone else's package: found by its entry point, complete in under a hundred lines, no core change."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Repro = Callable[..., Any]


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "examples" / "toy_paper"


def test_it_is_one_module_of_less_than_a_hundred_lines(folder: Path) -> None:
    modules = [p for p in folder.rglob("*.py") if "build" not in p.parts]
    assert [p.name for p in modules] == ["toy_paper.py"]
    assert len(modules[0].read_text().splitlines()) < 100


def test_nothing_in_the_suite_knows_it(root: Path) -> None:
    core = [p for room in ("shared", "papers", "repro") for p in (root / room).rglob("*.py")]
    assert core
    assert [p for p in core if re.search(r"\btoy\b|toy_paper", p.read_text())] == []
    assert "toy" not in (root / "pyproject.toml").read_text()


def test_importing_it_imports_nothing_heavy(folder: Path) -> None:
    probe = "import sys, toy_paper; print([m for m in ('torch', 'mlflow', 'pandas', 'scipy') if m in sys.modules])"
    command = [sys.executable, "-c", probe]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_it_is_listed_and_shown_beside_the_others(toy: Path, home: Path, repro: Repro) -> None:
    papers = {row["name"]: row for row in json.loads(repro("list", "--json").out)["lists"][0]["rows"]}
    assert {"flipout", "toy"} <= papers.keys()
    assert papers["toy"]["problem"] == ""
    shown = json.loads(repro("show", "toy", "-t", "digits", "--json").out)
    assert [c["id"] for c in shown["claims"]] == ["magnitude", "order", "weights"]
    assert {e["id"] for e in shown["experiments"]} == {"global-magnitude", "random"}
    assert "--criterion" in repro("run", "toy", "--help").out


def test_a_single_run_of_it_is_the_experiments(toy: Path, home: Path, repro: Repro) -> None:
    said = repro("run", "toy", "--criterion", "random", "--seed", "3", "--scale", "paper", "--dry-run")
    plan = json.loads(said.out)
    assert plan["experiment"] == "random"
    assert plan["claims"] == {"digits": ["order"]}
    assert "did you mean random" in repro("run", "toy", "--criterion", "randon").err


def test_its_demo_keeps_the_pruning_where_it_was(toy: Path, home: Path) -> None:
    from repro.registry import load

    paper = load("toy")
    for name in paper.experiments:
        full, short = (paper.at_scale(name, scale, 0).phases[0] for scale in ("paper", "demo"))  # type: ignore[arg-type]
        intervals = [p.methods[1].options["interval"] for p in (full, short)]  # type: ignore[union-attr]
        assert intervals[0] / full.epochs == intervals[1] / short.epochs  # type: ignore[union-attr]


def test_its_entry_point_is_all_that_connects_it(
    folder: Path, toy: Path, home: Path, repro: Repro, monkeypatch: pytest.MonkeyPatch, look_again: Callable[[], None]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [p for p in sys.path if p != str(toy)])  # its module can still be imported
        look_again()
        said = repro("show", "toy")
        assert said.code == 2
        assert "There is no paper 'toy'" in said.err
    look_again()
    assert repro("show", "toy").code == 0


def test_the_readmes_commands_are_understood(folder: Path, toy: Path, home: Path, repro: Repro) -> None:
    lines = [line.strip() for line in (folder / "README.md").read_text().splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("repro ")]
    assert len(commands) >= 3
    for words in commands:
        trains = words[0] == "verify" and "--plan" not in words
        said = repro(*words, *(["--plan"] if trains else []))
        assert said.code == 0, said.err


def test_a_package_that_does_not_load_disturbs_nobody(
    toy: Path, home: Path, repro: Repro, monkeypatch: pytest.MonkeyPatch, look_again: Callable[[], None]
) -> None:
    look_again()
    broken = types.ModuleType("toy_paper")  # without the attribute that its entry point names
    for module, reason in ((None, "toy_paper"), (broken, "AttributeError")):
        monkeypatch.setitem(sys.modules, "toy_paper", module)
        look_again()
        rows = {r["name"]: r for r in json.loads(repro("list", "--json").out)["lists"][0]["rows"]}
        assert "does not load" in rows["toy"]["problem"]
        assert reason in rows["toy"]["problem"]
        assert rows["flipout"]["problem"] == ""
        said = repro("verify", "toy", "-t", "digits")
        assert said.code == 2
        assert "its package does not load" in said.err
    look_again()
