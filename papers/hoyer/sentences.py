"""What the DeepHoyer paper, its READMEs and its reruns say in words, as claims (sheet, section 9).

Those that the published numbers themselves contradict are included; judgements are not written down here: ``repro
verify --published`` makes them from claims.csv. Methods are compared in two ways, never by accuracy alone or by weights
alone (trap 24): at their published strengths and thresholds, where a method that "gives sparser networks" must keep
fewer weights *and* lose at most the margin in accuracy; and pruned to equal remaining weights (``papers.hoyer.equal``).
"""

from __future__ import annotations

from papers.hoyer import zoo
from papers.hoyer.as_corrected import corrected
from papers.hoyer.comparisons import (
    BEST,
    DENSE,
    LAST,
    PRETRAINED,
    SCRATCH,
    SENTENCE,
    as_accurate,
    beats,
    experiment,
    fewer,
    of,
    sparser,
    structurally,
    together,
)
from papers.hoyer.equal import equal_weights
from papers.hoyer.laws import laws
from papers.hoyer.mnist_fronts import element_fronts, group_fronts
from papers.hoyer.restoring import restored, restored_groups, restored_sweep
from papers.hoyer.settings import CNN, MLP, NETWORK_TITLES, RERUN2, RERUN2_STRENGTHS, TITLES
from papers.hoyer.structural_fronts import structural_fronts
from shared.claims import Claim, Compound, Ordering, Trend

FALLING = (
    # of each pair, the second has the lower error
    ("alexnet", "vgg19-bn"),
    ("vgg19-bn", "resnet-164-bottleneck"),
    ("resnet-164-bottleneck", "preresnet-164-bottleneck"),
    ("preresnet-164-bottleneck", "densenet-bc-100-12"),
    ("densenet-bc-100-12", "wrn-28-10"),
    ("wrn-28-10", "resnext-29-8x64"),
    ("resnext-29-8x64", "resnext-29-16x64"),
    ("resnext-29-16x64", "densenet-bc-190-40"),
)
"""The zoo's networks by falling error on CIFAR-10 as the seed prints it (sheet 5.1; 9, Q14)."""


def _front(network: str) -> Compound:
    """Q4."""
    parts = [
        sparser(f"q4-{network}-{name}-{other}", network, "hoyer-square", other, "abstract", start)
        for name, start in (("scratch", SCRATCH), ("dense", PRETRAINED))
        for other in ("transformed-l1", "l1")
    ]
    return together(
        f"q4-{network}",
        f"On {NETWORK_TITLES[network]}, Hoyer-Square gives sparser networks than L1 and Transformed L1, as accurate",
        "abstract",
        *parts,
        note="in the first rerun Transformed L1 dominates or ties (one run each)",
    )


def _square(network: str) -> Compound:
    """Q5."""
    return sparser(f"q5-{network}", network, "hoyer-square", "hoyer", "paper (sheet 9, Q5)")


def _groups(network: str) -> Compound:
    """Q6."""
    return structurally(f"q6-{network}", network, "paper (sheet 9, Q6)")


def _ratio_rule(network: str) -> Compound:
    """Q8."""
    s = of(network, "hoyer-square")
    one, two = experiment(network, s), experiment(network, s, end="T0.001")
    what = f"Hoyer-Square on {NETWORK_TITLES[network]}"
    return beats(
        f"q8-{network}",
        f"{what}: a multiple of the standard deviation prunes further than a fixed threshold at equal accuracy",
        "seed",
        fewer(f"q8-{network}-weights", one, two, f"{what} keeps fewer weights by the ratio", "seed"),
        # each rule reports its own way: best of what is measured before an epoch, and the last epoch
        as_accurate(f"q8-{network}-accuracy", one, two, f"{what} is as accurate by the ratio", "seed", BEST, LAST),
        rival=f"{what} is as accurate by the fixed threshold",
        note="the two rules finetune differently as well, and the ratio's accuracy is a best one (trap 5)",
    )


def _pretraining(network: str) -> Ordering:
    """Q9."""
    s = of(network, "hoyer-square")
    return Ordering(
        id=f"q9-{network}",
        table=SENTENCE,
        text=f"Hoyer-Square on {NETWORK_TITLES[network]} ends more accurate from the dense network than from scratch",
        source="README",
        better=experiment(network, s, PRETRAINED),
        worse=experiment(network, s),
        metric=DENSE,
    )


def _generalisation() -> Ordering:
    """Q11."""
    return Ordering(
        id="q11-generalisation",
        table=SENTENCE,
        text="Training LeNet-300-100 on with Hoyer-Square 1e-4 raises its accuracy over the dense network's",
        source="second rerun (sheet 9, Q11)",
        note="250 further epochs are trained as well",
        better=f"{MLP}/pretrained-hoyer-square-0.0001/T0.005",
        worse=f"{MLP}/none/T0.001",
        metric=DENSE,
    )


