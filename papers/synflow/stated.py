"""Numbers that the texts state about runs, read from the protocols of the runs that would be made here."""

from __future__ import annotations

import math
from collections.abc import Iterable

from papers.synflow import protocols
from papers.synflow.protocols import FIGURE6
from papers.synflow.settings import RATIOS
from shared.protocol import Method, Protocol, Prune, Train


def only(found: Iterable[float]) -> float:
    """The number that all of them are; not a number where they differ, which equals nothing."""
    different = set(found)
    return different.pop() if len(different) == 1 else math.nan


def _prunings(protocol: Protocol) -> list[Method]:
    """What prunes the network, between phases of training or within one."""
    found = []
    for phase in protocol.phases:
        if isinstance(phase, Prune):
            found.append(phase.method)
        elif isinstance(phase, Train):
            found += [m for m in phase.methods if m.name == "prune-after"]
    return found


def _option(experiment: str, name: str, default: float = math.nan) -> float:
    """An option of an experiment's one pruning."""
    (pruning,) = _prunings(protocols.experiments()[experiment].protocol(1))
    found = pruning.options.get(name, default)
    return float(found) if isinstance(found, int | float) else math.nan


def synflow_rounds() -> float:
    """Scoring rounds of SynFlow at 10^1 in each panel of Figure 6."""
    return only(_option(f"{network}-{data}/synflow/c1.00", "rounds", 1) for network, data in FIGURE6)


def highest_sparsity() -> float:
    """Percent removed in the run behind "up to 99.99 %" (sentence q12)."""
    return 100 * (1 - _option("vgg16-bn-cifar100/synflow/c4.00", "density"))


def panels() -> float:
    """Networks times data sets in Figure 6, as the paper counts them; nine are distinct (trap 7)."""
    named = {(e.labels["network"], e.labels["dataset"], id) for id, e in protocols.experiments().items()}
    return float(sum(id == f"{network}-{data}/synflow/c1.00" for network, data, id in named))


def pretraining() -> float:
    """Epochs before the assignment's magnitude pruning."""
    return only(_option(f"assignment/vgg16/mag/{ratio}x", "epoch") for ratio in RATIOS if ratio > 1)
