"""What the paper says about where weights end, and about single runs that fail (C4, C11, C18 of the sheet's section 9).

The submission shows densities in figures, without numbers. A static run has one density everywhere: its value of
these metrics is 0 and a sentence is a comparison with it.
"""

from __future__ import annotations

from statistics import median

from papers.dsr.protocols import experiments
from papers.dsr.published import rows
from papers.dsr.settings import CIFAR_SPARSITIES, MNIST_SPARSITIES
from shared.claim_file import single_runs
from shared.claims import Claim, Compound, Exact, Ordering

SENTENCE, SOURCE = "sentences", "ICLR submission"
LAST_LEADS = "density_lead:fc3.weight"
BELOW = 7.0
"""Points below the median of its five runs from which a run counts as failed (C18)."""


def _everywhere(id: str, text: str, metric: str, prefix: str, sparsities: tuple[float, ...], note: str) -> Compound:
    """The metric is above 0 in DSR's runs at every sparsity."""
    parts = []
    for s in sparsities:
        moved, static = (f"{prefix}/{method}/{100 * s:g}" for method in ("dsr", "static"))
        words = f"{text}: {experiments()[moved].title}, against uniform densities"
        part = Ordering(
            id=f"{id}-{100 * s:g}", table=SENTENCE, text=words, source=SOURCE, better=moved, worse=static, metric=metric
        )
        parts.append(part)
    return Compound(id=id, table=SENTENCE, text=text, source=SOURCE, note=note, parts=tuple(parts))


def where_weights_end() -> tuple[Claim, ...]:
    """C4 and C11."""
    cifar = ("cifar10-iclr", CIFAR_SPARSITIES)
    later = "in the second author's later code, at 90 % of all weights, the rank correlation over 24 tensors is"
    return (
        _everywhere(
            "c4-last-layer-densest",
            "On MNIST DSR leaves the last layer the densest of the three",
            LAST_LEADS,
            "mnist",
            MNIST_SPARSITIES,
            "shown in a figure",
        ),
        _everywhere(
            "c11-larger-sparser",
            "On CIFAR-10 DSR leaves the larger tensors the sparser",
            "sparsity_by_size",
            *cifar,
            f"said of a figure, as a rough trend; {later} 0.70",
        ),
        _everywhere(
            "c11-deeper-sparser",
            "On CIFAR-10 DSR leaves the deeper tensors the sparser",
            "sparsity_by_depth",
            *cifar,
            f"said of a figure, as a rough trend; {later} 0.73, yet its middle group is no sparser than its first",
        ),
    )


def failing_runs() -> Claim:
    """C18, on the authors' runs; of ours the report counts the classes that each mask cut off."""
    text = (
        "Of the authors' ten static runs at 98 and 96 % on MNIST, two end more than "
        f"{BELOW:g} points below the median of their five"
    )
    return Exact(
        id="c18-static-runs-fail", table=SENTENCE, text=text, source="raw runs", provenance="code-log",
        note="a fixed mask can cut a class off for good", measure=failed, value=2,
    )  # fmt: skip


def failed() -> float:
    """How many of those runs failed."""
    wanted = {"mnist/static/98", "mnist/static/96"}
    cells = [single_runs(row) for row in rows() if row["verify_table"] == "mnist" and row["experiment"] in wanted]
    return float(sum(run < median(runs) - BELOW for runs in cells for run in runs))
