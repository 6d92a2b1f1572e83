"""Lists where ``repro run`` takes one value: ``--compression 1,2,5 --pruner rand,mag`` are six runs, as a sweep."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.errors import ReproError

if TYPE_CHECKING:
    from shared.paper import Option, Paper

Axes = dict[str, list[str]]
"""Option name -> its values as typed."""
SINGLE = ("restart",)
"""Options of one run that a list of runs does not take."""


def split(paper: Paper, words: Sequence[str]) -> tuple[list[str], Axes]:
    """Find the options that were given a list, and put the first value of each in its place.

    Numbers and names of a stated choice are lists at a comma, and so are ``--seed`` and ``--variant``; other text may
    hold commas of its own.

    Args:
        paper: whose options they are.
        words: what was typed after the paper's name.

    Raises:
        ReproError: for an empty value, or one given twice.
    """
    flags = {o.flag: o.name for o in paper.options if _lists(o)}
    flags |= {"--seed": "seed"} | ({"--variant": "variant"} if paper.variants else {})
    out, axes = list(words), Axes()
    for i, word in enumerate(words):
        flag, equals, given = word.partition("=")
        if flag not in flags or (not equals and i + 1 == len(words)):
            continue
        text = given if equals else words[i + 1]
        if "," not in text:
            continue
        values = [v.strip() for v in text.split(",")]
        if "" in values or len(set(values)) < len(values):
            raise ReproError(f"{flag} {text} is no list of different values, such as {flag} {_example(values)}.")
        axes[flags[flag]] = values
        out[i if equals else i + 1] = f"{flag}={values[0]}" if equals else values[0]
    return out, axes


def _lists(option: Option) -> bool:
    return option.type in (int, float) or (option.type is str and bool(option.choices))


def _example(values: Sequence[str]) -> str:
    return ",".join(dict.fromkeys(v for v in values if v)) or "1,2"


def run_all(paper: Paper, axes: Axes, typed: Mapping[str, Any], common: Mapping[str, Any]) -> None:
    """Make every combination of the lists, as ``repro sweep`` would; leaves with its exit code.

    Args:
        paper: the paper.
        axes: of ``split``.
        typed: the paper's own options that were typed, lists by their first value.
        common: the options every paper has.

    Raises:
        ReproError: for options that belong to one run, or combinations that cannot be.
    """
    began = time.time()
    from repro import sweep
    from repro.cli.sweep import carry_out
    from repro.launch import limit
    from repro.launch.processes import launched

    for name in SINGLE:
        if common.get(name):
            raise ReproError(f"--{name} is for one run; leave it out where an option has a list of values.")
    if launched() is not None:
        raise ReproError("Several processes train one run; give each option one value, or use one process.")
    every = {"seed": [str(common["seed"])]} | axes
    wanted = sweep.Wanted(
        grid=[f"{name}={','.join(values)}" for name, values in every.items()],
        options={name: value for name, value in typed.items() if name not in axes},
        variant=None if "variant" in axes else common.get("variant"),
        checks=tuple(common.get("check") or ()),
        scale=common["scale"],
        precision=common["precision"],
        sets=common["sets"] or (),
        data_dir=common["data_dir"],
        runs_dir=common["runs_dir"],
        device=common["device"],
        threads=common["threads"],
    )
    deadline = limit.deadline(common["time_limit"], began)
    prepared = sweep.prepare(paper, wanted)
    carry_out(
        prepared, wanted, deadline=deadline, dry_run=common["dry_run"], json=common["json"], track=common["track"]
    )
