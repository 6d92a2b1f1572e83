"""FlipOut (Apostol, Stol and Forré, 2020): prune the weights whose sign flips most for their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papers.flipout.definition import paper as paper

TITLE = "FlipOut: Uncovering Redundant Weights via Sign Flipping"
CITATION = "A. Apostol, M. Stol, P. Forré, 2020, arXiv 2009.02594"


def __getattr__(name: str) -> Any:
    """``paper``, built when it is asked for: listing what there is must not import all of it."""
    if name != "paper":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papers.flipout.definition import paper

    return paper
