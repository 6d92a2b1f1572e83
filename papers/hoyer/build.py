"""From typed options to a paper-scale run (``repro run hoyer ...``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from papers.hoyer import phases, settings, zoo
from papers.hoyer.choice import Choice, read
from papers.hoyer.original_ids import SCRIPTS
from papers.hoyer.refusals import check
from shared.data.imagenet import IMAGENET
from shared.errors import ReproError
from shared.protocol import Data, Method, Model, Options, Phase, Protocol, Prunable, Prune, Train

DATA = {
    "mnist": settings.MNIST,
    "fashion-mnist": settings.FASHION,
    "cifar10": settings.CIFAR10,
    "cifar100": settings.CIFAR100,
    "imagenet": IMAGENET,
}
MODELS = {"alexnet": "cifar-alexnet", "vgg19-bn": "cifar-vgg19", "wrn": "wide_resnet", "densenet-bc": "cifar-densenet"}
IMAGENET_NAMES = {network.model: name for name, network in zoo.IMAGENET.items()}
HOLD_NORM = Method(name="hold-norm")
LENGTHS = {"pretrain": "--pretrain-epochs", "finetune": "--finetune-epochs"}
"""The option that says how long a stage is, where it is not ``--epochs``."""


def build(options: Mapping[str, Any]) -> Protocol:
    """The run that these options describe; what is not given follows the original scripts.

    Args:
        options: typed options by name (``None`` counts as not typed), ``seed`` and ``variant`` among them.

    Raises:
        ReproError: an option is unknown, out of range, without effect, or cannot be combined with another.
    """
    c = read(options)
    check(c)
    plan = _phases(c)
    if "lr_gamma" in c.typed and not any(isinstance(p, Train) and p.schedule.milestones for p in plan):
        raise ReproError("--lr-gamma has no effect where the learning rate has no step; leave it out.")
    try:
        return Protocol(
            paper="hoyer",
            variant=c["variant"],
            model=_model(c),
            data=_data(c),
            prunable=_prunable(c),
            phases=tuple(plan),
            seed=c["seed"],
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ReproError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error


def _model(c: Choice) -> Model:
    network = c["network"]
    if c.small:
        return settings.MNIST_MODELS[network]
    if c.large:
        return Model(name=network, classes=1000, size=224)
    options: Options = {} if c["depth"] is None else {"depth": c["depth"]}
    width = 1.0
    if network in ("resnet", "preresnet") and c["block"] != "basic":
        options["block"] = c["block"]
    if network == "resnext":
        options["cardinality"] = c["cardinality"]
    if network == "densenet-bc":
        options["growth_rate"] = c["growth_rate"]
    if network == "wrn":
        width = float(c["widen_factor"])
        options |= {"dropout": c["dropout"]} if c["dropout"] else {}
    name = MODELS.get(network, f"cifar-{network}")
    return Model(name=name, width=width, classes=100 if c["dataset"] == "cifar100" else 10, options=options)


def _data(c: Choice) -> Data:
    data = DATA[c["dataset"]].model_copy(update={"val_size": c["val_size"], "evaluate_on": c["eval_split"]})
    return phases.choosing(data, c["val_size"]) if c.chooses else data


def _prunable(c: Choice) -> Prunable:
    if c.small:
        return phases.prunable(c["variant"])
    pruned = c["prune_rule"] != "none" and c["variant"] == "published"
    return phases.WITH_BATCHNORM if pruned else Prunable()


def _phases(c: Choice) -> list[Phase]:
    variant = "published" if c["variant"] == "published" else "corrected"
    methods = phases.regulariser(SCRIPTS[c.script], c.reg, c["decay"] or 0.0, variant)
    if c["hold_norm"]:
        methods = (*methods, HOLD_NORM)
    plan: list[Phase] = [_train(c, "pretrain", c["pretrain_epochs"], (), dense=True)] if c["pretrained"] else []
    plan += [phases.BEST_DENSE] * (bool(plan) and variant == "published" and not (c.small or c.large))
    plan.append(_train(c, "train" if _dense(c) else "regularise", c["epochs"], methods))
    if c["prune_rule"] != "none":
        masked = not c.small
        plan.append(_prune(c, variant, masked))
        plan.append(_finetune(c, phases.held(variant, masked)))
        plan += [phases.compact()] * c.group
    return plan


def _dense(c: Choice) -> bool:
    """A dense network of the zoo or of ImageNet: its only phase is called as in their tables."""
    return not c.small and not c["pretrained"] and c.reg == "none" and c["prune_rule"] == "none"


def _prune(c: Choice, variant: str, masked: bool) -> Prune:
    if c["target_sparsity"] is None:
        return phases.pruned(c["prune_rule"], c["threshold"], variant, masked)
    return phases.pruned_to(c["target_sparsity"], c["prune_rule"], variant, masked)


def _train(c: Choice, name: str, epochs: int, methods: tuple[Method, ...], *, dense: bool = False) -> Train:
    if c.small:
        # element and structure runs start from the same dense network, trained without decay
        decay = 0.0 if dense else c["weight_decay"]
        return phases.adam(name, epochs, settings.ADAM.lr if dense else c["lr"], decay, methods, c["batch_size"])
    lr = zoo.IMAGENET[IMAGENET_NAMES[c["network"]]].recipe.lr if dense and c.large else c["lr"]
    return _sgd(c, name, epochs, lr, c["weight_decay"], methods)


def _finetune(c: Choice, methods: tuple[Method, ...]) -> Train:
    epochs, lr, decay = c["finetune_epochs"], c["finetune_lr"], c["finetune_weight_decay"]
    if c.small:
        return phases.adam("finetune", epochs, lr, decay, methods, c["batch_size"])
    return _sgd(c, "finetune", epochs, lr, decay, methods)


def _sgd(c: Choice, name: str, epochs: int, lr: float, decay: float, methods: tuple[Method, ...]) -> Train:
    if c["dropout"]:
        methods = (*methods, phases.DROPOUT)
    return phases.sgd(
        name,
        epochs,
        _milestones(c, name, epochs),
        methods,
        lr=lr,
        gamma=c["lr_gamma"],
        weight_decay=decay,
        batch=c["batch_size"],
    )


def _milestones(c: Choice, stage: str, epochs: int) -> tuple[int, ...]:
    """Milestones as typed, for every stage alike, or the recipe's at their relative place in the stage."""
    if "lr_milestones" not in c.typed:
        if c.large:
            return phases.steps(epochs)
        scaled = {max(1, round(m * epochs / c.recipe.epochs)) for m in c.recipe.milestones}
        return tuple(sorted(m for m in scaled if m < epochs))
    text = c["lr_milestones"]
    if text == "none":
        return ()
    try:
        milestones = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ReproError(f"--lr-milestones takes epochs such as 81,122, or none, not {text!r}.") from None
    if list(milestones) != sorted(set(milestones)) or milestones[0] < 1:
        raise ReproError(f"--lr-milestones must be increasing epochs from 1 on, not {text}.")
    if milestones[-1] >= epochs:
        raise ReproError(
            f"--lr-milestones {text} holds for every stage of a run, but its {stage} stage ends with epoch {epochs} "
            f"({LENGTHS.get(stage, '--epochs')}); every milestone must come before that."
        )
    return milestones
