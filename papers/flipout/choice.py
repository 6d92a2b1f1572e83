"""What was typed on the command line, completed by the paper's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from papers.flipout.options import METHODS, OPTIONS
from papers.flipout.settings import dataset_of
from shared.errors import unknown
from shared.option_rules import Ranges

OPTION = {option.name: option for option in OPTIONS}
BESIDE = {"seed": 42, "variant": "published"}
"""Settings every paper has, declared by the command line itself."""


def flag(name: str) -> str:
    """The option as typed."""
    return OPTION[name].flag if name in OPTION else f"--{name}"


@dataclass(frozen=True)
class Choice:
    """Typed options over defaults; ``choice["epochs"]`` is what holds, ``choice.typed`` what was asked for."""

    typed: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name in self.typed:
            return self.typed[name]
        if name in self._dependent:
            return self._dependent[name]
        return BESIDE[name] if name in BESIDE else OPTION[name].default

    @property
    def _dependent(self) -> dict[str, Any]:
        """Defaults that depend on other options."""
        has_penalty = "l1" in self.typed or "l2" in self.typed
        optimizer = self.typed.get("optimizer", "sgd")
        method = self.typed.get("method", OPTION["method"].default)
        return {
            "dataset": dataset_of(self.typed.get("network", OPTION["network"].default)),
            "weight_decay": 0.0 if has_penalty else OPTION["weight_decay"].default,
            "momentum": OPTION["momentum"].default if optimizer == "sgd" else 0.0,
            "grad_noise": method == "flipout",
            "threshold": 1.0 if method == "flip" else None,
        }


def read(options: Mapping[str, Any]) -> Choice:
    """Drop what was not typed, refuse unknown names and values outside the declared choices.

    Raises:
        ReproError: naming the option and what it takes.
    """
    typed = {name: value for name, value in options.items() if value is not None}
    for name, value in typed.items():
        if name not in OPTION and name not in BESIDE:
            raise unknown("flipout option", name, [*OPTION, *BESIDE])
        choices = OPTION[name].choices if name in OPTION else ("published", "corrected") if name == "variant" else ()
        if choices and value not in choices:
            kind = "flipout method" if choices is METHODS else f"value of {flag(name)}"
            raise unknown(kind, str(value), choices)
    RANGES.check(typed, flag)
    off = {name for name, value in typed.items() if value is False and name != "grad_noise"}
    return Choice({name: value for name, value in typed.items() if name not in off})


RANGES = Ranges(
    positive=(
        "epochs", "batch_size", "lr", "lr_gamma", "prune_interval", "prune_stop_epoch", "threshold", "sensitivity",
        "flipout_p", "grad_noise_scale", "grad_noise_stop_epoch", "hoyer_lambda", "hoyer_stop_epoch",
        "group_hoyer_lambda", "l1", "l2", "clip_grad_norm",
    ),
    not_negative=("weight_decay", "momentum", "val_size", "seed"),
    fractions=("sparsity", "prune_fraction"),
    below_one=("momentum",),
)  # fmt: skip
