"""The command line is an interface: what people type and scripts call changes only on purpose."""

from __future__ import annotations

import importlib
from pathlib import Path

import typer

from repro.cli.app import COMMANDS, MODULES
from repro.cli.run_options import application
from repro.registry import load

SURFACE = Path(__file__).with_name("surface.txt")
MINE = ("list", "show", "compare", "sweep", "data", "doctor", "bench")


def options(prefix: str, app: typer.Typer) -> list[str]:
    """One line for each option of a command, or of each command of a group."""
    command = typer.main.get_command(app)
    parts = getattr(command, "commands", None)
    if parts:
        return [line for name, part in parts.items() for line in lines(f"{prefix} {name}", part)]
    return lines(prefix, command)


def lines(prefix: str, command) -> list[str]:
    names = ["/".join([*p.opts, *p.secondary_opts]) for p in command.params]
    return [f"{prefix} {name}" for name in names]


def surface() -> list[str]:
    found = [f"repro {name}" for name in COMMANDS]
    for name in MINE:
        module = importlib.import_module(f"repro.cli.{MODULES.get(name, name)}")
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False)
            app.command(name)(module.command)
        found += options(f"repro {name}", app)
    return found + options("repro run flipout", application(load("flipout"), lambda own, common: None))


def test_the_surface_is_the_committed_one():
    assert surface() == SURFACE.read_text().splitlines()


def test_every_option_of_the_paper_is_on_its_command_line():
    there = {word for line in surface() for word in line.split()[-1].split("/")}
    assert {o.flag for o in load("flipout").options} <= there
