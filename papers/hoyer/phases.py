"""The phases of a run: pretrain, train with a regulariser, prune once, finetune with zeros held (sheet 4.6 to 4.8)."""

from __future__ import annotations

from papers.hoyer import settings
from papers.hoyer.original_ids import SCRIPTS, Script
from papers.hoyer.settings import Finetune
from shared.protocol import Data, Method, Optimizer, Options, Phase, Protocol, Prunable, Prune, Rewind, Schedule, Train

FREEZE_ZEROS = Method(name="freeze-zeros")
MASK_GRADIENTS = Method(name="mask-gradients")
DROPOUT = Method(name="dropout")
"""The random numbers of a network's own dropout."""
EVERYTHING = Prunable(bias=True)
"""MNIST: every parameter is regularised and pruned, biases included."""
BEST_DENSE = Rewind(name="best-dense", phase="pretrain", best=True)
"""CIFAR: the dense network that is loaded is the one of its best epoch on the test set (sheet 4.8)."""
WITH_BATCHNORM = Prunable(batchnorm=True)
"""CIFAR and ImageNet: every tensor named weight, batch-norm gammas included."""


def script_for(network: str, structure: bool) -> Script:
    """The MNIST script that trains a network."""
    if not structure:
        return SCRIPTS["mnist-element"]
    return SCRIPTS["mnist-structure-mlp" if network == settings.MLP else "mnist-structure-cnn"]


def regulariser(script: Script, reg: str, strength: float, variant: str) -> tuple[Method, ...]:
    """The regulariser as the script computes it, or as it is meant: weights only, true groups, zeros skipped."""
    if variant == "published":
        method = script.method(reg, strength)
        return (method,) if method else ()
    if reg == "none" or not strength:
        return ()
    return (Method(name="regulariser", options={"kind": reg, "strength": strength, "tensors": "weights"}),)


def adam(
    name: str, epochs: int, lr: float, weight_decay: float, methods: tuple[Method, ...] = (), batch: int = 100
) -> Train:
    """A training phase of the MNIST scripts: Adam at a constant learning rate."""
    optimizer = Optimizer(name="adam", lr=lr, weight_decay=weight_decay)
    return Train(name=name, epochs=epochs, batch_size=batch, optimizer=optimizer, methods=methods)


def pretrain(epochs: int = settings.PRETRAIN_EPOCHS, batch: int = settings.MNIST_BATCH) -> Train:
    """The dense network from which element and structure runs start alike."""
    return adam("pretrain", epochs, settings.ADAM.lr, 0.0, batch=batch)


def pruned(rule: str, threshold: float, variant: str, masked: bool = False) -> Prune:
    """One pruning by a threshold; ``masked``: with explicit masks, as the CIFAR and ImageNet scripts have them."""
    return _pruned({"rule": rule, "threshold": threshold}, variant, masked)


def pruned_to(sparsity: float, rule: str, variant: str, masked: bool = False) -> Prune:
    """One pruning by a rule whose threshold is searched so that this fraction of the weights goes, exactly."""
    return _pruned({"rule": rule, "density": round(1 - sparsity, 12)}, variant, masked)


def _pruned(options: Options, variant: str, masked: bool) -> Prune:
    if masked or variant == "corrected":
        options["mask"] = "explicit"
    return Prune(method=Method(name="prune-by-threshold", options=options))


def held(variant: str, masked: bool = False) -> tuple[Method, ...]:
    """What keeps pruned weights at 0 while finetuning."""
    return (MASK_GRADIENTS,) if masked or variant == "corrected" else (FREEZE_ZEROS,)


def finetune(how: Finetune, variant: str, batch: int = settings.MNIST_BATCH) -> Train:
    """The finetuning that belongs to a pruning rule of the MNIST scripts."""
    return adam("finetune", how.epochs, how.lr, how.weight_decay, held(variant), batch)


def sgd(
    name: str,
    epochs: int,
    milestones: tuple[int, ...],
    methods: tuple[Method, ...] = (),
    *,
    lr: float = 0.1,
    gamma: float = 0.1,
    weight_decay: float = 1e-4,
    batch: int = 128,
) -> Train:
    """A training phase of the CIFAR and ImageNet scripts: SGD with momentum, step schedule, decay on everything."""
    optimizer = Optimizer(name="sgd", lr=lr, momentum=0.9, weight_decay=weight_decay)
    schedule = Schedule(kind="multistep", milestones=milestones, gamma=gamma) if milestones else Schedule()
    return Train(name=name, epochs=epochs, batch_size=batch, optimizer=optimizer, schedule=schedule, methods=methods)


LR_INTERVAL = 30
"""Epochs between the learning-rate steps of the ImageNet scripts."""


def steps(epochs: int) -> tuple[int, ...]:
    """Epochs at which the ImageNet scripts cut the learning rate."""
    return tuple(range(LR_INTERVAL, epochs, LR_INTERVAL))


def structural(epochs: int, milestones: tuple[int, ...], group: tuple[Method, ...], threshold: float) -> list[Phase]:
    """CIFAR: dense, group training from its best epoch, prune, finetune; all with the same schedule (sheet 4.8)."""
    return [
        sgd("pretrain", epochs, milestones),
        BEST_DENSE,
        sgd("regularise", epochs, milestones, group),
        pruned("absolute", threshold, "published", masked=True),
        sgd("finetune", epochs, milestones, held("published", masked=True)),
        compact(),
    ]


def compact() -> Prune:
    """Build and time the physically smaller network that a structural pruning leaves; the run goes on unchanged."""
    return Prune(name="compact", method=Method(name="measure-compact"))


def prunable(variant: str) -> Prunable:
    """What the MNIST scripts prune, or should."""
    return EVERYTHING if variant == "published" else Prunable()


def choosing(data: Data, held_out: int = settings.HELD_OUT) -> Data:
    """Data that hold out images, as many of each class as its share, to choose an epoch by (sheet 4.11, trap 6)."""
    return data.model_copy(update={"val_size": held_out, "val_rule": "stratified", "select_on": "val"})


def protocol(
    model: str, phases: list[Phase], seed: int, *, fashion: bool = False, variant: str, chooses: bool = False
) -> Protocol:
    """A run on MNIST or Fashion-MNIST; ``chooses``: an epoch of finetuning on held-out images."""
    data = settings.FASHION if fashion else settings.MNIST
    return Protocol(
        paper="hoyer",
        variant=variant,
        model=settings.MNIST_MODELS[model],
        data=choosing(data) if chooses else data,
        prunable=prunable(variant),
        phases=tuple(phases),
        seed=seed,
    )
