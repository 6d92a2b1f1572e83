"""The CIFAR model zoo behind the seed's table, and the ImageNet networks, as data (sheet 2.2 and 6).

The rows that the table calls ResNet-110 and PreResNet-110 were made by code that built 164-layer bottleneck networks;
they are named for what they are. ``resnet-110`` is the BasicBlock network that the same command builds today (trap 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.protocol import Model, Options


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: SGD with momentum 0.9 from a learning rate, steps, decay on every parameter."""

    epochs: int = 164
    milestones: tuple[int, ...] = (81, 122)
    gamma: float = 0.1
    weight_decay: float = 5e-4
    batch: int = 128
    lr: float = 0.1


@dataclass(frozen=True)
class Stage:
    """A stage of the ImageNet scripts: its epochs, and the learning rate it starts from."""

    epochs: int
    lr: float


@dataclass(frozen=True)
class Network:
    """A network of the zoo: title, registered model with its options, and recipe."""

    title: str
    model: str
    recipe: Recipe
    options: Options = field(default_factory=dict)
    width: float = 1.0

    def spec(self, classes: int) -> Model:
        """The network for CIFAR-10 or CIFAR-100."""
        return Model(name=self.model, width=self.width, classes=classes, options=self.options)


PLAIN, LIGHT = Recipe(), Recipe(weight_decay=1e-4)
LONG = Recipe(300, (150, 225))
DENSE = Recipe(300, (150, 225), weight_decay=1e-4, batch=64)
WIDE = Recipe(200, (60, 120, 160), gamma=0.2)


def _resnet(kind: str, depth: int, block: str = "basic") -> Network:
    title = {"cifar-resnet": "ResNet", "cifar-preresnet": "PreResNet"}[kind]
    name = f"{title}-{depth}" + (" with bottlenecks" if block == "bottleneck" else "")
    options: Options = {"depth": depth} | ({"block": block} if block != "basic" else {})
    return Network(name, kind, LIGHT, options)


ZOO: Mapping[str, Network] = {
    "alexnet": Network("AlexNet", "cifar-alexnet", PLAIN),
    "vgg19-bn": Network("VGG19-BN", "cifar-vgg19", PLAIN),
    "resnet-164-bottleneck": _resnet("cifar-resnet", 164, "bottleneck"),
    "preresnet-164-bottleneck": _resnet("cifar-preresnet", 164, "bottleneck"),
    "wrn-28-10": Network("WRN-28-10", "wide_resnet", WIDE, {"depth": 28, "dropout": 0.3}, width=10),
    "resnext-29-8x64": Network("ResNeXt-29 8x64", "cifar-resnext", LONG, {"depth": 29, "cardinality": 8}),
    "resnext-29-16x64": Network("ResNeXt-29 16x64", "cifar-resnext", LONG, {"depth": 29, "cardinality": 16}),
    "densenet-bc-100-12": Network("DenseNet-BC 100-12", "cifar-densenet", DENSE, {"depth": 100, "growth_rate": 12}),
    "densenet-bc-190-40": Network("DenseNet-BC 190-40", "cifar-densenet", DENSE, {"depth": 190, "growth_rate": 40}),
}
"""The nine rows of the seed's table, in its order."""

OTHERS: Mapping[str, Network] = {
    # trap 17: the recipe lacks the rate that the code of this network, which has no batch norm, demands
    "alexnet-lr0.01": Network("AlexNet, lr 0.01", "cifar-alexnet", Recipe(lr=0.01)),
    "resnet-110-bottleneck": _resnet("cifar-resnet", 110, "bottleneck"),
    "resnet-20": _resnet("cifar-resnet", 20),
    "resnet-32": _resnet("cifar-resnet", 32),
    "resnet-56": _resnet("cifar-resnet", 56),
    "resnet-110": _resnet("cifar-resnet", 110),
    "preresnet-110": _resnet("cifar-preresnet", 110),
    "densenet-bc-100-12-decay5e-4": Network(
        "DenseNet-BC 100-12, decay 5e-4",
        "cifar-densenet",
        Recipe(300, (150, 225), batch=64),
        {"depth": 100, "growth_rate": 12},
    ),
    "densenet-bc-100-12-batch128": Network(
        "DenseNet-BC 100-12, batch 128",
        "cifar-densenet",
        Recipe(300, (150, 225), weight_decay=1e-4),
        {"depth": 100, "growth_rate": 12},
    ),
}
NETWORKS: Mapping[str, Network] = {**ZOO, **OTHERS}
CLASSES = {"cifar10": 10, "cifar100": 100}
FAMILIES: Mapping[str, Recipe] = {
    "alexnet": PLAIN,
    "vgg19-bn": PLAIN,
    "resnet": LIGHT,
    "preresnet": LIGHT,
    "wrn": WIDE,
    "resnext": LONG,
    "densenet-bc": DENSE,
}
"""How a network is trained that is typed by its family, whatever its depth and width (sheet 6, recipes)."""

IMAGENET_RECIPE = Recipe(90, (30, 60), weight_decay=1e-4, batch=256)
WITHOUT_NORM = replace(IMAGENET_RECIPE, lr=0.01)
"""AlexNet has no batch norm, for which 0.1 is too large; the original loads weights that others trained (4.9)."""
IMAGENET: Mapping[str, Network] = {
    "resnet-18": Network("ResNet-18", "imagenet-resnet18", IMAGENET_RECIPE),
    "resnext-50-32x4d": Network("ResNeXt-50 32x4d", "imagenet-resnext50", IMAGENET_RECIPE),
    "resnet-50": Network("ResNet-50", "imagenet-resnet50", IMAGENET_RECIPE),
    "alexnet": Network("AlexNet", "imagenet-alexnet", WITHOUT_NORM),
}

README_STAGES = (Stage(90, 0.1), Stage(90, 0.01))
"""Regularised training and finetuning as the README has them for ResNet-50 (sheet 4.9)."""
DEFAULT_STAGES = (Stage(45, 1e-3), Stage(30, 1e-3))
"""The same by the scripts' defaults, which are all that is known for AlexNet."""

STRUCTURAL = ("resnet-20", "resnet-32", "resnet-56", "resnet-110")
"""Networks of the CIFAR-10 fronts; the paper's strengths are not known, so a sweep stands for them (sheet 6, E5)."""
GROUP_STRENGTHS = ("1e-5", "0.0001", "0.001")
GROUP_REGS = ("group-lasso", "group-hoyer-square")
CUT = 1e-4
"""Fixed threshold of the CIFAR and ImageNet scripts."""
