"""What every experiment shares: networks, data, optimiser, learning rate, pruning intervals (sheet 3 and 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.data.sizes import SIZES
from shared.protocol import Augment, Data, Model, Optimizer, Schedule

SEEDS = (42, 43, 44)
EPOCHS = 350
MILESTONES = (150, 250)
BATCH = 128
FRACTION = 0.5
WEIGHT_DECAY = 5e-4

SGD = Optimizer(name="sgd", lr=0.1, momentum=0.9, weight_decay=WEIGHT_DECAY)
STEPS = Schedule(kind="multistep", milestones=MILESTONES, gamma=0.1)

CIFAR10 = Data(
    name="cifar10",
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    augment=(Augment(kind="pad-crop", padding=4), Augment(kind="flip")),
)
IMAGENETTE = Data(
    name="imagenette",
    resize=224,
    mean=(0.4625, 0.4580, 0.4295),
    std=(0.3901, 0.3880, 0.4042),
    augment=(Augment(kind="pad-crop", padding=28), Augment(kind="flip")),
)
MNIST = Data(name="mnist", resize=32, mean=(0.1307,), std=(0.3081,))
DIGITS = Data(name="digits", resize=32, mean=(0.3053,), std=(0.3760,))
"""The embedded 8x8 digits: mean and deviation of their pixels in [0, 1]; not a data set of the paper."""

DATA = {"cifar10": CIFAR10, "imagenette": IMAGENETTE, "mnist": MNIST, "digits": DIGITS}
SIDE = {"cifar10": 32, "imagenette": 224, "mnist": 32, "digits": 32}
IMAGES = {name: SIZES[name][0] for name in DATA}
"""Training images."""
CHANNELS = {"cifar10": 3, "imagenette": 3, "mnist": 1, "digits": 1}

DATASET = {"densenet121": "imagenette", "lenet300": "mnist", "lenet5": "mnist"}
"""Data set a network is trained on, where it is not CIFAR-10."""

NETWORKS: tuple[str, ...] = (
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
)
NETWORKS += ("densenet121", "lenet300", "lenet5", "conv6")
STUDIED = {"vgg19": "VGG19", "resnet18": "ResNet18", "densenet121": "DenseNet121"}


@dataclass(frozen=True)
class Sparsity:
    """One of the five sparsities: label in ids, prunings and interval at 350 epochs, SNIP's argument (P1 to P4)."""

    label: str
    prunings: int
    interval: int
    snip: float

    @property
    def percent(self) -> float:
        """What so many halvings remove, in percent."""
        return 100 * (1 - 0.5**self.prunings)


SPARSITIES = (
    Sparsity("75", 2, 117, 0.75),
    Sparsity("93.75", 4, 70, 0.9375),
    Sparsity("98.44", 6, 50, 0.984375),
    Sparsity("99.61", 8, 39, 0.99609375),
    Sparsity("99.9", 10, 32, 0.999),
)

HOYER_EPOCHS = 500
HOYER_EPOCH = 350
"""Last epoch of the Hoyer-Square penalty, and the epoch after which the threshold is applied once."""
HOYER_LAMBDAS: tuple[str, ...] = (
    "1e-7",
    "3e-7",
    "6e-7",
    "1e-6",
    "3e-6",
    "6e-6",
    "1e-5",
    "3e-5",
    "6e-5",
    "1e-4",
    "3e-4",
    "6e-4",
)
HOYER_LAMBDAS += ("1e-3", "3e-3", "6e-3")


def dataset_of(network: str) -> str:
    """The data set the paper trains a network on."""
    return DATASET.get(network, "cifar10")


def model_for(network: str, dataset: str) -> Model:
    """The network with the input it sees on a data set."""
    return Model(name=network, classes=10, channels=CHANNELS[dataset], size=SIDE[dataset])
