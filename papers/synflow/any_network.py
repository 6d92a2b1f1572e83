"""The paper's laws on whatever network one names: ``repro verify synflow --table theory --network resnet20``.

On a chain every layer carries the whole flow. Where a shortcut passes a layer by, its scores are what the flow loses
without it, so the laws are put in the form that holds in both: by unit, by emptied layer and by round. Weights are as
initialised, biases are zero, arithmetic is float64 and the image is all ones (sheet, sections 4.3 and 4.8). Where the
flow itself overflows, the laws of flow cannot be checked, and are broken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

from papers.synflow.descent import Descent, descent
from papers.synflow.laws import flow_and_layers, untrained
from papers.synflow.passage import Passage, passage
from shared.claims import Exact, Table
from shared.errors import ReproError, unknown

EXTREME = 1e-5
"""A density at which most networks have fewer weights left than tensors."""
LARGEST = 70_000_000
"""Weights that are checked at most: in float64, with scores, ranks and copies, they take about 80 bytes each."""


def theory_on(network: str, data: str) -> Table:
    """The table of laws for a network, and for the images and classes of a data set.

    Args:
        network, data: as ``repro run synflow`` names them.

    Raises:
        ReproError: if there is no such network or data set, or it is too large.
    """
    from papers.synflow.build import model_class
    from papers.synflow.counts import prunable
    from papers.synflow.networks import CLASSES, SIZES
    from papers.synflow.protocols import DATASETS

    if data not in SIZES:
        raise unknown("data set", data, SIZES)
    names = dict.fromkeys(name for family in CLASSES.values() for name in family)
    if network not in names:
        raise unknown("network", network, names)
    family = model_class({"network": network, "dataset": data, "model_class": None})
    weights = sum(prunable(family, network, data))
    if weights > LARGEST:
        raise ReproError(
            f"{network} for {data} has {weights / 1e6:,.0f} million weights, and the laws are checked on at most "
            f"{LARGEST / 1e6:.0f} million; choose a smaller --network or --dataset."
        )
    who = f"{network} on {DATASETS.get(data, data)}"
    return Table("theory", f"The laws of synaptic flow on {who}", tuple(_claims(family, network, data)))


def _claims(family: str, network: str, data: str) -> list[Exact]:
    at = (family, network, data)

    def law(id: str, text: str, measure: Callable[..., float], value: float = 0, tolerance: float = 0) -> Exact:
        return Exact(id=f"law-{id}-{network}-{data}", table="theory", text=text, source="Theorems 1 to 3",
                     measure=partial(measure, *at), value=value, tolerance=tolerance,
                     unit="ratio" if tolerance else "count", kind="invariant")  # fmt: skip

    return [
        law("finite", "SynFlow scores that overflow", nonfinite),
        law("units", "What a unit's weights bring to it passes on through it", unit_deviation, tolerance=1e-9),
        law(
            "layers",
            "Emptying a layer takes from the flow exactly that layer's scores",
            emptied_deviation,
            tolerance=1e-9,
        ),
        law("most", "Layers whose scores exceed the flow", layers_above_flow),
        law("cut", "Rounds that take more of the flow than the scores they remove", rounds_above_cut),
        law("critical", "Pruned in such rounds: weights left beyond one for each tensor", left_beyond_critical),
        law("alive", "Pruned so: emptied layers among those that carry the whole flow", whole_layers_emptied),
        law("connected", "Pruned so: input and output are still connected (1 = yes)", connected_at_critical, value=1),
        law("extreme", f"Weights left at a density of {EXTREME:g}", kept_at_extreme, value=kept_by_rule(*at)),
    ]


def nonfinite(family: str, network: str, data: str) -> float:
    """Scores that are not finite."""
    _, scores = flow_and_layers(family, network, data)
    return float(sum(int((~s.isfinite()).sum()) for s in scores.values()))


def _worst(gaps: Iterable[float], flow: float) -> float:
    """The largest gap over the flow; NaN if any of them is no number, which ``max`` would pass over."""
    found = [flow, *gaps]
    return max(found[1:], default=0.0) / flow if all(map(math.isfinite, found)) else math.nan


def unit_deviation(family: str, network: str, data: str) -> float:
    """Theorem 1: largest difference between what the scores say of a unit, on its two sides, and what passes it.

    What passes is ``y dR/dy`` at the unit's output. The scores of its incoming weights add up to that; so do those of
    its outgoing weights, where nothing but further layers reads the output, each from this layer alone. Over the flow.
    """
    flow, scores = flow_and_layers(family, network, data)
    seen: Passage = passage(*untrained(family, network, data))
    sides = [(scores[name].flatten(1).sum(1), through) for name, through in seen.through.items()]
    for name, readers in seen.readers.items():
        units = seen.through[name]
        leaving = [scores[r].transpose(0, 1).reshape(len(units), -1).sum(1) for r in readers]
        sides.append((sum(leaving[1:], leaving[0]), units))
    return _worst((float((found - through).abs().max()) for found, through in sides), flow)


def emptied_deviation(family: str, network: str, data: str) -> float:
    """Theorem 2: flow after emptying one layer against the flow less its scores, over the flow; the worst layer."""
    import torch
    from torch.func import functional_call

    from shared.sparsity.synflow import absolute_network

    model, weights, shape = untrained(family, network, data)
    flow, scores = flow_and_layers(family, network, data)
    state = absolute_network(model, weights, None, torch.float64)
    ones = torch.ones(1, *shape, dtype=torch.float64)
    found = []
    with torch.no_grad():
        for name in weights:
            without = state | {name: torch.zeros_like(state[name])}
            left = float(functional_call(model, without, (ones,)).sum())
            found.append(abs(left - (flow - float(scores[name].sum()))))
    return _worst(found, flow)


def layers_above_flow(family: str, network: str, data: str) -> float:
    """Layers that carry more than there is, rounding aside."""
    flow, scores = flow_and_layers(family, network, data)
    if not math.isfinite(flow):
        return math.nan
    return float(sum(float(s.sum()) > flow * (1 + 1e-9) for s in scores.values()))


def _descent(family: str, network: str, data: str) -> Descent | None:
    """SynFlow taken to the end, or nothing where the flow overflows."""
    seen = descent(family, network, data)
    return seen if math.isfinite(seen.flow[0]) else None


def rounds_above_cut(family: str, network: str, data: str) -> float:
    """Theorem 3's step: rounds after which less flow is left than the flow before them less the scores they removed."""
    if (seen := _descent(family, network, data)) is None:
        return math.nan
    left = zip(seen.flow, seen.flow[1:], seen.cut, strict=False)
    return float(sum(after < before - cut - 1e-9 * before for before, after, cut in left))


