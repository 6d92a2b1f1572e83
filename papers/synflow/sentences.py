"""What the paper, its critics and the assignment say in words, as claims (sheet, section 9).

Judgements are not written down here: ``repro verify --published`` makes them from claims.csv.
"""

from __future__ import annotations

from functools import partial

from papers.synflow import laws
from papers.synflow.protocols import DATASETS, FIGURE6, NETWORKS, PRUNERS
from papers.synflow.settings import RATIOS, SPOKEN
from shared.claims import Claim, Collapse, Compound, Exact, Ordering, Trend

SENTENCE = "sentences"
RIVALS = ("rand", "mag", "snip", "grasp")
HIGH = tuple(c / 4 for c in range(7, 13))
"""Exponents of Figure 6 beyond 1.5."""


def cell(network: str, data: str, pruner: str, c: float) -> str:
    """Id of an experiment of Figure 6."""
    return f"{network}-{data}/{pruner}/c{c:.2f}"


def combinations() -> int:
    """Networks times data sets of Figure 6, as the paper counts them; nine are distinct (trap 7)."""
    return len(FIGURE6)


def _say(network: str, data: str) -> str:
    return f"{NETWORKS[network]} on {DATASETS[data]}"


def beats(id: str, better: str, worse: str, text: str, *, table: str = SENTENCE, source: str = "") -> Ordering:
    """``better`` ends with a higher test accuracy than ``worse``."""
    return Ordering(id=id, table=table, text=text, source=source, better=better, worse=worse)


def chance(id: str, experiment: str, text: str, p: float, *, table: str = SENTENCE, collapsed: bool = True) -> Collapse:
    """A network ends at chance, or does not."""
    return Collapse(
        id=id, table=table, text=text, source="sheet 5.1", experiment=experiment, chance=p, collapsed=collapsed
    )


def _compound(id: str, text: str, source: str, parts: list[Claim], note: str = "", table: str = SENTENCE) -> Compound:
    return Compound(id=id, table=table, text=text, source=source, note=note, parts=tuple(parts))


def _best_at_high_compression(network: str, data: str) -> Compound:
    """Q1 for one panel."""
    parts: list[Claim] = [
        beats(
            f"q1-{network}-{data}-c{c:.2f}-{rival}",
            cell(network, data, "synflow", c),
            cell(network, data, rival, c),
            f"{_say(network, data)} at 10^{c:g}: SynFlow is more accurate than {SPOKEN[rival]}",
            source="abstract, Figure 6",
        )
        for c in HIGH
        for rival in RIVALS
    ]
    text = f"{_say(network, data)}: SynFlow is the best pruner from 10^1.75 on"
    return _compound(f"q1-{network}-{data}", text, "Figure 6", parts)


def _beats_random(network: str, data: str) -> Compound:
    """Q3 for one panel."""
    parts: list[Claim] = [
        beats(
            f"q3-{network}-{data}-c{c / 4:.2f}",
            cell(network, data, "synflow", c / 4),
            cell(network, data, "rand", c / 4),
            f"{_say(network, data)} at 10^{c / 4:g}: SynFlow is more accurate than random pruning",
        )
        for c in range(2, 13)
    ]
    return _compound(f"q3-{network}-{data}", f"{_say(network, data)}: SynFlow beats random pruning", "section 6", parts)


def _below_random() -> Compound:
    """Q4."""
    parts: list[Claim] = [
        beats(
            f"q4-{pruner}-c{c:.2f}",
            cell("resnet18", "tiny-imagenet", "rand", c),
            cell("resnet18", "tiny-imagenet", pruner, c),
            f"ResNet-18 on Tiny-ImageNet at 10^{c:g}: random pruning is more accurate than {SPOKEN[pruner]}",
        )
        for pruner in ("snip", "grasp")
        for c in (0.5, 1.0, 1.5, 2.0, 2.5)
    ]
    return _compound(
        "q4-below-random",
        "On Tiny-ImageNet, SNIP and GraSP prune ResNet-18 worse than chance does",
        "section 6",
        parts,
        "of GraSP with the inverted sign (trap 5)",
    )


