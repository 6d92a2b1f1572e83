"""What the README shows can be typed."""

import importlib
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


def test_dense_networks_of_the_zoo_count_for_their_table() -> None:
    """A run typed as shown is the table's own, so that nothing bars it."""
    known = {e.protocol(42).identity: name for name, e in paper.experiments.items()}
    typed = [parse(c) for c in COMMANDS]
    dense = [
        o for o in typed if "network" in o and "reg" not in o and not o["network"].startswith(("lenet", "imagenet"))
    ]
    assert {known.get(paper.build(o).identity) for o in dense} == {
        "cifar10/alexnet",
        "cifar10/vgg19-bn",
        "cifar10/resnet-164-bottleneck",
        "cifar10/wrn-28-10",
        "cifar10/resnext-29-8x64",
        "cifar10/densenet-bc-100-12",
    }


def test_most_commands_are_those_of_a_table() -> None:
    known = {e.protocol(42).identity for e in paper.experiments.values()}
    own = [c for c in COMMANDS if paper.build(parse(c)).identity not in known]
    assert all("--prune-rule none" in c or "--target-sparsity" in c for c in own), own


def test_every_option_is_in_the_readme() -> None:
    assert {o.flag for o in paper.options} <= set(re.findall(r"--[a-z0-9-]+", README))


def test_every_table_is_named() -> None:
    assert all(f"`{name}`" in README for name in paper.tables)


def test_markers_name_existing_tables() -> None:
    begun = re.findall(r"<!-- begin: (?:published )?table ([a-z0-9-]+) -->", README)
    assert begun
    assert set(begun) <= set(paper.tables)
    assert README.count("<!-- begin:") == README.count("<!-- end -->")


def test_what_the_readme_imports_is_there() -> None:
    lines = re.findall(r"^ *from (\S+) import (\w+)$", README, re.MULTILINE)
    assert ("shared.training.compact_file", "load_compacted") in lines
    assert all(hasattr(importlib.import_module(module), name) for module, name in lines)
