"""Grids of runs as typed: ``method=flipout,snip`` and ``sparsity=.9,.99`` are four combinations."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from repro.single import Asked, Single, plan
from shared.errors import ReproError, unknown
from shared.paper import Option, Paper

Combination = dict[str, str]
COMMON = ("seed", "variant", "precision")
"""Names that every paper has, beside its own options and the dotted settings of ``--set``."""

YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def combinations(expressions: Sequence[str]) -> list[Combination]:
    """Every combination of the values, the first name varying slowest.

    Args:
        expressions: ``name=value,value...`` each; ``;`` separates values that hold commas.

    Raises:
        ReproError: for an expression that is none, or a name or value given twice.
    """
    axes: dict[str, list[str]] = {}
    for expression in expressions:
        name, equals, text = expression.partition("=")
        name = name.strip().lstrip("-")
        values = [v.strip() for v in text.split(";" if ";" in text else ",")]
        if not (name and equals) or "" in values:
            raise ReproError(f"--grid {expression!r} is not NAME=VALUE,VALUE..., such as sparsity=.9,.99.")
        if name in axes or len(set(values)) < len(values):
            raise ReproError(f"--grid {expression!r}: {name} or one of its values is given twice.")
        axes[name] = values
    return [dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())] if axes else []


def queue(path: Path) -> list[Combination]:
    """The combinations of a queue file: each line is a grid of its own (``method=snip sparsity=.9,.99``).

    Empty lines and what follows ``#`` are left out.

    Raises:
        ReproError: if the file cannot be read or a line is no grid, naming the line.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReproError(f"The queue {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    found: list[Combination] = []
    for number, line in enumerate(lines, start=1):
        try:
            found += combinations(shlex.split(line, comments=True))
        except (ReproError, ValueError) as error:
            raise ReproError(f"{path}, line {number}: {error}") from error
    if not found:
        raise ReproError(f"The queue {path} holds no run; a line is NAME=VALUE NAME=VALUE,VALUE...")
    return found


def name_of(combination: Mapping[str, str]) -> str:
    """A combination as one would type it."""
    return " ".join(f"{name}={value}" for name, value in combination.items())


def single(paper: Paper, combination: Mapping[str, str], base: Asked) -> Single:
    """The run of a combination, by the paper's own ``build``.

    Args:
        paper: whose options the names are.
        combination: option, ``seed``, ``variant``, ``precision`` or dotted setting, to a value as typed.
        base: what holds for all combinations.

    Raises:
        ReproError: whatever refuses the run, naming the combination.
    """
    own = {o.name: o for o in paper.options}
    options, common, sets = dict(base.options), {}, list(base.sets)
    try:
        for name, text in combination.items():
            plain = name.replace("-", "_")
            if "." in name:
                sets.append(f"{name}={text}")
            elif plain in own:
                options[plain] = typed(own[plain], text)
            elif plain == "seed":
                common["seed"] = _number(int, "seed", text)
            elif plain in COMMON:
                common[plain] = text
            else:
                raise unknown(f"{paper.name} option", name, [*own, *COMMON])
        fields: dict[str, Any] = {**vars(base), **common, "options": options, "sets": tuple(sets)}
        return plan(paper, Asked(**fields))
    except ReproError as error:
        raise type(error)(f"{name_of(combination)}: {error}") from error


def typed(option: Option, text: str) -> Any:
    """The value of an option as its type.

    Raises:
        ReproError: if the text is none.
    """
    if option.type is bool:
        if text.lower() not in YES + NO:
            raise ReproError(f"{option.flag} is true or false, not {text!r}.")
        return text.lower() in YES
    return _number(option.type, option.flag, text)


def _number(kind: type, name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ReproError(f"{name} takes {kind.__name__} values, not {text!r}.") from None