def _magnitude_collapses() -> Compound:
    """Q6: the classifier's bounded initial weights go all at once (sheet 7.6)."""
    parts: list[Claim] = []
    for data, p in (("cifar10", 0.1), ("cifar100", 0.01), ("tiny-imagenet", 0.005)):
        alive, dead = cell("resnet18", data, "mag", 1.0), cell("resnet18", data, "mag", 1.25)
        who = f"ResNet-18 on {DATASETS[data]}"
        parts.append(chance(f"q6-{data}-alive", alive, f"{who}, Mag at 10^1, is not at chance", p, collapsed=False))
        parts.append(chance(f"q6-{data}-dead", dead, f"{who}, Mag at 10^1.25, is at chance", p))
    text = "Magnitude pruning at initialisation drops to chance suddenly on ResNet-18"
    return _compound("q6-sudden-collapse", text, "section 3", parts)


def _multishot() -> Compound:
    """Q10."""
    parts: list[Claim] = [
        beats("q10-two-levels", "imp/L2/c2.0", "imp/L1/c2.0", "Two levels at 10^2 are more accurate than one"),
        beats("q10-three-levels", "imp/L3/c3.0", "imp/L2/c3.0", "Three levels at 10^3 are more accurate than two"),
        chance("q10-one-dies", "imp/L1/c2.0", "One level at 10^2 is at chance", 0.1),
    ]
    return _compound(
        "q10-iteration", "Iterative magnitude pruning in more levels survives more compression", "Figure 5a", parts,
        "the published levels were not rewound (trap 15)",
    )  # fmt: skip


def _no_data() -> Compound:
    """Q12."""
    parts: list[Claim] = [
        chance("q12-synflow", cell("vgg16-bn", "cifar100", "synflow", 4.0), "SynFlow at 10^4 is not at chance", 0.01,
               collapsed=False),
        *[chance(f"q12-{r}", cell("vgg16-bn", "cifar100", r, 4.0), f"{SPOKEN[r]} at 10^4 is at chance", 0.01)
          for r in RIVALS],
    ]  # fmt: skip
    text = "At 99.99 % sparsity only SynFlow leaves a trainable VGG-16-BN (CIFAR-100)"
    return _compound("q12-extreme", text, "abstract, Figure 1", parts)


def _ablations() -> tuple[Compound, Compound]:
    """Q14 and Q16: Frankle et al."""
    same: list[Claim] = [
        Ordering(
            id=f"q14-{p}-{a}-{s}",
            table=SENTENCE,
            text=f"{SPOKEN[p]} at {s} %: {a} changes the accuracy by at most one point",
            better=f"ablation/{p}-{a}/{s}",
            worse=f"ablation/{p}-none/{s}",
            within=1.0,
        )
        for p in ("mag", "snip", "grasp")
        for a in ("shuffle", "reinit")
        for s in (30, 60, 90, 98)
    ]
    dead: list[Claim] = [
        chance(f"q16-{p}-{s}", f"ablation/{p}-invert/{s}", f"Inverted {SPOKEN[p]} at {s} % is at chance", 0.1)
        for p in ("mag", "snip")
        for s in (30, 60, 90, 98)
    ]
    return (
        _compound("q14-only-rates-matter", "Shuffled or re-initialised masks do as well", "Frankle et al. 2020", same),
        _compound("q16-inversion", "Inverted SNIP and Mag are at chance", "Frankle et al. 2020", dead),
    )


