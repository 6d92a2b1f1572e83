"""The paper's laws on whatever network one names: ``repro verify synflow --table theory --network resnet20``.

On a chain every layer carries the whole flow. Where a shortcut passes a layer by, its scores are what the flow loses
without it, so the laws are put in the form that holds in both: by unit, by emptied layer and by round. Weights are as
initialised, biases are zero, arithmetic is float64 and the image is all ones (sheet, sections 4.3 and 4.8).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from papers.synflow.descent import descent
from papers.synflow.laws import flow_and_layers, untrained
from shared.claims import Exact, Table
from shared.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor, nn

EXTREME = 1e-5
"""A density at which most networks have fewer weights left than tensors."""


def theory_on(network: str, data: str) -> Table:
    """The table of laws for a network, and for the images and classes of a data set.

    Args:
        network, data: as ``repro run synflow`` names them.

    Raises:
        ReproError: if there is no such network or data set.
    """
    from papers.synflow.build import model_class
    from papers.synflow.networks import CLASSES, SIZES
    from papers.synflow.protocols import DATASETS

    if data not in SIZES:
        raise unknown("data set", data, SIZES)
    names = dict.fromkeys(name for family in CLASSES.values() for name in family)
    if network not in names:
        raise unknown("network", network, names)
    family = model_class({"network": network, "dataset": data, "model_class": None})
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


def unit_deviation(family: str, network: str, data: str) -> float:
    """Theorem 1: largest difference between a unit's incoming scores and ``y dR/dy`` at its output, over the flow."""
    import torch
    from torch.func import functional_call

    from shared.sparsity.synflow import absolute_network

    model, weights, shape = untrained(family, network, data)
    flow, scores = flow_and_layers(family, network, data)
    state = absolute_network(model, weights, None, torch.float64)
    ones = torch.ones(1, *shape, dtype=torch.float64, requires_grad=True)
    with _outputs(model, weights) as outputs:
        total = functional_call(model, state, (ones,)).sum()
        slopes = torch.autograd.grad(total, list(outputs.values()))
    worst = 0.0
    for (name, y), slope in zip(outputs.items(), slopes, strict=True):
        through = (y * slope).detach().transpose(0, 1).flatten(1).sum(1)
        into = scores[name].flatten(1).sum(1)
        worst = max(worst, float((into - through).abs().max()) / flow)
    return worst


@contextmanager
def _outputs(model: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Outputs of the layers that own the named weights, by the weight's name, once the network has run inside."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module, inputs: object, output: Tensor) -> None:
        seen[name] = output

    modules = dict(model.named_modules())
    hooks = [modules[n.rpartition(".")[0]].register_forward_hook(partial(keep, n)) for n in weights]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def emptied_deviation(family: str, network: str, data: str) -> float:
    """Theorem 2: flow after emptying one layer against the flow less its scores, over the flow; the worst layer."""
    import torch
    from torch.func import functional_call

    from shared.sparsity.synflow import absolute_network

    model, weights, shape = untrained(family, network, data)
    flow, scores = flow_and_layers(family, network, data)
    state = absolute_network(model, weights, None, torch.float64)
    ones = torch.ones(1, *shape, dtype=torch.float64)
    worst = 0.0
    with torch.no_grad():
        for name in weights:
            without = state | {name: torch.zeros_like(state[name])}
            left = float(functional_call(model, without, (ones,)).sum())
            worst = max(worst, abs(left - (flow - float(scores[name].sum()))) / flow)
    return worst


def layers_above_flow(family: str, network: str, data: str) -> float:
    """Layers that carry more than there is, rounding aside."""
    flow, scores = flow_and_layers(family, network, data)
    return float(sum(float(s.sum()) > flow * (1 + 1e-9) for s in scores.values()))


def rounds_above_cut(family: str, network: str, data: str) -> float:
    """Theorem 3's step: rounds after which less flow is left than the flow before them less the scores they removed."""
    seen = descent(family, network, data)
    left = zip(seen.flow, seen.flow[1:], seen.cut, strict=False)
    return float(sum(after < before - cut - 1e-9 * before for before, after, cut in left))


def left_beyond_critical(family: str, network: str, data: str) -> float:
    """Maximal critical compression: weights that remain above one for each tensor."""
    seen = descent(family, network, data)
    return float(max(0, seen.left - seen.tensors))


def whole_layers_emptied(family: str, network: str, data: str) -> float:
    """Layers on every path that end without a weight."""
    return float(descent(family, network, data).emptied)


def connected_at_critical(family: str, network: str, data: str) -> float:
    """1 if some path from input to output is left."""
    return float(descent(family, network, data).flow[-1] > 0)


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
