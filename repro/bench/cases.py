"""What is measured: networks and batches of the published protocols, on random images of the right shape."""

from __future__ import annotations

from dataclasses import dataclass

from shared.protocol import Augment, Data, Method, Model, Optimizer, Precision, Protocol, Train

FLIPOUT = (Method(name="mask-gradients"), Method(name="gradient-noise"), Method(name="count-flips"))
"""What FlipOut does in every step; its prunings come once in tens of epochs."""

SGD = Optimizer(lr=0.05, momentum=0.9, weight_decay=5e-4)
"""Of both loops."""

MNIST = Data(name="random", mean=(0.1307,), std=(0.3081,))
CIFAR = Data(
    name="random",
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
    augment=(Augment(kind="pad-crop", padding=4), Augment(kind="flip")),
)


@dataclass(frozen=True)
class Case:
    """One network, its data and how much of it is trained.

    Attributes:
        name: for people.
        model, data, batch: as published.
        steps: training steps of one measurement; ``quick_steps`` with ``--quick``, where 0 leaves the case out.
        heavy: whether a run uses all cores; small networks use one thread.
        epoch: training images of the published data set, for the time of an epoch.
        precision: of the engine; the plain loop computes in float32.
    """

    name: str
    model: Model
    data: Data
    batch: int
    steps: int
    quick_steps: int
    heavy: bool
    epoch: int
    precision: Precision = "float32"

    def protocol(self, methods: tuple[Method, ...] = ()) -> Protocol:
        """The case as a protocol that trains for one epoch."""
        train = Train(epochs=1, batch_size=self.batch, optimizer=SGD, methods=methods)
        return Protocol(
            paper="flipout", model=self.model, data=self.data, phases=(train,), precision=self.precision, seed=42
        )


CPU = (
    Case("LeNet-300-100, MNIST", Model(name="lenet300", channels=1, size=28), MNIST, 100, 300, 60, False, 60_000),
    Case("ResNet18 / 4, CIFAR-10", Model(name="resnet18", width=0.25), CIFAR, 128, 12, 4, True, 50_000),
    Case("ResNet-32, CIFAR-10", Model(name="resnet32"), CIFAR, 128, 12, 4, True, 50_000),
    Case("VGG19 / 4, CIFAR-10", Model(name="vgg19", width=0.25), CIFAR, 128, 16, 4, True, 50_000),
    Case("VGG19, CIFAR-10", Model(name="vgg19"), CIFAR, 128, 3, 0, True, 50_000),
)

CUDA = tuple(
    Case(f"VGG19, CIFAR-10, {p}", Model(name="vgg19"), CIFAR, 128, 200, 60, True, 50_000, p)
    for p in ("bf16", "tf32", "float32")
)


def cases(device: str, *, quick: bool = False) -> tuple[Case, ...]:
    """The cases of a kind of device."""
    every = CUDA if device.startswith("cuda") else CPU
    return tuple(c for c in every if c.quick_steps or not quick)
