"""Numbers that need no training, measured with the product's own code: parameters, MACs, remaining weights.

Heavy imports stay inside the functions: a count is only taken when its claim is judged.
"""

from __future__ import annotations

from functools import cache

from papers.flipout.settings import EPOCHS, FRACTION, dataset_of, model_for
from shared.sparsity.schedule import prune_epochs


@cache
def network_counts(network: str) -> dict[str, int]:
    """Parameters, prunable parameters and multiply-adds per sample of a network as built (sheet 2)."""
    from shared.models.registry import build
    from shared.sparsity import accounting

    spec = model_for(network, dataset_of(network))
    model = build(spec)
    layers = accounting.layer_table(model, (spec.channels, spec.size, spec.size))
    return {
        "params": sum(p.numel() for p in model.parameters()),
        "prunable_params": sum(layer.total for layer in layers),
        "forward_macs_per_sample": sum(layer.macs_dense for layer in layers),
    }


def network_count(network: str, metric: str) -> float:
    """One of the counts of a network."""
    return network_counts(network)[metric]


def final_sparsity(interval: int, fraction: float = FRACTION, epochs: int = EPOCHS) -> float:
    """Nominal percentage removed by a periodic schedule (the README's table of prune frequencies)."""
    return 100 * (1 - (1 - fraction) ** len(prune_epochs(epochs, interval)))


def remaining_periodic(network: str, interval: int) -> float:
    """Weights left by FlipOut or global magnitude: each halving takes the floor of half of what is live (sheet 7.9)."""
    from shared.sparsity.criteria import remaining_after

    rounds = len(prune_epochs(EPOCHS, interval))
    return remaining_after(network_counts(network)["prunable_params"], FRACTION, rounds)[-1]


def remaining_random(network: str, interval: int) -> float:
    """Weights left by random pruning as published, whose count runs through a floating-point sparsity (trap T17)."""
    from shared.sparsity.criteria import random_quota

    total = network_counts(network)["prunable_params"]
    live = total
    for _ in prune_epochs(EPOCHS, interval):
        live -= random_quota(total, total - live, FRACTION)
    return live


def remaining_snip(network: str, sparsity: float) -> float:
    """Weights SNIP keeps, ties aside (sheet 4.6)."""
    from shared.sparsity.snip import snip_quota

    return snip_quota(network_counts(network)["prunable_params"], sparsity)
