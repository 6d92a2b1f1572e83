"""What the experiments share: networks, data, optimiser and scoring, in each of the code bases (sheet 2, 3, 4.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.protocol import Augment, Data, Model, Optimizer, Options

Network = Literal["vgg19", "resnet32"]
NETWORKS = {"vgg19": "VGG19", "resnet32": "ResNet32"}
OTHER_NETWORKS = ("vgg11", "vgg13", "vgg16", "resnet20", "resnet44")
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "tiny-imagenet": "Tiny-ImageNet"}
CLASSES = {"cifar10": 10, "cifar100": 100, "tiny-imagenet": 200, "digits": 10}
SIDE = {"cifar10": 32, "cifar100": 32, "tiny-imagenet": 64, "digits": 32}
CHANNELS = {"digits": 1}
RATIOS = (0.9, 0.95, 0.98)
LR, GAMMA, MOMENTUM = 0.1, 0.1, 0.9
LAST_LAYER_KEEP = 0.3
REWIND_EPOCH = 40


@dataclass(frozen=True)
class Code:
    """A code base: what it trains with.

    Attributes:
        name: for people.
        batch_size: of training.
        weight_decay: by network family.
        vgg: options of the VGG network.
        snip_data: normalises CIFAR as answer42's SNIP folder does.
    """

    name: str
    batch_size: int
    weight_decay: dict[str, float]
    vgg: Options
    snip_data: bool = False


FAN_OUT: Options = {"last_pool": "none", "initial": "torchvision", "conv_bias": False}
SU = Code("published", 64, {"vgg": 1e-4, "resnet": 1e-4}, {"last_pool": "none", "initial": "fan-in-convolutions"})
RANDOM42 = Code("answer42, random tickets", 128, {"vgg": 5e-4, "resnet": 5e-4}, FAN_OUT)
GRASP42 = Code("answer42, GraSP", 128, {"vgg": 5e-4, "resnet": 1e-4}, FAN_OUT)
SNIP42 = Code(
    "answer42, SNIP and rewinding", 64, {"vgg": 1e-4, "resnet": 1e-4}, {**FAN_OUT, "affine": False}, snip_data=True
)


def code_of(variant: str, method: str) -> Code:
    """The code base in which a variant ran a method; ``corrected`` trains as the published code does."""
    if variant != "answer42":
        return SU
    return RANDOM42 if method == "random" else GRASP42 if method == "grasp" else SNIP42


def family(network: str) -> str:
    """``vgg`` or ``resnet``."""
    return "vgg" if network.startswith("vgg") else "resnet"


def model_for(network: str, dataset: str, code: Code) -> Model:
    """A network as a code base builds it; ResNets have twice the usual width (sheet 2.2)."""
    sizes = {"classes": CLASSES[dataset], "size": SIDE[dataset], "channels": CHANNELS.get(dataset, 3)}
    if family(network) == "vgg":
        return Model(name=network, options=code.vgg, **sizes)
    return Model(name=network, width=2, options={"initial": "torchvision"}, **sizes)


MEANS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    "tiny-imagenet": ((0.48024579, 0.44807218, 0.39754775), (0.27698641, 0.26906449, 0.28208191)),
    "digits": ((0.3053,), (0.3760,)),
}
SNIP_MEANS = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762)),
}


def data_for(dataset: str, code: Code) -> Data:
    """A data set as a code base normalises and augments it; the embedded digits are shifted but not mirrored."""
    mean, std = (SNIP_MEANS if code.snip_data and dataset in SNIP_MEANS else MEANS)[dataset]
    crop, flip = Augment(kind="pad-crop", padding=4), Augment(kind="flip")
    augment = (crop,) if dataset == "digits" else (crop, flip)
    side = 32 if dataset == "digits" else None
    return Data(name=dataset, mean=mean, std=std, augment=augment, resize=side)


def epochs_of(dataset: str) -> int:
    """Length of a training."""
    return 300 if dataset == "tiny-imagenet" else 160


def optimizer(code: Code, network: str, weight_decay: float | None = None, lr: float = LR) -> Optimizer:
    """SGD with momentum and coupled decay on everything (sheet 4.12)."""
    decay = code.weight_decay[family(network)] if weight_decay is None else weight_decay
    return Optimizer(lr=lr, momentum=MOMENTUM, weight_decay=decay)


def scoring(variant: str, method: str, network: str, dataset: str) -> tuple[int, int]:
    """Samples of each class and rounds of SNIP and GraSP (sheet 4.5 and 4.6)."""
    depth = int("".join(c for c in network if c.isdigit()))
    if dataset == "tiny-imagenet":
        return 1, 10
    if variant == "answer42" and method == "grasp":
        return (5, 2) if dataset == "cifar100" and family(network) == "resnet" else (10, 1)
    return (1, 10) if family(network) == "resnet" and depth > 32 else (10, 1)


def depth_constant(variant: str, network: str) -> int | None:
    """The depth that answer42 sets by hand: 19 for VGG19 (17 layers), 33 for ResNet32 (34 layers); trap 1."""
    if variant != "answer42":
        return None
    depth = int("".join(c for c in network if c.isdigit()))
    return depth if family(network) == "vgg" else depth + 1
