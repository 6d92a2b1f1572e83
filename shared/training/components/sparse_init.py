"""Random masks before training, and masks taken from another run (dsr sheet, sections 2.4 and 4.12)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.draws import Draws, KeyedDraws
from shared.models.registry import build
from shared.sparsity.masks import Masks
from shared.sparsity.topk import lowest
from shared.sparsity.units import Granularity, active_count, of_units, unit_size
from shared.training.components.masked_weights import keep_dormant
from shared.training.state import State


def random_masks(
    masks: Masks, draws: Draws, sparsity: dict[str, float], granularity: Granularity = "weight"
) -> dict[str, Tensor]:
    """A mask for every tensor with ``int((1 - s) * n + 0.1)`` active units at uniformly random places.

    Args:
        masks: the prunable tensors.
        draws: the run's randomness.
        sparsity: fraction of the units removed, by tensor.
        granularity: what a unit is.
    """
    out = {}
    for index, (name, live) in enumerate(masks.live.items()):
        units = live.numel() // unit_size(live.shape, granularity)
        order = draws.permutation(units, "initial-mask", index=index).to(live.device)
        chosen = torch.zeros(units, dtype=torch.bool, device=live.device)
        chosen[order[: active_count(units, sparsity[name])]] = True
        out[name] = of_units(chosen, live.shape)
    return out


def sparse_init(
    state: State,
    train: EpochLoader,
    *,
    conv: float = 0.0,
    linear: float = 0.0,
    granularity: Granularity = "weight",
) -> dict[str, Any]:
    """Give every prunable tensor a random mask; what it hides keeps its initial values as dormant ones.

    Args:
        state: the run before training.
        train: unused: no data is looked at.
        conv, linear: sparsity of convolutions and of linear layers.
        granularity: units of convolutions.

    Returns:
        Active weights per tensor.
    """
    keep_dormant(state)
    sparsity = {n: conv if p.ndim == 4 else linear for n, p in state.masks.parameters.items()}
    state.masks.set(random_masks(state.masks, state.draws, sparsity, granularity))
    return {"kept_per_tensor": [*state.masks.remaining_per_tensor().values()]}


def densities_init(
    state: State, train: EpochLoader, *, sparsity: float, power: float = 1.0, kind: str = "erk"
) -> dict[str, Any]:
    """Random masks with Erdos-Renyi(-kernel) densities (Evci et al., 2020; outside the paper).

    Args:
        state: the run before training.
        train: unused.
        sparsity: overall fraction removed.
        power: of the raw density.
        kind: ``erk`` (all dimensions) or ``er`` (the two of a linear layer).
    """
    from shared.sparsity.erdos_renyi import kept, sparsities

    keep_dormant(state)
    parameters = state.masks.parameters
    per_tensor = sparsities([tuple(p.shape) for p in parameters.values()], sparsity, kind=kind, power=power)
    masks = {}
    for index, ((name, live), s) in enumerate(zip(state.masks.live.items(), per_tensor, strict=True)):
        scores = state.draws.uniform(live.numel(), "initial-mask", index=index).to(live.device)
        masks[name] = lowest(scores, kept(live.numel(), s)).view(live.shape)
    state.masks.set(masks)
    return {"kept_per_tensor": [*state.masks.remaining_per_tensor().values()], "sparsities": per_tensor}


@torch.no_grad()
def restart(state: State, train: EpochLoader, *, values: Literal["initial", "fresh"]) -> dict[str, Any]:
    """Train what the masks leave from new weights: the run's own initial ones, or fresh ones.

    Positions that the first masks hid take the value they had at initialisation (dsr sheet, section 4.12). Statistics
    of batch normalisation start again.

    Args:
        state: the run after the training that found the masks.
        train: unused.
        values: which weights.

    Returns:
        Active weights per tensor.
    """
    assert isinstance(state.draws, KeyedDraws)
    generator = state.draws.generator("initial-weights", (0 if values == "initial" else 1, 0, 0))
    new = build(state.protocol.model, generator)
    state.model.load_state_dict({k: v.to(state.device) for k, v in new.state_dict().items()})
    for dormant in state.masks.dormant or ():
        dormant.zero_()
    state.masks.apply()
    return {"kept_per_tensor": [*state.masks.remaining_per_tensor().values()]}
