"""Papers are found through the entry-point group ``repro.papers``, so that one can live in any package."""

from __future__ import annotations

import importlib
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from shared.errors import ReproError, unknown

if TYPE_CHECKING:
    from shared.paper import Paper

GROUP = "repro.papers"


@cache
def _found() -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of the installed papers; nothing is imported."""
    return sorted(_found())


def headline(name: str) -> tuple[str, str]:
    """Title and citation of a paper, importing no more of it where its package states ``TITLE`` and ``CITATION``.

    Raises:
        ReproError: as ``load``.
    """
    if name in _found():
        module = None
        with suppress(Exception):  # a stranger's package may raise anything; load says what
            module = importlib.import_module(_found()[name].module)
        if module is not None and hasattr(module, "TITLE") and hasattr(module, "CITATION"):
            return module.TITLE, module.CITATION
    paper = load(name)
    return paper.title, paper.citation


@cache
def load(name: str) -> Paper:
    """Import a paper.

    Raises:
        ReproError: if no installed package provides it, its package does not load, or what it provides is no paper of
            this name with a scale of its own.
    """
    if name not in _found():
        raise unknown("paper", name, names())
    try:
        paper = _found()[name].load()
    except Exception as error:  # a stranger's package may raise anything
        said = f"{error}" if isinstance(error, ImportError | ReproError) else f"{type(error).__name__}: {error}"
        raise ReproError(f"The paper {name!r} is registered but its package does not load ({said}).") from error
    from shared.paper import Paper

    if not isinstance(paper, Paper):
        raise ReproError(f"The entry point of {name!r} is a {type(paper).__name__}, not a shared.paper.Paper.")
    if paper.name != name:  # its runs would look for a paper of the other name
        raise ReproError(f"The paper {name!r} calls itself {paper.name!r}; its entry point must have the same name.")
    if "paper" not in paper.scales:
        raise ReproError(f"The paper {name!r} has no scale 'paper', at which its experiments are given.")
    return paper
