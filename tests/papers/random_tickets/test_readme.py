"""What the README shows can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import papers.random_tickets
from papers.random_tickets import paper

README = Path(papers.random_tickets.__file__).with_name("README.md").read_text(encoding="utf-8")
START = "repro run random_tickets"
COMMANDS = [c for c in re.findall(rf"`({START} [^`]+)`", README) if "--help" not in c]
COMMANDS += [line.split("#")[0] for line in README.splitlines() if line.startswith(START) and "--help" not in line]
OPTION = {o.flag: o for o in paper.options}


def parse(command: str) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    words = shlex.split(command)[3:]
    for flag, value in zip(words[::2], words[1::2], strict=True):
        if flag == "--check":
            typed.setdefault("check", []).append(value)
        elif flag in OPTION:
            typed[OPTION[flag].name] = OPTION[flag].type(value)
        else:
            typed[flag.removeprefix("--")] = int(value) if value.isdigit() else value
    return typed


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_build(command: str) -> None:
    assert paper.build(parse(command)).paper == "random_tickets"


def test_commands_are_those_of_the_tables() -> None:
    known = {e.protocol(0).with_(seed=1).identity for e in paper.experiments.values()}
    built = {paper.build(parse(c)).with_(seed=1).identity for c in COMMANDS}
    assert len(COMMANDS) >= 21
    assert len(built & known) >= 12  # the others apply a check that no table needs


def test_every_option_is_in_the_readme() -> None:
    shown = set(re.findall(r"--[a-z0-9-]+", README))
    assert {o.flag for o in paper.options} <= shown


def test_every_table_and_variant_is_named() -> None:
    assert all(f"`{name}`" in README for name in (*paper.tables, *paper.variants))


def test_markers_name_existing_tables() -> None:
    begun = re.findall(r"<!-- begin: (?:table|score) ([a-z0-9-]+) -->", README)
    assert set(begun) == {"allocation", "sanity"}
    assert README.count("<!-- begin:") == README.count("<!-- end -->")
