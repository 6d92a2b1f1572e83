"""DeepHoyer (Yang, Wen and Li, 2020): sparse training with scale-invariant Hoyer regularisers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papers.hoyer.definition import paper as paper

TITLE = "DeepHoyer: Learning Sparser Neural Network with Differentiable Scale-Invariant Sparsity Measures"
CITATION = "H. Yang, W. Wen, H. Li, ICLR 2020, arXiv 1908.09979"


def __getattr__(name: str) -> Any:
    """``paper``, built when it is asked for: listing what there is must not import all of it."""
    if name != "paper":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papers.hoyer.definition import paper

    return paper
