"""What the README shows can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import papers.dsr
from papers.dsr import paper

README = Path(papers.dsr.__file__).with_name("README.md").read_text(encoding="utf-8")
COMMANDS = [c for c in re.findall(r"`(repro run dsr [^`]+)`", README) if "--help" not in c]
COMMANDS += [
    line.split("#")[0] for line in README.splitlines() if line.startswith("repro run") and "--help" not in line
]
OPTION = {o.flag: o for o in paper.options}


def parse(command: str) -> dict[str, Any]:
    words = shlex.split(command)[3:]
    return {OPTION[k].name: OPTION[k].type(v) for k, v in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_build(command: str) -> None:
    assert paper.build(parse(command)).paper == "dsr"


def test_commands_of_jobs_are_the_jobs() -> None:
    assert any(parse(c) == {"job": "cifar:6"} for c in COMMANDS)
    built = {paper.build(parse(c)).identity for c in COMMANDS}
    for experiment in (
        "mnist/dsr/99",
        "cifar10/dsr/90",
        "cifar10/set/90",
        "cifar10/deep-rewiring/90",
        "cifar10/tied/80",
    ):
        assert paper.experiments[experiment].protocol(42).identity in built


def test_every_table_is_named() -> None:
    assert all(name in README for name in ("mnist", "invariants", "counts"))


def test_markers_name_existing_tables() -> None:
    begun = re.findall(r"<!-- begin: (?:table|tested) ([a-z0-9-]+) -->", README)
    assert begun
    assert set(begun) <= set(paper.tables)
    assert README.count("<!-- begin:") == README.count("<!-- end -->")
