"""What was typed on the command line, completed by the original scripts' defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from papers.hoyer import settings, zoo
from papers.hoyer.options import MNIST_NETWORKS, OPTIONS
from papers.hoyer.original_ids import SCRIPTS, named
from shared.errors import ReproError, unknown
from shared.option_rules import Ranges

OPTION = {option.name: option for option in OPTIONS}
BESIDE: dict[str, Any] = {"seed": 42, "variant": "published"}
"""Settings every paper has, declared by the command line itself."""
VARIANTS = ("published", "corrected", "reconstructed")
RANGES = Ranges(
    positive=(
        "epochs", "pretrain_epochs", "finetune_epochs", "batch_size", "lr", "lr_gamma", "finetune_lr", "depth",
        "cardinality", "widen_factor", "growth_rate", "decay",
    ),
    not_negative=("weight_decay", "finetune_weight_decay", "threshold", "val_size", "seed", "dropout"),
    fractions=("target_sparsity",),
    below_one=("dropout",),
)  # fmt: skip


def flag(name: str) -> str:
    """The option as typed."""
    return OPTION[name].flag if name in OPTION else f"--{name}"


@dataclass(frozen=True)
class Choice:
    """Typed options over defaults; ``choice["epochs"]`` is what holds, ``choice.typed`` what was asked for."""

    typed: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name == "reg":
            return self.reg
        if name in self.typed:
            return self.typed[name]
        if name == "val_size":
            return settings.HELD_OUT if self._corrects_ratio else 0
        dependent = self._dependent
        if name in dependent:
            return dependent[name]
        return BESIDE[name] if name in BESIDE else OPTION[name].default

    @property
    def small(self) -> bool:
        """Whether this is one of the MNIST pipelines."""
        return self.typed.get("network", MNIST_NETWORKS[0]) in MNIST_NETWORKS

    @property
    def large(self) -> bool:
        """Whether this is the ImageNet pipeline."""
        return str(self.typed.get("network", "")).startswith("imagenet-")

    @property
    def reg(self) -> str:
        """The regulariser by name."""
        typed = str(self.typed.get("reg", "none"))
        if typed.lstrip("-").isdigit() and "script" not in self.typed:
            meant = "; ".join(f"{name}: {s.ids[int(typed)]}" for name, s in SCRIPTS.items() if int(typed) in s.ids)
            raise ReproError(
                f"--reg {typed} means different things in different scripts ({meant or 'nothing in any'}); "
                "give its name, or say which --script."
            )
        return named(typed, str(self.typed.get("script", "")))

    @property
    def group(self) -> bool:
        """Whether the regulariser acts on groups, or the structure script trains without one."""
        return self.reg.startswith("group") or "structure" in str(self.typed.get("script", ""))

    @property
    def script(self) -> str:
        """The original script that computes the regulariser."""
        if "script" in self.typed:
            return str(self.typed["script"])
        if not self.small:
            return "imagenet-group" if self.large else "cifar-group"
        if not self.group:
            return "mnist-element"
        return "mnist-structure-mlp" if self["network"] == settings.MLP else "mnist-structure-cnn"

    @property
    def chooses(self) -> bool:
        """Whether the epoch of finetuning is chosen on held-out images and reported on the test images (sheet 4.11)."""
        return self._corrects_ratio and self["val_size"] > 0 and self["eval_split"] == "test"

    @property
    def _corrects_ratio(self) -> bool:
        """Whether a corrected run is pruned by the ratio; ImageNet's streamed pictures have no second split."""
        return self["variant"] == "corrected" and self["prune_rule"] == settings.STD_RATIO.rule and not self.large

    @property
    def _dependent(self) -> dict[str, Any]:
        rule = self.typed.get("prune_rule", "std-ratio" if self.small else "absolute")
        if self.small:
            how = settings.BY_RULE.get(rule, settings.STD_RATIO)
            decay = settings.STRUCTURE_DECAY if self.group else 0.0
            return {
                "dataset": "mnist",
                "pretrained": False,
                "epochs": settings.EPOCHS,
                "pretrain_epochs": settings.PRETRAIN_EPOCHS,
                "batch_size": settings.MNIST_BATCH,
                "lr": settings.ADAM.lr,
                "weight_decay": decay,
                "prune_rule": rule,
                "threshold": how.threshold,
                "finetune_epochs": how.epochs,
                "finetune_lr": how.lr,
                "finetune_weight_decay": how.weight_decay,
            }
        if self.large:
            return self._imagenet(rule)
        return self._cifar(rule)

    @property
    def recipe(self) -> zoo.Recipe:
        """How the zoo trains the CIFAR network that was typed."""
        return zoo.FAMILIES[self.typed["network"]]

    def _cifar(self, rule: str) -> dict[str, Any]:
        """The recipe of the zoo's network in every stage (sheet 4.8 and 6).

        The script's own defaults, 300 epochs with decay 5e-4, are those of no row but ResNeXt's.
        """
        recipe = self.recipe
        epochs = self.typed.get("epochs", recipe.epochs)
        depths = {"resnet": 20, "preresnet": 20, "wrn": 28, "resnext": 29, "densenet-bc": 100}
        decay = self.typed.get("weight_decay", recipe.weight_decay)
        return {
            "dataset": "cifar10",
            "pretrained": self.reg != "none",
            "epochs": epochs,
            "pretrain_epochs": epochs,
            "batch_size": recipe.batch,
            "lr": 0.1,
            "lr_gamma": recipe.gamma,
            "weight_decay": decay,
            "prune_rule": rule if self.reg != "none" or "prune_rule" in self.typed else "none",
            "threshold": 1e-4 if rule == "absolute" else settings.STD_RATIO.threshold,
            "finetune_epochs": epochs,
            "finetune_lr": self.typed.get("lr", 0.1),
            "finetune_weight_decay": decay,
            "depth": depths.get(self.typed["network"]),
        }

    def _imagenet(self, rule: str) -> dict[str, Any]:
        """Defaults of the ImageNet scripts (sheet 4.9); the dense network is trained with the usual recipe."""
        decay = self.typed.get("weight_decay", 1e-4)
        return {
            "dataset": "imagenet",
            "pretrained": False,
            "epochs": 45,
            "pretrain_epochs": 90,
            "batch_size": 256,
            "lr": 1e-3,
            "lr_gamma": 0.1,
            "weight_decay": decay,
            "prune_rule": rule if self.reg != "none" or "prune_rule" in self.typed else "none",
            "threshold": 1e-4 if rule == "absolute" else settings.STD_RATIO.threshold,
            "finetune_epochs": 30,
            "finetune_lr": 1e-3,
            "finetune_weight_decay": decay,
        }


def read(options: Mapping[str, Any]) -> Choice:
    """Drop what was not typed, refuse unknown names and values outside the declared choices.

    Raises:
        ReproError: naming the option and what it takes.
    """
    typed = {name: value for name, value in options.items() if value is not None}
    for name, value in typed.items():
        if name not in OPTION and name not in BESIDE:
            raise unknown("hoyer option", name, [*OPTION, *BESIDE])
        choices = OPTION[name].choices if name in OPTION else VARIANTS if name == "variant" else ()
        if choices and value not in choices:
            raise unknown(f"value of {flag(name)}", str(value), choices)
    RANGES.check(typed, flag)
    off = {name for name, value in typed.items() if value is False and name not in ("pretrained",)}
    return Choice({name: value for name, value in typed.items() if name not in off})