def _weight_decay(network: str) -> Compound:
    """Q12 and trap 11: what a weight decay alone does."""
    one, two = f"{network}/none-decay1e-4/V0.25", f"{network}/none/V0.25"
    what = f"weight decay alone on {NETWORK_TITLES[network]}"
    source = "sheet, trap 11"
    return beats(
        f"q12-{network}",
        f"Without a regulariser, {what} lets the same rule remove far more weights at equal accuracy",
        source,
        fewer(f"q12-{network}-weights", one, two, f"With {what} fewer weights are kept", source),
        as_accurate(f"q12-{network}-accuracy", one, two, f"With {what} the accuracy is the same", source),
        rival=f"Without weight decay the accuracy on {NETWORK_TITLES[network]} is the same",
    )


def _strength() -> Compound:
    """Q13."""
    parts: list[Claim] = []
    for reg in RERUN2:
        along = tuple(f"{MLP}/pretrained-{reg}-{s}/T0.005" for s in reversed(RERUN2_STRENGTHS))
        for metric, what in (("remaining_weights", "Fewer weights remain"), ("top1_accuracy", "Accuracy falls")):
            parts.append(
                Trend(
                    id=f"q13-{reg}-{metric}",
                    table=SENTENCE,
                    text=f"{what} as the strength of {TITLES[reg]} grows",
                    source="second rerun (sheet 9, Q13)",
                    experiments=along,
                    metric=metric,
                )
            )
    return together("q13-strength", "A larger strength gives sparser, less accurate networks", "second rerun", *parts)


def _zoo(dataset: str) -> Compound:
    """Q14: the order of the seed's errors on CIFAR-10, claimed of both data sets."""
    parts = [
        Ordering(
            id=f"q14-{dataset}-{better}",
            table=SENTENCE,
            text=f"{zoo.ZOO[better].title} has a lower error than {zoo.ZOO[worse].title} on {dataset}",
            source="seed table",
            better=f"{dataset}/{worse}",
            worse=f"{dataset}/{better}",
            metric="top1_error",
            which="best",  # as the table reports it (sheet 6)
        )
        for worse, better in FALLING
    ]
    return together(
        f"q14-{dataset}",
        f"The deeper and wider networks of the zoo have lower errors on {dataset}, in the order printed for CIFAR-10",
        "seed table",
        *parts,
        note="on CIFAR-100 the printed error of ResNet is above VGG19's; the best networks are closer than their noise",
    )


def _decay_of_densenet() -> Ordering:
    """Q15."""
    return Ordering(
        id="q15-densenet-decay",
        table=SENTENCE,
        text="DenseNet-BC 100-12 is more accurate with weight decay 1e-4 than with 5e-4 on CIFAR-10",
        source="TRAINING.md",
        better="cifar10/densenet-bc-100-12",
        worse="cifar10/densenet-bc-100-12-decay5e-4",
        which="best",
    )


def _rate_of_alexnet() -> Ordering:
    """Trap 17: no source makes this comparison, so it is shown and not counted."""
    return Ordering(
        id="trap17-alexnet-rate",
        table=SENTENCE,
        text="AlexNet on CIFAR-10, which has no batch norm, is more accurate from learning rate 0.01 than from 0.1",
        source="sheet, trap 17",
        better="cifar10/alexnet-lr0.01",
        worse="cifar10/alexnet",
        which="best",
        gating=False,
    )


def of_table(name: str) -> list[Claim]:
    """The sentences a table carries."""
    network = {"mnist-mlp": MLP, "mnist-cnn": CNN}.get(name)
    if network:
        claims: list[Claim] = [_front(network), _square(network), _ratio_rule(network), _pretraining(network)]
        return [*claims, _weight_decay(network), restored(network)]
    carried: dict[str, list[Claim]] = {
        "mnist-structural": [_groups(MLP), _groups(CNN), *restored_groups()],
        "mnist-mlp-sweep": [_strength(), _generalisation(), restored_sweep()],
        "cifar-zoo": [_zoo("cifar10"), _zoo("cifar100")],
        "cifar-notes": [_decay_of_densenet(), _rate_of_alexnet()],
        "mnist-mlp-front": element_fronts(MLP),
        "mnist-cnn-front": element_fronts(CNN),
        "mnist-structural-front": group_fronts(),
        "mnist-corrected": corrected(),
        "laws": [*laws()],
        "mnist-mlp-equal": equal_weights(MLP),
        "mnist-cnn-equal": equal_weights(CNN),
        "cifar-structural": structural_fronts(),
    }
    return carried.get(name, [])
