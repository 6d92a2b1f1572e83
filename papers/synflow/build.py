"""From typed options to a paper-scale run (``repro run synflow ...``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from papers.synflow.cell import RULES, Cell, protocol
from papers.synflow.networks import CLASSES
from papers.synflow.options import OPTIONS
from papers.synflow.refusals import check
from papers.synflow.settings import Recipe, recipe_for
from shared.errors import ReproError, unknown
from shared.protocol import Protocol, Scalar
from shared.sparsity.density import largest_exponent, of_exponent, of_ratio

OPTION = {option.name: option for option in OPTIONS}
BESIDE = {"seed": 1, "variant": "corrected"}
"""Settings every paper has, declared by the command line itself."""


def build(options: Mapping[str, Any]) -> Protocol:
    """The run that these options describe; what is not given follows the paper.

    Args:
        options: typed options by name (``None`` counts as not typed), ``seed`` and ``variant`` among them.

    Raises:
        ReproError: an option is unknown, out of range, without effect, or cannot be combined with another.
    """
    typed = read(options)
    chosen = {**{o.name: o.default for o in OPTIONS}, **BESIDE, **typed}
    family = model_class(chosen)
    density, recipe = (
        _density(family, chosen),
        _recipe(recipe_for(family, chosen["network"], chosen["dataset"]), chosen),
    )
    check(typed, {**chosen, "family": family, "density": density, "recipe": recipe})
    try:
        return protocol(_cell(family, density, recipe, chosen, typed), chosen["seed"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ReproError(f"{where}: {said}." if where else f"These options do not go together: {said}.") from error


def read(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed: names and values checked, switches that are at their default left out.

    Raises:
        ReproError: naming the option and what it takes.
    """
    typed = {name: value for name, value in options.items() if value is not None}
    for name, value in typed.items():
        if name not in OPTION and name not in BESIDE:
            raise unknown("synflow option", name, [*OPTION, *BESIDE])
        choices = OPTION[name].choices if name in OPTION else tuple(RULES) if name == "variant" else ()
        if choices and value not in choices:
            raise unknown(f"value of {OPTION[name].flag if name in OPTION else '--' + name}", str(value), choices)
    switches = {name for name, value in typed.items() if name in OPTION and value is False}
    return {n: v for n, v in typed.items() if n not in switches or OPTION[n].default is not False}


def model_class(chosen: Mapping[str, Any]) -> str:
    """The class that was asked for, or the one the paper takes for a network and data set.

    Raises:
        ReproError: if no class, or not the given one, has the network.
    """
    network, data, given = chosen["network"], chosen["dataset"], chosen["model_class"]
    order: tuple[str, ...] = ("lottery", "tinyimagenet", "default", "imagenet")
    if data in ("tiny-imagenet", "imagenet"):
        order = ("imagenet", "tinyimagenet", "default") if data == "imagenet" else ("tinyimagenet", "default")
    having = [family for family in order if network in CLASSES[family]]
    if given:
        having = [f for f in CLASSES if network in CLASSES[f]]
        if given not in having:
            raise ReproError(f"Model class {given} has no {network}; it is in {', '.join(having)}.")
        return str(given)
    if not having:
        raise ReproError(f"No model class for {data} has {network}; choose another --network.")
    return having[0]


def density_of(chosen: Mapping[str, Any], tensors: tuple[int, ...]) -> float:
    """The density that was asked for by ratio, exponent or sparsity.

    Raises:
        ReproError: if more than one was given, an exponent is beyond one weight for each tensor (a mistyped ratio),
            or a ratio or sparsity leaves less than one weight in all.
    """
    given = [n for n in ("compression", "log10_compression", "sparsity") if chosen[n] is not None]
    if len(given) > 1:
        raise ReproError(f"Give one of {', '.join(OPTION[n].flag for n in given)}; they say the same thing.")
    if not given:
        return 0.1
    value = chosen[given[0]]
    most = largest_exponent(sum(tensors), len(tensors))
    if given[0] == "compression":
        return _something(of_ratio(value), sum(tensors))
    if given[0] == "sparsity":
        if not 0 <= value < 1:
            raise ReproError(f"--sparsity is the fraction removed, from 0 to below 1, not {value:g}.")
        return _something(float(1 - value), sum(tensors))
    if not 0 <= value <= most:
        raise ReproError(
            f"--log10-compression {value:g} means a ratio of 10^{value:g}, but one weight in each of {len(tensors)} "
            f"tensors is already 10^{most:.2f}; for a plain ratio of {value:g} use --compression {value:g}."
        )
    return of_exponent(value)


