"""Structural pruning of residual networks on CIFAR-10 as sentences (sheet 4.8, 6 E5).

The paper shows fronts whose strengths are not known and of which no number could be read, so three strengths stand for
them. No order of the two regularisers is claimed at one strength, which means something else for each; the report draws
both fronts over what is left.
"""

from __future__ import annotations

from papers.hoyer import zoo
from papers.hoyer.settings import TITLES
from shared.claims import Claim, Trend

TABLE = "cifar-structural"
ALONG = (
    ("remaining_weights", "Fewer weights remain"),
    ("compacted_macs_percent", "The smaller dense network needs fewer multiply-adds"),
    ("top1_accuracy", "Accuracy falls"),
)


def structural_fronts() -> list[Claim]:
    """What each group regulariser trades along its strengths, network by network."""
    strengths = sorted(zoo.GROUP_STRENGTHS, key=float)
    return [
        Trend(
            id=f"front-{name}-{reg}-{metric}",
            table=TABLE,
            text=f"{what} as the strength of {TITLES[reg]} grows on {zoo.NETWORKS[name].title}",
            source="sheet 6, E5",
            experiments=tuple(f"cifar10/{name}/{reg}-{s}" for s in strengths),
            metric=metric,
            which="best" if metric == "top1_accuracy" else "last",  # the script reports its best epoch (sheet 4.8)
        )
        for name in zoo.STRUCTURAL
        for reg in zoo.GROUP_REGS
        for metric, what in ALONG
    ]
