"""The components that methods are made of, by the names used in protocols.

A paper adds its own through ``Paper.components``; both are looked up here, and imported only when a run needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import ReproError, unknown
from shared.lazy import attribute
from shared.protocol import Method
from shared.training.method import Component

HERE = "shared.training.components"
SHARED: dict[str, str] = {
    "mask-gradients": f"{HERE}.gradients:MaskGradients",
    "frozen-zeros": f"{HERE}.gradients:FrozenZeros",
    "clip-gradient-norm": f"{HERE}.gradients:ClipGradientNorm",
    "gradient-noise": f"{HERE}.noise:GradientNoise",
    "prune": f"{HERE}.prune:PeriodicPruning",
    "hoyer-square": f"{HERE}.penalties:hoyer_square",
    "group-hoyer": f"{HERE}.penalties:group_hoyer",
    "l1": f"{HERE}.penalties:l1",
    "l2": f"{HERE}.penalties:l2",
    "anneal-weight-decay": f"{HERE}.anneal:AnnealWeightDecay",
    "anneal-lr": f"{HERE}.anneal:AnnealLearningRate",
    "snip": f"{HERE}.at_init:snip",
    "score-and-prune": f"{HERE}.score_and_prune:score_and_prune",
    "prune-after": f"{HERE}.score_and_prune:PruneAfter",
    "learning-rate-table": f"{HERE}.tables:LearningRateTable",
    "masked-weights": f"{HERE}.masked_weights:MaskedWeights",
    "reallocate": f"{HERE}.reallocate:Reallocation",
    "prune-gradually": f"{HERE}.gradual:GradualPruning",
    "sparse-init": f"{HERE}.sparse_init:sparse_init",
    "erdos-renyi-init": f"{HERE}.sparse_init:densities_init",
    "restart": f"{HERE}.sparse_init:restart",
    "tie": f"{HERE}.tied:tie",
    "tied-gradients": f"{HERE}.tied:TiedGradients",
    "magnitude": f"{HERE}.one_shot:magnitude",
    "keep-masks": f"{HERE}.one_shot:keep_masks",
    "regulariser": f"{HERE}.regulariser:Regulariser",
    "measure-compact": f"{HERE}.compact:measure_compact",
    "dropout": f"{HERE}.dropout:Dropout",
    "hold-norm": f"{HERE}.hold_norm:HoldNorm",
    "freeze-zeros": f"{HERE}.gradients:FreezeZeros",
    "prune-by-threshold": f"{HERE}.by_threshold:prune_by_threshold",
    "outside-score": f"{HERE}.outside:outside_score",
    "outside-watch": f"{HERE}.outside:outside_watch",
    "outside-penalty": f"{HERE}.outside:OutsidePenalty",
}


def resolve(name: str, own: Mapping[str, str] | None = None) -> Callable[..., Any]:
    """The class or function registered under a name.

    Args:
        name: as in a protocol.
        own: a paper's registrations, ``name -> "module:attribute"``; they come before the shared ones.

    Raises:
        ReproError: if nothing has that name.
    """
    known = {**SHARED, **(own or {})}
    if name not in known:
        raise unknown("component", name, known)
    found: Callable[..., Any] = attribute(known[name])
    return found


def build(methods: tuple[Method, ...], own: Mapping[str, str] | None = None) -> list[Component]:
    """The components of a training phase, in order.

    Raises:
        ReproError: for an unknown name, or an option the component does not have.
    """
    components = []
    for method in methods:
        try:
            components.append(resolve(method.name, own)(**method.options))
        except TypeError as error:
            raise ReproError(f"component {method.name!r} refuses its options {method.options}: {error}.") from error
    return components