def left_beyond_critical(family: str, network: str, data: str) -> float:
    """Maximal critical compression: weights that remain above one for each tensor."""
    seen = _descent(family, network, data)
    return float(max(0, seen.left - seen.tensors)) if seen else math.nan


def whole_layers_emptied(family: str, network: str, data: str) -> float:
    """Layers on every path that end without a weight."""
    seen = _descent(family, network, data)
    return float(seen.emptied) if seen else math.nan


def connected_at_critical(family: str, network: str, data: str) -> float:
    """1 if some path from input to output is left."""
    seen = _descent(family, network, data)
    return float(seen.flow[-1] > 0) if seen else math.nan


def kept_by_rule(family: str, network: str, data: str) -> float:
    """Weights that a density of ``EXTREME`` shall leave, by the rule that the masks follow."""
    from papers.synflow.counts import prunable
    from shared.sparsity.density import removed_exactly

    entries = sum(prunable(family, network, data))
    return float(entries - removed_exactly(entries, EXTREME))


def kept_at_extreme(family: str, network: str, data: str) -> float:
    """Weights that one round at a density of ``EXTREME`` leaves."""
    from shared.sparsity.pruners import synflow_scores
    from shared.sparsity.rounds import prune_in_rounds

    model, weights, shape = untrained(family, network, data)
    return float(prune_in_rounds(synflow_scores(model, shape), weights, [EXTREME]).remaining)
