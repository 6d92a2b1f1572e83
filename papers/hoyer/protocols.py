"""The experiments of DeepHoyer as data, at paper scale (sheet 5 and 6).

Beside the MNIST cells: ``cifar10/resnet-56`` is a dense network of the zoo, ``cifar10/resnet-56/group-hoyer-square-
0.0001`` its structural pruning, ``imagenet/...`` the ImageNet stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from papers.hoyer import phases, settings, zoo
from papers.hoyer.cells import Cell, cells
from papers.hoyer.original_ids import SCRIPTS
from shared.data.imagenet import IMAGENET
from shared.paper import Experiment
from shared.protocol import Model, Phase, Protocol, Prunable


def experiments() -> dict[str, Experiment]:
    """Every experiment by id."""
    return {e.id: e for e in [*_mnist(), *_dense(), *_structural(), *_imagenet()]}


def _mnist() -> Iterator[Experiment]:
    for cell in cells():
        labels: dict[str, str | float] = {
            "network": cell.network,
            "dataset": "fashion-mnist" if cell.fashion else "mnist",
            "method": cell.reg,
            "variant": "corrected" if cell.corrected else "published",
            "pruning": cell.end,
            "start": "dense" if cell.pretrained else "scratch",
        }
        if cell.strength:
            labels["strength"] = float(cell.strength)
        if cell.end[0] == "S":
            labels["sparsity_percent"] = round(100 * float(cell.end[1:]), 6)
        yield Experiment(cell.id, cell.title, partial(mnist, cell), labels, cell.who, cell.series)


def mnist(cell: Cell, seed: int) -> Protocol:
    """The run of a cell."""
    variant = "corrected" if cell.corrected else "published"
    script = phases.script_for(cell.network, cell.structure)
    methods = phases.regulariser(script, cell.reg, float(cell.strength or 0), variant)
    decay = settings.STRUCTURE_DECAY if cell.structure else 0.0
    plan: list[Phase] = [phases.pretrain()] if cell.pretrained else []
    plan.append(phases.adam("regularise", cell.epochs, float(cell.lr), decay, methods))
    if cell.end != "trained":
        how, at = settings.FINETUNES[cell.end[0]], float(cell.end[1:])
        cut = phases.pruned_to(at, how.rule, variant) if cell.end[0] == "S" else phases.pruned(how.rule, at, variant)
        plan += [cut, phases.finetune(how, variant)]
        plan += [phases.compact()] * cell.structure
    chooses = cell.corrected and cell.end[0] == settings.STD_RATIO.letter
    return phases.protocol(cell.network, plan, seed, fashion=cell.fashion, variant=variant, chooses=chooses)


def _dense() -> Iterator[Experiment]:
    """The dense baselines of the zoo."""
    for dataset, classes in zoo.CLASSES.items():
        for name, network in zoo.NETWORKS.items():
            title = f"{network.title} on CIFAR-{classes}"
            labels = {"network": name, "dataset": dataset, "method": "none", "variant": "published"}
            yield Experiment(f"{dataset}/{name}", title, partial(dense, dataset, network), labels, title, "dense")


def dense(dataset: str, network: zoo.Network, seed: int) -> Protocol:
    """A dense training on CIFAR."""
    r = network.recipe
    own = (phases.DROPOUT,) if "dropout" in network.options else ()
    rates = {"lr": r.lr, "gamma": r.gamma, "weight_decay": r.weight_decay}
    plan = phases.sgd("train", r.epochs, r.milestones, own, batch=r.batch, **rates)
    return _cifar(dataset, network.spec(zoo.CLASSES[dataset]), [plan], seed, Prunable())


def _structural() -> Iterator[Experiment]:
    """Group regularisers on CIFAR-10, pruned at 1e-4 and finetuned from learning rate 0.1 (sheet 4.8)."""
    for name in zoo.STRUCTURAL:
        for reg in zoo.GROUP_REGS:
            for strength in zoo.GROUP_STRENGTHS:
                title = f"{zoo.NETWORKS[name].title}, {settings.TITLES[reg]} {strength}"
                yield Experiment(
                    f"cifar10/{name}/{reg}-{strength}",
                    title,
                    partial(structural, name, reg, float(strength)),
                    {
                        "network": name,
                        "dataset": "cifar10",
                        "method": reg,
                        "strength": float(strength),
                        "variant": "published",
                    },
                    who=f"{zoo.NETWORKS[name].title} on CIFAR-10",
                    series=settings.TITLES[reg],
                )


def structural(name: str, reg: str, strength: float, seed: int) -> Protocol:
    """A structural pruning on CIFAR-10."""
    network = zoo.NETWORKS[name]
    method = SCRIPTS["cifar-group"].method(reg, strength)
    plan = phases.structural(network.recipe.epochs, network.recipe.milestones, (method,) if method else (), zoo.CUT)
    return _cifar("cifar10", network.spec(10), plan, seed, phases.WITH_BATCHNORM)


def _cifar(dataset: str, model: Model, plan: list[Phase], seed: int, prunable: Prunable) -> Protocol:
    data = settings.CIFAR10 if dataset == "cifar10" else settings.CIFAR100
    return Protocol(paper="hoyer", model=model, data=data, prunable=prunable, phases=tuple(plan), seed=seed)


def _imagenet() -> Iterator[Experiment]:
    """ImageNet: dense networks, Group-HS on ResNet-50, and AlexNet element-wise, which is reconstructed (E6, E7)."""
    for name in ("resnet-18", "resnext-50-32x4d"):
        network = zoo.IMAGENET[name]
        labels = {"network": name, "dataset": "imagenet", "method": "none", "variant": "published"}
        who = f"{network.title} on ImageNet"
        yield Experiment(f"imagenet/{name}", who, partial(imagenet_dense, network), labels, who, "dense")
    for name, reg, strength, variant, stages in (
        ("resnet-50", "group-hoyer-square", "0.0001", "published", zoo.README_STAGES),
        ("alexnet", "hoyer-square", "1e-6", "reconstructed", zoo.DEFAULT_STAGES),
    ):
        network = zoo.IMAGENET[name]
        yield Experiment(
            f"imagenet/{name}-{reg}",
            f"{network.title} on ImageNet, {settings.TITLES[reg]} {strength} ({variant})",
            partial(imagenet_pruned, network, reg, float(strength), variant, stages),
            {"network": name, "dataset": "imagenet", "method": reg, "strength": float(strength), "variant": variant},
            who=f"{network.title} on ImageNet",
            series=f"{settings.TITLES[reg]} ({variant})",
        )


def imagenet_dense(network: zoo.Network, seed: int) -> Protocol:
    """A dense training on ImageNet, with the usual schedule of these networks."""
    r = network.recipe
    return _on_imagenet(network, [phases.sgd("train", r.epochs, r.milestones, batch=r.batch)], seed, "published")


def imagenet_pruned(
    network: zoo.Network, reg: str, strength: float, variant: str, stages: tuple[zoo.Stage, zoo.Stage], seed: int
) -> Protocol:
    """Train, train with a regulariser, prune at 1e-4, finetune (sheet 4.9).

    ``reconstructed``: element-wise pruning, of which the repository has no code.
    """
    r, (train, tune) = network.recipe, stages
    how = "published" if variant == "published" else "corrected"
    methods = phases.regulariser(SCRIPTS["imagenet-group"], reg, strength, how)
    held = phases.held("published", masked=True)
    plan: list[Phase] = [
        phases.sgd("pretrain", r.epochs, r.milestones, lr=r.lr, batch=r.batch),
        phases.sgd("regularise", train.epochs, phases.steps(train.epochs), methods, lr=train.lr, batch=r.batch),
        phases.pruned("absolute", zoo.CUT, "published", masked=True),
        phases.sgd("finetune", tune.epochs, phases.steps(tune.epochs), held, lr=tune.lr, batch=r.batch),
    ]
    plan += [phases.compact()] * reg.startswith("group")
    return _on_imagenet(network, plan, seed, variant)


def _on_imagenet(network: zoo.Network, plan: list[Phase], seed: int, variant: str) -> Protocol:
    return Protocol(
        paper="hoyer",
        variant=variant,
        model=Model(name=network.model, classes=1000, size=224),
        data=IMAGENET,
        prunable=phases.WITH_BATCHNORM if variant == "published" else Prunable(),
        phases=tuple(plan),
        seed=seed,
    )
