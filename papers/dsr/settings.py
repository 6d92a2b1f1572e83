"""Networks, data, schedules and sizes of the experiments (dsr sheet, sections 2, 3, 4.13 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.data.imagenet import IMAGENET
from shared.protocol import Augment, Data, Model, Optimizer, Options, Prunable

SEEDS = (42, 43, 44, 45, 46)
"""Five runs, as in the paper, whose own were never seeded."""
BATCH = 100
IMAGENET_BATCH = 256

Table = tuple[tuple[int, ...], tuple[float, ...]]
"""Epochs (from 0) and the values that take effect there."""


@dataclass(frozen=True)
class Schedule:
    """A schedule file: learning rate, rewiring period in iterations, temperature of DeepR."""

    lr: Table
    period: Table | None = None
    temperature: Table | None = None
    early_temperature: Table | None = None
    """Of the earlier generation, where it differs."""


def steps(*pairs: tuple[int, float]) -> Table:
    """A table from its entries."""
    epochs, values = zip(*pairs, strict=True)
    return epochs, values


WRN_PERIOD = steps((0, 100), (25, 200), (80, 400), (140, 800))
WRN_TEMPERATURE = steps((0, 1e-5), (25, 1e-8), (80, 1e-12), (140, 1e-15))
WRN_EARLY = steps((0, 1e-5), (25, 1e-8), (50, 1e-12), (75, 1e-15))

SCHEDULES = {
    "wrnet_schedule": Schedule(
        steps((0, 0.1), (60, 0.02), (120, 0.004), (160, 0.0008)), WRN_PERIOD, WRN_TEMPERATURE, WRN_EARLY
    ),
    "wrnet_schedule_long": Schedule(
        steps((0, 0.1), (120, 0.02), (220, 0.004), (350, 0.0008)), WRN_PERIOD, WRN_TEMPERATURE, WRN_EARLY
    ),
    "wrnet_prune_schedule": Schedule(steps((0, 0.0), (1, 0.02), (15, 0.02), (25, 0.004), (35, 0.0008))),
    "resnet_schedule": Schedule(
        steps((0, 0.1), (30, 0.01), (60, 0.001), (90, 0.0001)),
        steps((0, 1000), (25, 2000), (50, 4000), (75, 8000)),
        steps((0, 1e-5), (25, 1e-8), (50, 1e-12), (75, 1e-15)),
        steps((0, 1e-3), (25, 1e-4), (50, 1e-5), (75, 1e-6)),
    ),
    "resnet_schedule_long": Schedule(
        steps((0, 0.1), (60, 0.01), (120, 0.001), (180, 0.0001)),
        steps((0, 1000), (60, 2000), (120, 4000), (180, 8000)),
        steps((0, 1e-5), (50, 1e-8), (100, 1e-12), (150, 1e-15)),
    ),
    "resnet_prune_schedule": Schedule(steps((0, 0.0), (1, 0.01), (15, 0.01), (25, 0.001), (35, 0.0001))),
    "mnist_schedule": Schedule(
        steps((0, 0.1), (25, 0.02), (50, 0.004), (75, 0.0008)),
        steps((0, 100), (25, 200), (50, 400), (75, 800)),
        steps((0, 1e-3), (25, 1e-4), (50, 1e-5), (75, 1e-6)),
    ),
    "prune_schedule_mnist": Schedule(steps((0, 0.0), (1, 0.02), (10, 0.02), (20, 0.004), (30, 0.0008))),
}

MNIST = Data(name="mnist", mean=(0.1307,), std=(0.3081,))
CIFAR10 = Data(
    name="cifar10",
    mean=(125.3 / 255, 123.0 / 255, 113.9 / 255),
    std=(63.0 / 255, 62.1 / 255, 66.7 / 255),
    augment=(Augment(kind="pad-crop", padding=4, padding_mode="reflect"), Augment(kind="flip")),
)
DATA = {"mnist": MNIST, "cifar10": CIFAR10, "imagenet": IMAGENET}

NETWORKS = {"lenet300": "mnist", "wide_resnet": "cifar10", "imagenet_resnet50": "imagenet"}
"""Network and the data it is trained on."""
LONG_NAMES = {"lenet300": "LeNet-300-100", "wide_resnet": "WRN-28", "imagenet_resnet50": "ResNet-50"}

DENSE = {
    "lenet300": Prunable(),
    "wide_resnet": Prunable(exclude=("stem.*", "*.shortcut.*", "fc.*")),
    "imagenet_resnet50": Prunable(exclude=("stem.*", "*.downsample.*")),
}
"""What stays dense: the stem, the shortcuts and, in WRN, the classifier too (trap 6)."""
DOWNSAMPLE_SPARSE = Prunable(exclude=("stem.*",))


def model_for(
    network: str, width: float = 1.0, *, batchnorm: bool = True, depth: int = 28, gamma: str = "uniform"
) -> Model:
    """A network as the paper uses it.

    LeNet's norms start with weights U(0, 1), as the framework of 2018 had it; ``gamma="one"`` as later ones (trap 14).
    """
    if network == "lenet300":
        uniform: Options = {} if gamma == "one" else {"gamma": gamma}
        normed: Options = {"batchnorm": True, **uniform} if batchnorm else {"bias": "zero"}
        return Model(name=network, width=width, channels=1, size=28, options=normed)
    if network == "wide_resnet":
        return Model(name=network, width=width, options={} if depth == 28 else {"depth": depth})
    return Model(name=network, width=width, classes=1000, size=224)


def sgd(weight_decay: float, momentum: float = 0.9, nesterov: bool = True) -> Optimizer:
    """SGD of every run; its learning rate comes from the schedule."""
    return Optimizer(momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)


MNIST_SPARSITIES: tuple[float, ...] = (0.99, 0.98, 0.97, 0.96, 0.95, 0.90)
CIFAR_SPARSITIES: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6, 0.5)
IMAGENET_SPARSITIES: tuple[float, ...] = (0.8, 0.9)

SET_FRACTION = {
    "wide_resnet": {0.9: 0.138, 0.8: 0.07, 0.7: 0.046, 0.6: 0.034, 0.5: 0.028},
    "imagenet_resnet50": {0.8: 0.089, 0.9: 0.14},
    # no published job: matched to 600 of the active weights, as the other fractions match theirs (sheet 7.3)
    "lenet300": {0.99: 0.225, 0.98: 0.113, 0.97: 0.075, 0.96: 0.056, 0.95: 0.045, 0.90: 0.023},
}
THIN = {
    "iclr": {
        "wide_resnet": {0.9: 0.66, 0.8: 0.9, 0.7: 1.11, 0.6: 1.27, 0.5: 1.42},
        "imagenet_resnet50": {0.8: 0.52, 0.9: 0.42},
    },
    "icml": {
        "wide_resnet": {0.9: 0.75, 0.8: 0.98, 0.7: 1.15, 0.6: 1.33, 0.5: 1.47},
        "imagenet_resnet50": {0.8: 0.54, 0.9: 0.46},
    },
}
"""Widths of the thin dense networks; those of the later generation have 7 to 30 % more parameters (trap 7)."""
