"""Sanity-checking pruning methods (Su et al., 2020): random tickets, and the checks that other tickets survive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papers.random_tickets.definition import paper as paper

TITLE = "Sanity-Checking Pruning Methods: Random Tickets can Win the Jackpot"
CITATION = "J. Su, Y. Chen, T. Cai, T. Wu, R. Gao, L. Wang, J. D. Lee, NeurIPS 2020, arXiv 2009.11094"


def __getattr__(name: str) -> Any:
    """``paper``, built when it is asked for: listing what there is must not import all of it."""
    if name != "paper":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papers.random_tickets.definition import paper

    return paper
