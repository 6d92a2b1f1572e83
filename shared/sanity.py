"""Sanity checks of any run: what happens to the ticket if its data, its mask or its weights are spoilt.

A protocol goes in, a protocol comes out; nothing is run here, and torch is not imported (random_tickets sheet, 4.11).
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import ReproError, unknown
from shared.protocol import Method, Protocol, Prune, Rewind, Train

DATA_CHECKS = ("random-labels", "random-pixels", "half-dataset")
STRUCTURE_CHECKS = ("layerwise-rearrange", "layerwise-weight-shuffling")
CHECKS = (*DATA_CHECKS, *STRUCTURE_CHECKS)


def with_checks(protocol: Protocol, names: Sequence[str]) -> Protocol:
    """The run with some checks applied.

    Where a pruning phase comes first, the data it scores, its masks or the weights it leaves are spoilt, and training
    sees clean data. Where pruning happens during training, the run is trained on the spoilt data, then its ticket (the
    masks it ends with) is rearranged or shuffled, set back to the initial weights, and trained again on clean data.

    Args:
        protocol: without checks.
        names: of ``CHECKS``; they act in that order.

    Raises:
        ReproError: for an unknown check, or if the run prunes nothing.
    """
    if not names:
        return protocol
    for name in names:
        if name not in CHECKS:
            raise unknown("sanity check", name, CHECKS)
    checks = tuple(Method(name=name) for name in CHECKS if name in names)
    first = protocol.phases[0]
    if isinstance(first, Prune):
        spoilt = first.model_copy(update={"checks": checks})
        return protocol.with_(phases=(spoilt, *protocol.phases[1:]))
    if not isinstance(first, Train) or not first.methods or len(protocol.phases) > 1:
        raise ReproError(
            "--check needs a run that prunes before training or in one training; this one prunes "
            f"{'nothing' if len(protocol.phases) == 1 else 'in several phases'}, so choose another method."
        )
    data = tuple(c for c in checks if c.name in DATA_CHECKS)
    structure = tuple(c for c in checks if c.name in STRUCTURE_CHECKS)
    return protocol.with_(phases=(first.model_copy(update={"checks": data}), *_ticket(first, structure)))


def _ticket(found: Train, checks: tuple[Method, ...]) -> tuple[Prune | Rewind | Train, ...]:
    """Take the masks that a training ended with, go back to its beginning, and train what is left.

    The check of the weights comes after the rewind: it is the initial weights that are shuffled.
    """
    masks = tuple(c for c in checks if c.name == "layerwise-rearrange")
    weights = tuple(c for c in checks if c.name != "layerwise-rearrange")
    again = found.model_copy(update={"name": "ticket", "methods": (Method(name="mask-gradients"),), "checks": ()})
    return (
        Prune(name="check", method=Method(name="keep-masks"), checks=masks),
        Rewind(phase=found.name, epoch=0, checks=weights),
        again,
    )
