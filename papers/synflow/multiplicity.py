"""How often the optimiser of June 2020 listed each tensor: once for every enclosing module (sheet 4.6, trap 3).

The nesting is that of the original's modules, which is not ours; it is stated here as a number for each kind of layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import unknown

if TYPE_CHECKING:
    from torch import nn

VISITS: dict[str, dict[str, int]] = {
    # family: by the first match of a substring of our parameter names; "" is the rest
    "plain": {"": 2},
    "lottery-vgg": {"classifier": 2, "": 4},
    "lottery-resnet": {"blocks.@.shortcut.weight": 3, "shortcut.": 5, "blocks.": 4, "": 2},
    "tinyimagenet-resnet": {"linear": 2, "stages.@.@.shortcut.weight": 3, "stages.": 5, "": 3},
    "tinyimagenet-vgg": {"": 3},
}


def multiplicities(model: nn.Module, family: str) -> list[int]:
    """Visits of each parameter, in module order.

    Raises:
        ReproError: for a family that is not stated.
    """
    if family not in VISITS:
        raise unknown("optimiser nesting", family, VISITS)
    return [visits_of(name, VISITS[family]) for name, _ in model.named_parameters()]


def visits_of(name: str, rules: dict[str, int]) -> int:
    """Visits of one parameter by its name; ``@`` stands for a number."""
    plain = ".".join("@" if part.isdigit() else part for part in name.split("."))
    exact = {".".join("@" if part.isdigit() else part for part in key.split(".")): v for key, v in rules.items()}
    if plain in exact:
        return exact[plain]
    return next(v for key, v in rules.items() if "@" not in key and key in name)


def family_of(model_class: str, network: str) -> str:
    """The nesting of a network of the original."""
    if model_class == "default":
        return "plain"
    kind = "vgg" if "vgg" in network else "resnet"
    return f"{model_class}-{kind}"