def _laws() -> list[Claim]:
    """Theorems 1 to 3 in float64, and what must never go wrong."""

    def law(id: str, text: str, measure: partial[float], value: float, tolerance: float = 1e-9) -> Exact:
        return Exact(id=id, table="theory", text=text, source="Theorems 1 to 3", measure=measure, value=value,
                     unit="ratio" if tolerance else "count", tolerance=tolerance, kind="invariant")  # fmt: skip

    out: list[Claim] = []
    for family, name, data in laws.PLAIN:
        who = f"{name} on {data}"
        out.append(law(f"law-layers-{name}", f"The SynFlow scores of each layer of {who} add up to the flow",
                       partial(laws.layer_deviation, family, name, data), 0))  # fmt: skip
    for family, name, data in laws.PLAIN[1:]:
        out.append(law(f"law-units-{name}", f"What flows into a hidden unit of {name} on {data} flows out of it",
                       partial(laws.unit_deviation, family, name, data), 0))  # fmt: skip
    out.append(law("law-saliency", "w dL/dw of a ReLU network has the same sum in every layer",
                   partial(laws.saliency_deviation), 0))  # fmt: skip
    out.append(law("law-critical", "Re-scored after every weight, SynFlow keeps 3 of 3 layers alive with 3 weights",
                   partial(laws.critical_by_single_weights), 3, 0))  # fmt: skip
    out.append(law("law-cut-exponential", "An exponential schedule of 100 rounds never cuts the whole flow",
                   partial(laws.cut_exceeds_flow, "exponential", 100), 0, 0))  # fmt: skip
    out.append(law("law-cut-one-round", "A single round cuts as much as the whole flow",
                   partial(laws.cut_exceeds_flow, "exponential", 1), 1, 0))  # fmt: skip
    for family, name, data in laws.DEEP:
        out.append(law(f"law-finite-{name}", f"No SynFlow score of {name} on {data} overflows",
                       partial(laws.nonfinite_scores, family, name, data), 0, 0))  # fmt: skip
    out.append(law("law-extreme-count", "VGG-11 at a density of 10^-5 keeps exactly 93 weights",
                   partial(laws.kept_at_extreme, 1e-5), 93, 0))  # fmt: skip
    return out


def _assignment() -> list[Claim]:
    """What the assignment's two tables and curves are to show, at ten times and along the ratios."""
    out: list[Claim] = []
    for network in ("vgg16", "resnet50"):
        for rival in ("rand", "snip", "grasp"):
            out.append(
                beats(
                    f"assignment-{network}-synflow-{rival}",
                    f"assignment/{network}/synflow/10x",
                    f"assignment/{network}/{rival}/10x",
                    f"{NETWORKS[network]} at 10x: SynFlow is more accurate than {SPOKEN[rival]}",
                    table="assignment",
                    source="assignment table 1",
                )
            )
        out.append(
            beats(
                f"assignment-{network}-mag-synflow",
                f"assignment/{network}/mag/10x",
                f"assignment/{network}/synflow/10x",
                f"{NETWORKS[network]} at 10x: Mag after training is more accurate than SynFlow",
                table="assignment",
                source="Frankle et al. 2020, abstract",
            )
        )
    for pruner in PRUNERS:
        out.append(
            Trend(
                id=f"assignment-vgg16-{pruner}-falls",
                table="assignment",
                text=f"VGG-16: the accuracy of {SPOKEN[pruner]} falls along the ratios 1 to 20",
                source="assignment table 2",
                experiments=tuple(f"assignment/vgg16/{pruner}/{r}x" for r in RATIOS),
            )
        )
    return out


def of_table(name: str) -> list[Claim]:
    """The sentences that a table carries."""
    if name == "theory":
        return _laws()
    return _assignment() if name == "assignment" else []


SENTENCES: tuple[Claim, ...] = (
    *(_best_at_high_compression(n, d) for n, d in FIGURE6),
    *(_beats_random(n, d) for n, d in FIGURE6),
    _below_random(),
    _magnitude_collapses(),
    _multishot(),
    _no_data(),
    *_ablations(),
)
