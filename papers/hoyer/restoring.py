"""Q10, that finetuning restores what pruning costs, on the runs that can tell (sheet, section 9).

After a pruning by the ratio the scripts report the best of what is measured before each epoch, among which is the
pruned network itself: that is never lower, whatever finetuning does. So the sentence is about fixed thresholds, where
the last epoch is reported. Both accuracies are of one run, which is why they are compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence

from papers.hoyer.cells import cells
from papers.hoyer.comparisons import LAST, PRETRAINED, PRUNED, SENTENCE, experiment, together
from papers.hoyer.settings import (
    CNN,
    ELEMENT,
    GROUP,
    MLP,
    NETWORK_TITLES,
    RERUN2,
    RERUN2_STRENGTHS,
    RERUN2_THRESHOLD,
)
from shared.claims import Compound, Ordering

FIRST, SECOND = "first rerun (sheet 9, Q10)", "second rerun (sheet 9, Q10)"
LATE = "added after its runs were kept, so it is shown and not counted"


def restored(network: str) -> Compound:
    """After element-wise training from scratch; of LeNet-300-100 there were runs before the sentence was."""
    trained = [f"{network}/none/T0.001", *(experiment(network, s, end="T0.001") for s in ELEMENT[network])]
    return _restored(network, f"on {NETWORK_TITLES[network]}", FIRST, trained, late=network == MLP)


def restored_groups() -> list[Compound]:
    """After the structure script."""
    return [
        _restored(
            f"groups-{network}",
            f"on {NETWORK_TITLES[network]} after structural training",
            FIRST,
            [f"{network}/none-decay1e-4/T0.001", *(experiment(network, s, end="T0.001") for s in GROUP[network])],
        )
        for network in (MLP, CNN)
    ]


def restored_sweep() -> Compound:
    """At every strength of the second rerun, in which Hoyer's accuracy fell twice."""
    swept = [f"{MLP}/{PRETRAINED}{reg}-{s}/T{RERUN2_THRESHOLD}" for reg in RERUN2 for s in RERUN2_STRENGTHS]
    return _restored("sweep", f"on {NETWORK_TITLES[MLP]} from the dense network, at every strength", SECOND, swept)


def _restored(id: str, where: str, source: str, experiments: Sequence[str], *, late: bool = False) -> Compound:
    titles = {c.id: c.title for c in cells()}
    parts = [
        Ordering(
            id=f"q10-{id}-{e.split('/')[1]}",
            table=SENTENCE,
            text=f"Finetuning raises the accuracy of {titles[e]}",
            source=source,
            better=e,
            worse=e,
            metric=LAST,
            worse_metric=PRUNED,
            paired=True,
            gating=not late,
        )
        for e in experiments
    ]
    text = f"Finetuning restores the accuracy that a fixed threshold costs {where}"
    return together(f"q10-{id}", text, source, *parts, note=LATE * late)
