"""Strengths around the published ones on MNIST, from the dense network, each pruned by its own ratio (trap 24).

A method has no single point: along its strengths accuracy and what is left move together, and the report reads the
fronts at equal weights. For groups the structure script's weight decay alone is a front's fair baseline (trap 11).
"""

from __future__ import annotations

from collections.abc import Sequence

from papers.hoyer.comparisons import (
    BEST,
    MACS,
    PRETRAINED,
    WEIGHTS,
    as_accurate,
    beats,
    experiment,
    fewer,
    in_table,
    structurally,
)
from papers.hoyer.settings import CNN, ELEMENT, FRONT, GROUP, GROUP_FRONT, MLP, NETWORK_TITLES, TITLES, Strength
from shared.claims import Claim, Compound, Trend

TABLES = {MLP: "mnist-mlp-front", CNN: "mnist-cnn-front"}
GROUP_TABLE = "mnist-structural-front"
SOURCE = "sheet 9, Q13, by the ratio rule"
SAYS = {WEIGHTS: "Fewer weights remain", MACS: "Fewer multiply-adds remain", BEST: "Accuracy falls"}


def element_fronts(network: str) -> list[Claim]:
    """What each element-wise regulariser trades along its strengths."""
    on = "" if network == MLP else f" on {NETWORK_TITLES[network]}"
    name = "" if network == MLP else f"{network}-"
    return _trends(network, ELEMENT[network], FRONT[network], (WEIGHTS, BEST), TABLES[network], name, on)


def group_fronts() -> list[Claim]:
    """The same for groups, by multiply-adds as well, and both published strengths beside each other and the decay."""
    claims: list[Claim] = []
    for network in (MLP, CNN):
        on, metrics = f" on {NETWORK_TITLES[network]}", (WEIGHTS, MACS, BEST)
        claims += _trends(network, GROUP[network], GROUP_FRONT[network], metrics, GROUP_TABLE, f"{network}-", on)
    for network in (MLP, CNN):
        sentence = structurally(f"q6-{network}-dense", network, "paper (sheet 9, Q6); README", PRETRAINED)
        claims.append(in_table(sentence, GROUP_TABLE))
        claims += [in_table(_beats_decay(network, s), GROUP_TABLE, counted=False) for s in GROUP[network]]
    return claims


def _trends(
    network: str,
    published: Sequence[Strength],
    around: Sequence[Strength],
    metrics: tuple[str, ...],
    table: str,
    name: str,
    on: str,
) -> list[Claim]:
    """Trends along each regulariser's strengths; only of LeNet-300-100, element-wise, did a source speak (Q13)."""
    out: list[Claim] = []
    for s in published:
        along = sorted([s, *(f for f in around if f.reg == s.reg)], key=lambda x: float(x.strength))
        out += [
            Trend(
                id=f"front-{name}{s.reg}-{metric}",
                table=table,
                text=f"{SAYS[metric]} as the strength of {TITLES[s.reg]}{on} grows, pruned at {s.ratio} std",
                source=SOURCE,
                experiments=tuple(experiment(network, x, PRETRAINED) for x in along),
                metric=metric,
                gating=table == TABLES[MLP],
            )
            for metric in metrics
        ]
    return out


def _beats_decay(network: str, s: Strength) -> Compound:
    """A group regulariser against the weight decay that its script adds in any case."""
    one, two = experiment(network, s, PRETRAINED), f"{network}/{PRETRAINED}none-decay1e-4/V0.25"
    who, source = f"{TITLES[s.reg]} on {NETWORK_TITLES[network]}, from the dense network,", "sheet, trap 11"
    id = f"trap11-{network}-{s.reg}"
    return beats(
        id,
        f"{who} beats weight decay alone structurally",
        source,
        fewer(f"{id}-macs", one, two, f"{who} leaves fewer multiply-adds than weight decay alone", source, MACS),
        as_accurate(f"{id}-accuracy", one, two, f"{who} is as accurate as weight decay alone", source),
        rival=f"Weight decay alone is as accurate as {who.rstrip(',')}",
    )
