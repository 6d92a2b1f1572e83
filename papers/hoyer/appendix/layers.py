"""What structural pruning leaves of each layer: inputs and outputs alive, and both kinds of sparsity (sheet 4.9)."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from papers.hoyer.appendix.shown import STARTS, Shown
from papers.hoyer.cells import scientific
from papers.hoyer.settings import TITLES
from shared.appendix import Grid, Run
from shared.sparsity.alive import Alive, structural_sparsity

RULES = {"T": "by a fixed threshold", "V": "by the ratio", "S": "to a stated sparsity"}


def grids(found: Sequence[Shown]) -> Iterator[Grid]:
    """One table for each network, start and pruning rule: a row a layer, a column a training."""
    groups: dict[tuple[str, str, str, str], list[Shown]] = {}
    for s in found:
        if s.structure and all(alive(r) for r in s.runs):
            groups.setdefault((s.place, s.start, s.rule, s.scale), []).append(s)
    for (place, start, rule, scale), there in groups.items():
        own = sorted(there, key=lambda s: (list(TITLES).index(s.method), float(s.strength or 0)))
        layers = alive(own[0].runs[0])
        yield Grid(
            title=f"{place} layer by layer, {STARTS[start]}, pruned {RULES[rule]}, {scale} scale",
            header=("layer", "inputs × outputs", *(_training(s) for s in own)),
            rows=[
                *((n, f"{a.all_inputs} × {a.all_outputs}", *(_cell(s, n) for s in own)) for n, a in layers.items()),
                ("all layers, str", "", *(_overall(s, 0) for s in own)),
                ("mean over layers, str_avg", "", *(_overall(s, 1) for s in own)),
            ],
            note=(
                "Inputs × outputs of which any weight is left; then structural sparsity, the share of connections that "
                "are not between two such groups, and element-wise sparsity, the share of weights that are 0, in "
                "percent. str sums connections over the layers, str_avg is the mean of the layers' structural "
                "sparsities (the ImageNet script's two numbers). An alive output whose next inputs are all dead is "
                "counted here; the smaller networks lose it. Means over seeds."
            ),
        )


def alive(run: Run) -> dict[str, Alive]:
    """Groups of each weight of a run that are alive, by name; empty where the run has not counted them."""
    counts: dict[str, list[int]] = run.outcome.extra.get("alive", {})
    shapes = {layer.name: layer.shape for layer in run.outcome.layers}
    return {n: Alive(i, o, shapes[n][1], shapes[n][0]) for n, (i, o) in counts.items() if n in shapes}


def _training(s: Shown) -> str:
    """``Group-HS 1e-4``: the start stands in the title."""
    if s.method == "none":
        return "weight decay alone"
    return f"{TITLES[s.method]} {scientific(s.strength)}"


def _cell(s: Shown, name: str) -> str:
    here = [alive(r)[name] for r in s.runs]
    groups = (statistics.fmean(a.inputs for a in here), statistics.fmean(a.outputs for a in here))
    structural = statistics.fmean(100 * (1 - a.share) for a in here)
    layers = [next(layer for layer in r.outcome.layers if layer.name == name) for r in s.runs]
    elements = statistics.fmean(100 * (1 - layer.remaining / layer.total) for layer in layers)
    return f"{groups[0]:.4g} × {groups[1]:.4g}; {structural:.1f}, {elements:.1f}"


def _overall(s: Shown, which: int) -> str:
    return f"{100 * statistics.fmean(structural_sparsity(alive(r).values())[which] for r in s.runs):.1f}"
