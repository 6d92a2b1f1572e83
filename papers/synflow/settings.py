"""Data and training recipes as one would print them (sheet, sections 3 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

from papers.synflow.networks import SIZES
from shared.protocol import Augment, Data, Optimizer, Schedule

STATISTICS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.491, 0.482, 0.447), (0.247, 0.243, 0.262)),
    "cifar100": ((0.507, 0.487, 0.441), (0.267, 0.256, 0.276)),
    "tiny-imagenet": ((0.480, 0.448, 0.397), (0.276, 0.269, 0.282)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "digits": ((0.3053,), (0.3760,)),
}
"""Mean and standard deviation of each channel."""


SHIFTED = (Augment(kind="pad-crop", padding=4), Augment(kind="flip"))
AUGMENT: dict[str, tuple[Augment, ...]] = {
    **dict.fromkeys(("cifar10", "cifar100", "tiny-imagenet"), SHIFTED),
    "imagenet": (
        Augment(kind="resized-crop", scale=(0.2, 1.0)),
        Augment(kind="grayscale", probability=0.2),
        Augment(kind="colour-jitter", strength=0.4),
        Augment(kind="flip"),
    ),
}
"""Of training and of the images that are scored, in order; nothing for MNIST."""


def data_for(name: str) -> Data:
    """A data set with the original's normalisation, augmentation and, for ImageNet, size."""
    mean, std = STATISTICS[name]
    sizes = {"resize": 224, "shorter_side": 256} if name == "imagenet" else {}
    return Data(name=name, mean=mean, std=std, augment=AUGMENT.get(name, ()), **sizes)


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: after pruning.
        optimizer: ``nesterov``, ``adam``, ``sgd`` or ``rmsprop``; Nesterov has momentum 0.9.
        lr, milestones, gamma: the learning rate, multiplied by ``gamma`` after each milestone.
        weight_decay: coupled, on all parameters.
        batch_size: of training.
    """

    epochs: int
    optimizer: str = "nesterov"
    lr: float = 0.1
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    weight_decay: float = 1e-4
    batch_size: int = 128

    def optimiser(self) -> Optimizer:
        """The optimiser as a protocol states it."""
        if self.optimizer == "nesterov":
            return Optimizer(lr=self.lr, momentum=0.9, nesterov=True, weight_decay=self.weight_decay)
        names = {"adam": "adam", "sgd": "sgd", "rmsprop": "rmsprop"}
        return Optimizer.model_validate(
            {"name": names[self.optimizer], "lr": self.lr, "weight_decay": self.weight_decay}
        )

    def schedule(self) -> Schedule:
        """The learning rate over epochs."""
        if not self.milestones:
            return Schedule()
        return Schedule(kind="multistep", milestones=self.milestones, gamma=self.gamma)


CIFAR_VGG = Recipe(160, lr=0.1, milestones=(60, 120), gamma=0.1, weight_decay=1e-4)
CIFAR_RESNET = Recipe(160, lr=0.01, milestones=(60, 120), gamma=0.2, weight_decay=5e-4)
TINY_IMAGENET = Recipe(100, lr=0.01, milestones=(30, 60, 80), gamma=0.1, weight_decay=1e-4)
IMP = Recipe(50, lr=0.01, weight_decay=1e-4)
FIGURE5B = Recipe(100, lr=0.001, milestones=(30, 60, 80), gamma=0.1, weight_decay=1e-4)
ASSIGNMENT = Recipe(100, optimizer="adam", lr=1e-3, weight_decay=0.0, batch_size=256)
MNIST = Recipe(10, optimizer="adam", lr=1e-3, weight_decay=0.0, batch_size=256)
ABLATION = Recipe(80, lr=0.1, milestones=(40, 60), gamma=0.1, weight_decay=1e-4)


def recipe_for(family: str, network: str, data: str) -> Recipe:
    """The paper's recipe for a network and data set of Figure 6; MNIST networks follow the assignment."""
    if data == "mnist":
        return MNIST
    if data in ("tiny-imagenet", "imagenet"):
        return TINY_IMAGENET
    return CIFAR_RESNET if family == "tinyimagenet" else CIFAR_VGG


RATIOS = (1, 2, 5, 10, 15, 20)
"""Compression ratios of the assignment's first text; its code would read them as exponents (trap 1)."""
PRETRAIN = 200
"""Epochs that the assignment trains before magnitude pruning (trap 18)."""
SYNFLOW_ROUNDS = 100
CHANNELS = {name: sizes[0] for name, sizes in SIZES.items()}
SPOKEN = {"rand": "Rand", "mag": "Mag", "snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow", "none": "dense"}
