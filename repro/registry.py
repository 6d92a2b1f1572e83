"""Papers are found through the entry-point group ``repro.papers``, so that one can live in any package."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from shared.errors import ReproError, unknown
from shared.paper import Paper

GROUP = "repro.papers"


@cache
def _found() -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of the installed papers; nothing is imported."""
    return sorted(_found())


@cache
def load(name: str) -> Paper:
    """Import a paper.

    Raises:
        ReproError: if no installed package provides it, or its package does not load.
    """
    if name not in _found():
        raise unknown("paper", name, names())
    try:
        paper = _found()[name].load()
    except ImportError as error:
        raise ReproError(f"The paper {name!r} is registered but its package does not load: {error}.") from error
    if not isinstance(paper, Paper):
        raise ReproError(f"The entry point of {name!r} is a {type(paper).__name__}, not a shared.paper.Paper.")
    return paper