def _something(density: float, total: int) -> float:
    """The density, if it leaves a weight.

    Raises:
        ReproError: if it does not.
    """
    if density * total < 1:
        raise ReproError(
            f"A compression of {1 / density:,.0f} leaves none of the {total:,} prunable weights; {total:,} is the most."
        )
    return density


def _density(family: str, chosen: Mapping[str, Any]) -> float:
    from papers.synflow.counts import prunable

    if chosen["pruner"] == "none":
        return 1.0
    return density_of(chosen, prunable(family, chosen["network"], chosen["dataset"]))


def _cell(family: str, density: float, recipe: Recipe, chosen: Mapping[str, Any], typed: Mapping[str, Any]) -> Cell:
    return Cell(
        family,
        chosen["network"],
        chosen["dataset"],
        chosen["pruner"],
        density,
        chosen["variant"],
        recipe,
        rounds=chosen["prune_iterations"],
        pretrain=chosen["pretrain_epochs"],
        levels=chosen["levels"],
        rewind=chosen["rewind"],
        shuffle=chosen["shuffle"],
        reinitialise=chosen["reinitialize"],
        score=_score(typed, chosen["variant"]),
        bias=chosen["prune_bias"],
        batchnorm=chosen["prune_batchnorm"],
        classifier=chosen["prune_classifier"],
        scales=chosen["prune_residual"],
    )


SCORE = {
    # our option: option of score-and-prune
    "prune_schedule": "schedule",
    "prune_scope": "scope",
    "grasp_sign": "grasp",
    "score_dtype": "score_dtype",
    "samples_per_class": "per_class",
    "score_batch_size": "batch_size",
    "score_sampling": "sampling",
    "score_augmented": "augmented",
    "invert": "invert",
    "normalize_score": "standardise",
}


def _score(typed: Mapping[str, Any], variant: str) -> dict[str, Scalar]:
    """Typed options that differ from their defaults, so that spelling a default out is the same run."""
    usual = {ours: OPTION[name].default for name, ours in SCORE.items()}
    usual |= {"grasp": "paper", "score_dtype": "float64"} | RULES[variant]
    given = {ours: typed[name] for name, ours in SCORE.items() if name in typed and typed[name] != usual[ours]}
    return given | ({"mode": "train"} if typed.get("train_mode") else {})


def _recipe(recipe: Recipe, chosen: Mapping[str, Any]) -> Recipe:
    changes: dict[str, Any] = {
        field: chosen[field]
        for field in ("epochs", "batch_size", "optimizer", "lr", "weight_decay")
        if chosen[field] is not None
    }
    if chosen["lr_gamma"] is not None:
        changes["gamma"] = chosen["lr_gamma"]
    epochs = changes.get("epochs", recipe.epochs)
    if chosen["lr_milestones"] is not None:
        changes["milestones"] = milestones(chosen["lr_milestones"])
    elif epochs != recipe.epochs:
        scaled = {max(1, round(m * epochs / recipe.epochs)) for m in recipe.milestones}
        changes["milestones"] = tuple(sorted(m for m in scaled if m < epochs))
    return replace(recipe, **changes)


def milestones(text: str) -> tuple[int, ...]:
    """``60,120`` or ``none``.

    Raises:
        ReproError: if it is neither, or the epochs do not rise.
    """
    if text == "none":
        return ()
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or found[0] < 1 or any(b <= a for a, b in pairwise(found)):
        raise ReproError(f"--lr-milestones takes rising epochs from 1, such as 60,120, or none, not {text!r}.")
    return found
