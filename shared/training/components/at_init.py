"""Pruning before training."""

from __future__ import annotations

from typing import Any, Literal

from shared.data.loader import EpochLoader
from shared.sparsity import snip as scoring
from shared.training.state import State


def snip(
    state: State, train: EpochLoader, *, sparsity: float, variant: Literal["published", "corrected"] = "published"
) -> dict[str, Any]:
    """Prune by SNIP on the first training batch (flipout sheet 4.6).

    ``published``: log-likelihood of raw logits, Xavier-redrawn weights in a copy, ties at the threshold kept; the
    bookkeeping masks stay all ones and the keep set is left for ``frozen-zeros``. ``corrected``: cross-entropy on the
    network's own weights, an exact count, ordinary masks.

    Args:
        state: the run before training.
        train: its training data.
        sparsity: fraction removed.
        variant: which of the two.

    Returns:
        The loss, and the weights kept in all and per tensor.
    """
    batch = next(iter(train.epoch(0)))
    params = state.masks.parameters
    if variant == "published":
        scores, loss = scoring.snip_scores(
            state.model,
            params,
            batch.images,
            batch.labels,
            loss="log-likelihood-of-logits",
            reinitialise="xavier-normal",
            draws=state.draws,
        )
        live = scoring.keep_published(scores, sparsity)
    else:
        scores, loss = scoring.snip_scores(state.model, params, batch.images, batch.labels)
        live = scoring.keep_exactly(scores, sparsity)
    if variant == "published":
        everything = state.masks.state_dict()
        state.masks.set_flat(live)
        state.kept |= {f"frozen/{n}": m.to(params[n].dtype) for n, m in state.masks.live.items()}
        kept = state.masks.remaining_per_tensor()
        state.masks.load_state_dict(everything)
    else:
        state.masks.set_flat(live)
        kept = state.masks.remaining_per_tensor()
    return {"loss": float(loss), "kept": sum(kept.values()), "kept_per_tensor": [*kept.values()]}
