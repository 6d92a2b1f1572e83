"""What the README shows can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import papers.flipout
from papers.flipout import paper

README = Path(papers.flipout.__file__).with_name("README.md").read_text(encoding="utf-8")
COMMANDS = [c for c in re.findall(r"`(repro run flipout [^`]+)`", README) if "--help" not in c]
COMMANDS += [
    line.split("#")[0] for line in README.splitlines() if line.startswith("repro run") and "--help" not in line
]
OPTION = {o.flag: o for o in paper.options}


def parse(command: str) -> dict[str, Any]:
    words = shlex.split(command)[3:]
    return {OPTION[k].name: OPTION[k].type(v) for k, v in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_build(command: str) -> None:
    assert paper.build(parse(command)).paper == "flipout"


def test_the_five_commands_are_the_vgg19_table() -> None:
    built = {paper.build(parse(c)).identity for c in COMMANDS}
    table = {c.experiment for c in paper.tables["vgg19"].claims if hasattr(c, "experiment")}
    assert {paper.experiments[e].protocol(42).identity for e in table} <= built


def test_every_option_is_in_the_readme() -> None:
    shown = set(re.findall(r"--[a-z0-9-]+", README))
    indirect = {"--quantise-activation-observer", "--quantise-scheme"}
    assert {o.flag for o in paper.options} - shown <= indirect


def test_every_table_is_named() -> None:
    assert all(f"`{name}`" in README for name in paper.tables)


def test_markers_name_existing_tables() -> None:
    begun = re.findall(r"<!-- begin: table ([a-z0-9-]+) -->", README)
    assert begun
    assert set(begun) <= set(paper.tables)
    assert README.count("<!-- begin:") == README.count("<!-- end -->")
