"""SynFlow (Tanaka, Kunin, Yamins and Ganguli, 2020), its four rivals, and the course assignment built on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papers.synflow.definition import paper as paper

TITLE = "Pruning neural networks without any data by iteratively conserving synaptic flow"
CITATION = "H. Tanaka, D. Kunin, D. L. K. Yamins, S. Ganguli, NeurIPS 2020, arXiv 2006.05467"


def __getattr__(name: str) -> Any:
    """``paper``, built when it is asked for: listing what there is must not import all of it."""
    if name != "paper":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papers.synflow.definition import paper

    return paper
