"""All commands under one name. Importing this imports only Typer."""

from __future__ import annotations

import importlib
from typing import Any

import typer

COMMANDS = {
    "list": "Papers, tables, experiments, methods, networks and data sets.",
    "show": "A table's claims, its protocol at each scale, variants and what the published numbers say.",
    "run": "One training run with a paper's own options.",
    "verify": "Run what a table needs and say, number by number, whether it stands.",
    "compare": "Your own method under a paper's protocol, tested against the paper's methods.",
    "sweep": "Many runs: tables, experiments or a grid, in local processes.",
    "results": "Export, import, show and check evidence.",
    "report": "One self-contained page (or tables, or figures) about a paper.",
    "ui": "Browse the runs in MLflow.",
    "data": "Where data sets are looked for, and how to get them.",
    "doctor": "What this machine has, and what is missing.",
    "bench": "Speed of the engine against a plain training loop, on this machine.",
}
MODULES = {"list": "listing"}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("pruning-repro"))
        raise typer.Exit


def build(words: list[str]) -> typer.Typer:
    """The application for a command line: only the command that was typed is imported, the others are named.

    Args:
        words: what was typed after ``repro``.
    """
    app = typer.Typer(
        help="Re-run published pruning papers and judge every number with honest statistics.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_main)
    typed = next((w for w in words if not w.startswith("-")), None)
    for name, text in COMMANDS.items():
        if name != typed:
            app.command(name, help=text)(_placeholder)
            continue
        module: Any = importlib.import_module(f"repro.cli.{MODULES.get(name, name)}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=text)
        else:
            app.command(name, help=text, context_settings=getattr(module, "CONTEXT", None))(module.command)
    return app


def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks instead of one sentence."),
) -> None:
    """Re-run published pruning papers and judge every number with honest statistics."""


def _placeholder() -> None:
    """Stands for a command that was not typed."""
