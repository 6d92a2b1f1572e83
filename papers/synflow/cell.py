"""One run as the paper would describe it, and its phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from papers.synflow.multiplicity import family_of
from papers.synflow.networks import dense_classifier, model_for
from papers.synflow.settings import SYNFLOW_ROUNDS, Recipe, data_for
from shared.protocol import Method, Options, Phase, Protocol, Prunable, Prune, Rewind, Scalar, Train
from shared.sparsity.density import densities

RULES: dict[str, dict[str, Scalar]] = {
    # how each variant scores and makes masks (sheet, section 4)
    "published": {"rule": "published", "grasp": "published", "score_dtype": "float32"},
    "head": {"rule": "head", "score_dtype": "float32"},
    "assignment": {"rule": "head", "score_dtype": "float32"},
    "corrected": {},
}
STALE: dict[str, tuple[str, ...]] = {
    # pruners that read the gradients which training leaves behind, and add them to their first score (4.3, trap 16)
    "published": ("snip", "grasp", "synflow"),
    "head": ("grasp", "synflow"),
    "assignment": ("grasp", "synflow"),
    "corrected": (),
}
DECAYS_IN_PLACE = ("nesterov", "sgd", "adam")
"""Optimisers whose weight decay went into the stored gradient in torch 1.4, which the original pins; not RMSprop's."""
DRAWN = ("rand", "snip", "grasp")
"""Pruners whose scores the original draws anew at each level; ``corrected`` locks its masks and keeps its sample."""
MASK_GRADIENTS = Method(name="mask-gradients")


@dataclass(frozen=True)
class Cell:
    """One run.

    Attributes:
        family, network, data: names of the original.
        pruner: criterion, or ``none``.
        density: fraction of the prunable weights that remains.
        variant: code state.
        recipe: of training.
        rounds: scoring rounds; ``None``: 100 for SynFlow, 1 otherwise.
        pretrain: epochs before pruning, with the same optimiser and schedule.
        levels: of iterative pruning (multi-shot); 0 for none.
        rewind: whether a level goes back to the initial weights; ``None``: as the variant does.
        shuffle, reinitialise: ablations of the mask's positions and of the weights.
        score: further options of ``score-and-prune``.
        bias, batchnorm, classifier, scales: what may be pruned; ``scales`` are those of identity shortcuts.
        train: ``False``: prune only.
    """

    family: str
    network: str
    data: str
    pruner: str
    density: float
    variant: str
    recipe: Recipe
    rounds: int | None = None
    pretrain: int = 0
    levels: int = 0
    rewind: bool | None = None
    shuffle: bool = False
    reinitialise: bool = False
    score: Mapping[str, Scalar] = field(default_factory=dict)
    bias: bool = False
    batchnorm: bool = False
    classifier: bool = True
    scales: bool = False
    train: bool = True


def protocol(cell: Cell, seed: int) -> Protocol:
    """The cell at paper scale."""
    model = model_for(cell.family, cell.network, cell.data, trained_scales=cell.variant == "published")
    exclude = () if cell.classifier else dense_classifier(model)
    return Protocol(
        paper="synflow",
        variant=cell.variant,
        model=model,
        data=data_for(cell.data),
        prunable=Prunable(bias=cell.bias, batchnorm=cell.batchnorm, exclude=exclude, scales=cell.scales),
        phases=tuple(_phases(cell)),
        seed=seed,
    )


def _phases(cell: Cell) -> list[Phase]:
    if cell.levels:
        return _multishot(cell)
    epochs = cell.recipe.epochs + cell.pretrain
    if cell.train and (cell.pruner == "none" or cell.density >= 1):
        return [_train(cell, epochs)]
    if cell.pretrain:
        options = {"epoch": cell.pretrain, **_score(cell, cell.density, trained=True)}
        after = Method(name="prune-after", options=options)
        return [_train(cell, epochs, MASK_GRADIENTS, after, scored=True)]
    checks = (Method(name="layerwise-rearrange"),) if cell.shuffle else ()
    cut = Prune(method=Method(name="score-and-prune", options=_score(cell, cell.density)), checks=checks)
    return [cut, _train(cell, epochs, MASK_GRADIENTS)] if cell.train else [cut]


def _multishot(cell: Cell) -> list[Phase]:
    """Train, prune, reset, level by level; then train (sheet 4.7). Only ``corrected`` and ``head`` go back."""
    rewinds = cell.variant == "corrected" if cell.rewind is None else cell.rewind
    legacy = cell.variant != "corrected"
    stored = (Method(name="stored-weights"),) if legacy else ()
    restores = cell.variant == "head"
    phases: list[Phase] = [Prune(name="initial", method=Method(name="keep-initial"))] if restores else []
    for level, density in enumerate(densities(cell.density, cell.levels), 1):
        options = _score(cell, density, trained=True) | ({"stored": True} if legacy else {})
        if legacy and level > 1 and cell.pruner in DRAWN:
            options["level"] = level
        phases.append(_train(cell, cell.recipe.epochs, MASK_GRADIENTS, *stored, name=f"level-{level}", scored=True))
        phases.append(Prune(name=f"prune-{level}", method=Method(name="score-and-prune", options=options)))
        if restores:
            phases.append(Prune(name=f"restore-{level}", method=Method(name="restore-initial")))
        elif rewinds:
            phases.append(Rewind(name=f"rewind-{level}", phase="level-1"))
    return [*phases, _train(cell, cell.recipe.epochs, MASK_GRADIENTS, *stored, name="final")]


def _score(cell: Cell, density: float, *, trained: bool = False) -> Options:
    """Options of ``score-and-prune``; ``trained``: the network has been trained before, so that gradients are left."""
    rounds = cell.rounds or (SYNFLOW_ROUNDS if cell.pruner == "synflow" else 1)
    options: dict[str, Any] = {"pruner": cell.pruner, "density": density, **RULES[cell.variant], **cell.score}
    if rounds != 1:
        options["rounds"] = rounds
    if cell.reinitialise:
        options["reinitialise"] = True
    if trained and cell.pruner in STALE[cell.variant]:
        options["stale"] = True
    if cell.pruner != "synflow":
        options.pop("score_dtype", None)
    if cell.pruner != "grasp":
        options.pop("grasp", None)
    return options


def _train(cell: Cell, epochs: int, *methods: Method, name: str = "train", scored: bool = False) -> Train:
    """A training phase; dropout, the optimiser of June 2020 and the gradients that a scoring will read come last."""
    last: list[Method] = []
    if cell.network.startswith("vgg") and cell.family != "lottery":
        last.append(Method(name="seed-dropout"))
    if cell.variant == "published":
        nesting = family_of(cell.family, cell.network)
        last.append(Method(name="repeat-updates", options={"network": nesting}))
    if scored and cell.pruner in STALE[cell.variant]:
        decays = cell.recipe.weight_decay > 0 and cell.recipe.optimizer in DECAYS_IN_PLACE
        last.append(Method(name="keep-gradients", options={"decay": True} if decays else {}))
    return Train(
        name=name,
        epochs=epochs,
        batch_size=cell.recipe.batch_size,
        optimizer=cell.recipe.optimiser(),
        schedule=cell.recipe.schedule(),
        methods=(*methods, *last),
    )
