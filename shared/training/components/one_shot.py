"""Pruning a trained network once, by magnitude."""

from __future__ import annotations

from typing import Any, Literal

from shared.sparsity import one_shot
from shared.training.state import State

Count = Literal["exact", "ties-kept", "lottery-ticket"]


def magnitude(state: State, train: object, *, sparsity: float, count: Count = "exact") -> dict[str, Any]:
    """Keep the weights with the largest magnitude over all layers together.

    Args:
        state: the run after its training; its masks are replaced.
        train: not used.
        sparsity: fraction removed.
        count: ``exact`` with ties by position; ``ties-kept`` and ``lottery-ticket`` as the originals count
            (random_tickets sheet, 4.9 and 4.8: the latter ranks convolutions alone and keeps linear layers dense).

    Returns:
        The weights kept, in all and per tensor.
    """
    masks = state.masks
    if count == "lottery-ticket":
        live, _ = one_shot.lottery_ticket_masks(list(masks.parameters.values()), sparsity)
        masks.set(dict(zip(masks.live, live, strict=True)))
    else:
        keep = one_shot.keep_largest if count == "exact" else one_shot.keep_from_threshold
        masks.set_flat(keep(masks.flat_weights(), sparsity))
    return kept(state)


def keep_masks(state: State, train: object) -> dict[str, Any]:
    """Take the masks as training left them: a phase for the sanity checks to act on (``shared.sanity``)."""
    return kept(state)


def kept(state: State) -> dict[str, Any]:
    """What a pruning phase reports: weights kept, in all and per tensor."""
    per_tensor = [*state.masks.remaining_per_tensor().values()]
    return {"kept": sum(per_tensor), "kept_per_tensor": per_tensor}
