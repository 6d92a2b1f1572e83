"""Dynamic sparse reparameterisation (Mostafa and Wang, 2019): move weights between layers while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papers.dsr.definition import paper as paper

TITLE = "Parameter efficient training of deep convolutional neural networks by dynamic sparse reparameterization"
CITATION = "H. Mostafa, X. Wang, ICML 2019, arXiv 1902.05967"


def __getattr__(name: str) -> Any:
    """``paper``, built when it is asked for: listing what there is must not import all of it."""
    if name != "paper":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papers.dsr.definition import paper

    return paper
