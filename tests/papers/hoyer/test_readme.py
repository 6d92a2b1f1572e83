"""What the README shows can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import papers.hoyer
from papers.hoyer import paper

README = Path(papers.hoyer.__file__).with_name("README.md").read_text(encoding="utf-8")
COMMANDS = [c for c in re.findall(r"`(repro run hoyer [^`]+)`", README) if "--help" not in c]
COMMANDS += [
    line.split("#")[0] for line in README.splitlines() if line.startswith("repro run") and "--help" not in line
]
OPTION = {o.flag: o for o in paper.options}


def parse(command: str) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    words = shlex.split(command)[3:]
    while words:
        option = OPTION[words.pop(0)]
        typed[option.name] = True if option.type is bool else option.type(words.pop(0))
    return typed


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_build(command: str) -> None:
    assert paper.build(parse(command)).paper == "hoyer"


def test_every_option_is_in_the_readme() -> None:
    assert {o.flag for o in paper.options} <= set(re.findall(r"--[a-z0-9-]+", README))


def test_every_table_is_named() -> None:
    assert all(f"`{name}`" in README for name in paper.tables)


def test_markers_name_existing_tables() -> None:
    begun = re.findall(r"<!-- begin: (?:published )?table ([a-z0-9-]+) -->", README)
    assert begun
    assert set(begun) <= set(paper.tables)
    assert README.count("<!-- begin:") == README.count("<!-- end -->")
