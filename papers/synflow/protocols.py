"""The experiments as data (sheet, section 6): Figures 1, 2, 5a and 6, the assignment, the students, the ablations."""

from __future__ import annotations

from functools import partial

from papers.synflow import settings
from papers.synflow.cell import Cell, protocol
from papers.synflow.settings import RATIOS, SPOKEN, recipe_for
from shared.paper import Experiment
from shared.sparsity.density import of_exponent

PRUNERS = ("rand", "mag", "snip", "grasp", "synflow")
FIGURE6 = {
    # network, data: model class
    **{(n, d): "lottery" for n in ("vgg11-bn", "vgg16-bn") for d in ("cifar10", "cifar100")},
    **{(n, d): "tinyimagenet" for n in ("resnet18", "wide-resnet18") for d in ("cifar10", "cifar100")},
    **{(n, "tiny-imagenet"): "tinyimagenet" for n in ("vgg11-bn", "vgg16-bn", "resnet18", "wide-resnet18")},
}
NETWORKS = {
    "vgg11-bn": "VGG-11-BN",
    "vgg16-bn": "VGG-16-BN",
    "vgg16": "VGG-16",
    "vgg19": "VGG-19",
    "resnet18": "ResNet-18",
    "wide-resnet18": '"WideResNet-18"',
    "resnet20": "ResNet-20",
    "resnet50": "ResNet-50",
    "fc": "FC",
}
DATASETS = {
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "tiny-imagenet": "Tiny-ImageNet",
    "imagenet": "ImageNet",
}
SWEEP = tuple(c / 4 for c in range(13))
LONG_SWEEP = tuple(c / 4 for c in range(25))
"""Figure 1 goes on to 10^6 for VGG-16-BN on CIFAR-100."""
STUDENT_EXPONENTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
STUDENT_EPOCHS = (100, 200, 300)
LEVELS = (1, 2, 3, 4, 5)
ABLATIONS = ("none", "shuffle", "reinit", "invert")


def experiments() -> dict[str, Experiment]:
    """All experiments by id."""
    found: dict[str, Experiment] = {}
    for make in (_figure6, _figure2, _imp, _assignment, _students, _ablations, _recalled):
        found |= {e.id: e for e in make()}
    return found


def _experiment(id: str, cell: Cell, level: str, title: str = "") -> Experiment:
    words = title or SPOKEN[cell.pruner]
    who = f"{NETWORKS[cell.network]} on {DATASETS[cell.data]}"
    labels: dict[str, str | float] = {
        "network": cell.network,
        "dataset": cell.data,
        "method": cell.pruner,
        "density": cell.density,
        "sparsity_percent": round(100 * (1 - cell.density), 6),
    }
    return Experiment(id, f"{who}, {words}, {level}", partial(protocol, cell), labels, who, words)


def exponent(c: float) -> str:
    """``c2.25``."""
    return f"c{c:.2f}"


def _figure6() -> list[Experiment]:
    out = []
    for (network, data), family in FIGURE6.items():
        sweep = LONG_SWEEP if (network, data) == ("vgg16-bn", "cifar100") else SWEEP
        for pruner in PRUNERS:
            for c in sweep:
                cell = Cell(
                    family, network, data, pruner, of_exponent(c), "published", recipe_for(family, network, data)
                )
                out.append(_experiment(f"{network}-{data}/{pruner}/{exponent(c)}", cell, f"10^{c:g}"))
    return out


def _figure2() -> list[Experiment]:
    out = []
    for pruner in PRUNERS:
        for n in (100, 1000) if pruner == "synflow" else (1,):
            for power in range(25):
                cell = Cell(
                    "imagenet", "vgg19", "imagenet", pruner, 2.0**-power, "published", settings.TINY_IMAGENET,
                    rounds=n, train=False,
                )  # fmt: skip
                out.append(_experiment(f"vgg19-imagenet/{pruner}-n{n}/2pow{power}", cell, f"2^{power}, pruned only"))
    return out


def _imp() -> list[Experiment]:
    out = []
    for variant in ("published", "corrected"):
        for levels in LEVELS:
            for tenth in range(50):
                c = tenth / 10
                cell = Cell(
                    "lottery", "vgg11-bn", "cifar10", "mag", of_exponent(c), variant, settings.IMP, levels=levels
                )
                start = "imp" if variant == "published" else "imp-rewound"
                title = f"magnitude in {levels} levels{'' if variant == 'published' else ', rewound'}"
                out.append(_experiment(f"{start}/L{levels}/c{c:.1f}", cell, f"10^{c:g}", title))
    dense = Cell("lottery", "vgg19", "cifar10", "none", 1.0, "published", settings.FIGURE5B)
    return [*out, _experiment("figure5b/vgg19", dense, "0 %")]


