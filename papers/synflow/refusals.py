"""Options that would have no effect, or cannot work, in the chosen combination: each is refused with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from papers.synflow.multiplicity import VISITS, family_of
from papers.synflow.options import OPTIONS
from shared.errors import ReproError
from shared.option_rules import Needs, Ranges, refuse
from shared.protocol import Scalar

Chosen = Mapping[str, Any]
FLAG = {option.name: option.flag for option in OPTIONS}
SCORED = ("snip", "grasp")
PRUNES = (
    "compression", "log10_compression", "sparsity", "prune_iterations", "prune_schedule", "prune_scope", "prune_bias",
    "prune_batchnorm", "prune_residual", "prune_classifier", "shuffle", "reinitialize", "invert", "levels", "rewind",
    "pretrain_epochs", "normalize_score",
)  # fmt: skip
SAMPLED = ("samples_per_class", "score_batch_size", "score_sampling", "score_augmented", "train_mode")
CHOOSES = (
    "prune_iterations", "prune_schedule", "prune_scope", "grasp_sign", "score_dtype", "shuffle", "reinitialize",
    "invert", "normalize_score", *SAMPLED,
)  # fmt: skip
"""What decides which weights go, and what then happens to the others."""

RANGES = Ranges(
    positive=("epochs", "batch_size", "lr", "lr_gamma", "prune_iterations", "samples_per_class", "score_batch_size"),
    not_negative=("weight_decay", "levels", "pretrain_epochs"),
)
RULES: tuple[Needs[Chosen], ...] = (
    *(Needs(n, lambda c: c["pruner"] != "none", "with --pruner none, which prunes nothing") for n in PRUNES),
    *(Needs(n, lambda c: c["pruner"] in SCORED, "with --pruner {pruner}, which looks at no data") for n in SAMPLED),
    Needs("grasp_sign", lambda c: c["pruner"] == "grasp", "with --pruner {pruner}; it belongs to grasp"),
    Needs("score_dtype", lambda c: c["pruner"] == "synflow", "with --pruner {pruner}; it belongs to synflow"),
    Needs("prune_schedule", lambda c: _rounds(c) > 1, "with a single scoring round; raise --prune-iterations"),
    Needs(
        "normalize_score", lambda c: c["prune_scope"] == "global", "with --prune-scope local: it keeps the order there"
    ),
    Needs("rewind", lambda c: c["levels"] > 0, "without --levels"),
    *(Needs(n, lambda c: c["density"] < 1, "at a compression of 1, where no weight is removed") for n in CHOOSES),
    Needs("lr_gamma", lambda c: bool(c["recipe"].milestones), "without learning-rate steps; add --lr-milestones"),
    *(Needs(n, lambda c: c["levels"] == 0, "with --levels") for n in ("pretrain_epochs", "shuffle", "reinitialize")),
    Needs("prune_batchnorm", lambda c: _has_norm(c), "on {network}, which has no batch normalisation"),
    Needs("prune_residual", lambda c: _has_scales(c), "on {network}, whose shortcuts have no factors"),
)


def _rounds(c: Chosen) -> int:
    return int(c["prune_iterations"] or (100 if c["pruner"] == "synflow" else 1))


def _has_norm(c: Chosen) -> bool:
    return c["network"].endswith("-bn") or "resnet" in c["network"]


def _has_scales(c: Chosen) -> bool:
    """Residual networks but the torchvision form of ImageNet, whose identity shortcuts are plain (sheet 2.5)."""
    return "resnet" in c["network"] and c["family"] != "imagenet"


def _beyond(c: Chosen) -> str | None:
    """Typed milestones after which no epoch follows; they count from the start, pre-training included (sheet 4.5)."""
    epochs = c["recipe"].epochs + c["pretrain_epochs"]
    if c["lr_milestones"] is None or not (late := [m for m in c["recipe"].milestones if m >= epochs]):
        return None
    if epochs == 1:
        return "With one epoch of training the learning rate cannot fall; use --lr-milestones none."
    return f"The learning rate cannot fall after epoch {late[0]} of {epochs}; --lr-milestones must be below {epochs}."


def _not_in_the_original(c: Chosen) -> str | None:
    """What a legacy variant cannot be asked for: its code lacked it, ignored it, stopped or did something else."""
    if c["variant"] == "corrected":
        return None
    network, family, variant = c["network"], c["family"], c["variant"]
    if variant == "published" and family_of(family, network) not in VISITS:
        return (
            f"How often the optimiser of June 2020 listed each tensor of {network} in the class {family} is not known, "
            f"so it cannot be trained as published; use --variant head."
        )
    for name, flag in LATER.items():
        if variant == "published" and c[name] == flag.value:
            return f"The code of June 2020 had no {flag.typed} (sheet 4.1); use --variant head."
    if variant != "published" and c["normalize_score"]:
        return f"The code behind --variant {variant} no longer had --normalize-score; use --variant published."
    if not c["prune_classifier"] and family == "imagenet":
        return f"The original ignores --no-prune-classifier in the class imagenet; leave it out of --variant {variant}."
    return _redrawn_otherwise(c) if c["reinitialize"] else None


class Later(NamedTuple):
    """A value that June 2020 could not take, and how it is typed."""

    value: Scalar
    typed: str


LATER = {
    "prune_schedule": Later("linear", "--prune-schedule linear"),
    "train_mode": Later(True, "--train-mode"),
    "shuffle": Later(True, "--shuffle"),
    "invert": Later(True, "--invert"),
}


def _redrawn_otherwise(c: Chosen) -> str | None:
    """Where the original's ``--reinitialize`` is not a new initial network (sheet 4.4)."""
    network, family, resnet = c["network"], c["family"], "resnet" in c["network"]
    if family == "default" or (family == "imagenet" and resnet):
        return f"The original stops on --reinitialize of {network} in the class {family}; use --variant corrected."
    if family == "tinyimagenet" and resnet:
        return f"The original's --reinitialize leaves the classifier of {network} as it is; use --variant corrected."
    if c["pretrain_epochs"] and _has_norm(c):
        return "The original's --reinitialize leaves the running statistics of training; use --variant corrected."
    return None


def check(typed: Mapping[str, Any], chosen: Chosen) -> None:
    """Refuse the first option that would be ignored and the first value that cannot be.

    Args:
        typed: the options that were typed.
        chosen: every option's value, and ``family``, ``density`` and ``recipe`` as they come out of them.

    Raises:
        ReproError: one sentence saying which and what would be right.
    """
    RANGES.check(typed, FLAG.__getitem__)
    refuse(chosen, typed, FLAG.__getitem__, RULES, (_beyond, _not_in_the_original))
    if chosen["levels"] and chosen["variant"] in ("published", "assignment") and chosen["rewind"]:
        raise ReproError(f"The variant {chosen['variant']} never rewinds (trap 15); use --variant corrected.")
    if chosen["levels"] and chosen["variant"] == "head" and chosen["rewind"] is False:
        raise ReproError("The variant head always resets its weights; use --variant assignment, or corrected.")
    if chosen["shuffle"] and chosen["pretrain_epochs"]:
        raise ReproError("--shuffle permutes masks of untrained networks; leave --pretrain-epochs out.")
    if chosen["variant"] == "published" and (chosen["optimizer"] or "nesterov") != "nesterov":
        raise ReproError("The variant published repeats Nesterov updates; use --optimizer nesterov or --variant head.")
    if chosen["variant"] == "published" and chosen["dataset"] == "mnist" and chosen["optimizer"] is None:
        raise ReproError("The published optimiser is Nesterov: add --optimizer nesterov, or use --variant head.")
