"""The command line of ``repro run PAPER``: the paper's own options, grouped under its name, and the common ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.markup import escape

from repro.cli.help import Folding
from shared.errors import ReproError
from shared.paper import Option, Paper
from shared.sanity import CHECKS

Parameter = inspect.Parameter
OWN_WINS = ("check",)
"""Options of every paper that a paper may define for itself."""
RUN, MACHINE, OUTPUT = "run", "machine (no part of the protocol)", "output"


def application(paper: Paper, action: Callable[[Mapping[str, Any], Mapping[str, Any]], None]) -> typer.Typer:
    """A command for one paper.

    Args:
        paper: declares its options.
        action: called with the paper's options that were typed, and with the common ones.

    Raises:
        ReproError: if the paper declares an option that every paper has.
    """
    own = {o.name: _own(paper, o) for o in paper.options}
    common = {p.name: p for p in _common(paper) if p.name not in OWN_WINS or p.name not in own}
    if twice := sorted(own.keys() & common.keys()):
        raise ReproError(f"{paper.name} declares the option {twice[0]!r}, which every paper has; it must be renamed.")

    def command(**values: Any) -> None:
        typed = {name: values[name] for name in own if values[name] is not None}
        action(typed, {name: values[name] for name in common})

    parameters = [*own.values(), *common.values()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    text = (
        f"{escape(f'{paper.title} ({paper.citation})')}.\n\n"
        "One run, or one for each combination where numbers and choices are given as lists (1,2,5). What is not given "
        "follows the paper; the scale then cuts it."
    )
    app.command(name=paper.name, help=text, cls=Folding)(command)
    return app


def _own(paper: Paper, option: Option) -> Parameter:
    """One of the paper's options; not typed is ``None``, so that the paper decides what holds then."""
    flag = f"{option.flag}/--no-{option.flag[2:]}" if option.type is bool else option.flag
    choices = f" One of: {', '.join(option.choices)}." if option.choices else ""
    default = "" if option.default is None else f" (default: {_shown(option.default)})"
    group = f"{paper.name}: {option.group}" if option.group else paper.name
    text, panel = escape(option.help + choices + default), escape(group)  # a paper's words are no markup
    return _parameter(option.name, option.type, None, flag, help=text, rich_help_panel=panel)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _common(paper: Paper) -> list[Parameter]:
    """Options of every paper."""
    scales = ", ".join(paper.scales)
    made = [
        _parameter(
            "scale",
            str,
            "auto",
            "--scale",
            help=f"{scales}, or auto: paper where CUDA and the data are here, else demo.",
            rich_help_panel=RUN,
        ),
        _parameter("seed", int, 42, "--seed", help="Seed of the run (default: 42).", rich_help_panel=RUN),
    ]
    if paper.variants:
        variants = "; ".join(f"{name}: {text}" for name, text in paper.variants.items())
        made.append(_parameter("variant", str, None, "--variant", help=escape(f"{variants}."), rich_help_panel=RUN))
    return [
        *made,
        _parameter(
            "precision",
            str,
            None,
            "--precision",
            help="float32, tf32, bf16 or float64 instead of the protocol's.",
            rich_help_panel=RUN,
        ),
        _parameter(
            "check",
            list[str],
            None,
            "--check",
            help=f"Sanity check of the ticket, trained again where pruning happens in training; repeatable. One of: "
            f"{', '.join(CHECKS)}.",
            rich_help_panel=RUN,
        ),
        _parameter(
            "sets",
            list[str],
            None,
            "--set",
            help="Any setting of the protocol, after the scale, such as model.width=0.25 or "
            "phases.train.epochs=3; repeatable. --dry-run shows them all.",
            metavar="PATH=VALUE",
            rich_help_panel=RUN,
        ),
        _parameter("device", str, "auto", "--device", help="auto, cpu, cuda, cuda:1...", rich_help_panel=MACHINE),
        _parameter(
            "threads",
            int,
            None,
            "--threads",
            help="CPU threads; default: one for small networks, all cores for large ones.",
            min=1,
            rich_help_panel=MACHINE,
        ),
        _parameter(
            "time_limit",
            str,
            None,
            "--time-limit",
            help="Checkpoint and leave before the first epoch that would not fit into 9m, 90s, 1h30m; the same command "
            "continues.",
            rich_help_panel=MACHINE,
        ),
        _parameter(
            "data_dir", Path, None, "--data-dir", help="Where data sets are looked for first.", rich_help_panel=MACHINE
        ),
        _parameter(
            "runs_dir",
            Path,
            None,
            "--runs-dir",
            help="Where runs are kept (default: REPRO_RUNS, else runs here).",
            rich_help_panel=MACHINE,
        ),
        _parameter("dry_run", bool, False, "--dry-run", help="Print the protocol and stop.", rich_help_panel=OUTPUT),
        _parameter("json", bool, False, "--json", help="One JSON document on stdout.", rich_help_panel=OUTPUT),
        _parameter("track", bool, True, "--mlflow/--no-mlflow", help="Show the run in MLflow.", rich_help_panel=OUTPUT),
        _parameter(
            "restart",
            bool,
            False,
            "--restart",
            help="Delete what exists of this run, finished or not, and start again.",
            rich_help_panel=OUTPUT,
        ),
    ]


def _parameter(name: str, kind: Any, default: Any, flag: str, **settings: Any) -> Parameter:
    """A keyword parameter as Typer reads it."""
    wanted: Any = Optional[kind] if default is None else kind  # noqa: UP045  (kind is a value here)
    annotation = Annotated[wanted, typer.Option(flag, show_default=False, **settings)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