def _assignment() -> list[Experiment]:
    """The assignment as meant: plain ratios, SynFlow in 100 rounds, the paper's GraSP, magnitude after training."""
    out = []
    for family, network in (("lottery", "vgg16"), ("tinyimagenet", "resnet50")):
        for pruner in PRUNERS:
            for ratio in RATIOS if network == "vgg16" else (10,):
                pretrain = settings.PRETRAIN if pruner == "mag" else 0
                cell = Cell(
                    family, network, "cifar10", pruner, 1 / ratio, "corrected", settings.ASSIGNMENT, pretrain=pretrain
                )
                title = "Mag after training" if pruner == "mag" else ""
                out.append(_experiment(f"assignment/{network}/{pruner}/{ratio}x", cell, f"{ratio}x", title))
    return out


def _students() -> list[Experiment]:
    """What the students ran: exponents, one round for SynFlow too, no batch normalisation."""
    out = []
    for epochs in STUDENT_EPOCHS:
        recipe = settings.Recipe(epochs, optimizer="adam", lr=1e-3, weight_decay=0.0, batch_size=256)
        for pruner in PRUNERS:
            for c in STUDENT_EXPONENTS:
                pretrain = settings.PRETRAIN if pruner == "mag" else 0
                cell = Cell(
                    "lottery", "vgg16", "cifar10", pruner, of_exponent(c), "assignment", recipe, rounds=1,
                    pretrain=pretrain,
                )  # fmt: skip
                title = f"{SPOKEN[pruner]} in one round, {epochs} epochs"
                out.append(_experiment(f"student/vgg16-{epochs}/{pruner}/{exponent(c)}", cell, f"10^{c:g}", title))
    for pruner in PRUNERS:
        for c in (0.5, 1.0):
            pretrain = settings.PRETRAIN if pruner == "mag" else 0
            cell = Cell(
                "default", "fc", "mnist", pruner, of_exponent(c), "assignment", settings.MNIST, rounds=1,
                pretrain=pretrain,
            )  # fmt: skip
            title = f"{SPOKEN[pruner]} in one round"
            out.append(_experiment(f"student/fc/{pruner}/{exponent(c)}", cell, f"10^{c:g}", title))
    recipe = settings.Recipe(50, optimizer="adam", lr=1e-3, weight_decay=0.0, batch_size=256)
    for levels in (2, 3, 4):
        for c in STUDENT_EXPONENTS:
            cell = Cell("lottery", "vgg16", "cifar10", "mag", of_exponent(c), "assignment", recipe, levels=levels)
            title = f"magnitude in {levels} levels, not rewound"
            out.append(_experiment(f"student-imp/L{levels}/{exponent(c)}", cell, f"10^{c:g}", title))
    return out


def _ablations() -> list[Experiment]:
    out = []
    for pruner in ("mag", "snip", "grasp", "synflow"):
        for ablation in ABLATIONS:
            for percent in (30, 60, 90, 98):
                cell = Cell(
                    "lottery", "vgg16-bn", "cifar10", pruner, 1 - percent / 100, "corrected", settings.ABLATION,
                    shuffle=ablation == "shuffle",
                    reinitialise=ablation == "reinit",
                    score={"invert": True} if ablation == "invert" else {},
                )  # fmt: skip
                title = SPOKEN[pruner] + ("" if ablation == "none" else f", {ablation}")
                out.append(_experiment(f"ablation/{pruner}-{ablation}/{percent}", cell, f"{percent} %", title))
    dense = Cell("lottery", "vgg16-bn", "cifar10", "none", 1.0, "corrected", settings.ABLATION)
    return [*out, _experiment("ablation/dense", dense, "0 %")]


def _recalled() -> list[Experiment]:
    """Dense networks of Frankle et al., whose recipes are not known to us; under the paper's nearest ones."""
    out = []
    for family, network, data in (
        ("lottery", "resnet20", "cifar10"),
        ("lottery", "vgg16-bn", "cifar10"),
        ("tinyimagenet", "resnet18", "tiny-imagenet"),
        ("imagenet", "resnet50", "imagenet"),
    ):
        cell = Cell(family, network, data, "none", 1.0, "corrected", recipe_for(family, network, data))
        out.append(_experiment(f"dense/{network}-{data}", cell, "0 %"))
    return out
