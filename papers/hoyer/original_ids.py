"""The integers of the original scripts: one number means different regularisers in different scripts (sheet 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.errors import ReproError, unknown
from shared.protocol import Method, Options


@dataclass(frozen=True)
class Script:
    """One original script.

    Attributes:
        path: what the authors call it.
        ids: what each integer stands for; any other integer trains silently without a regulariser.
        tensors: which parameters count.
        per_position: regularisers that group every kernel position on its own.
        guard: whether tensors of zeros are skipped.
    """

    path: str
    ids: dict[int, str]
    tensors: str = "weights"
    per_position: tuple[str, ...] = ()
    guard: bool = True
    options: Options = field(default_factory=dict)

    def method(self, name: str, strength: float) -> Method | None:
        """The regulariser of that name as this script computes it; ``None`` for ``none``."""
        if name == "none" or not strength:
            return None
        options: Options = {"kind": name, "strength": strength, "zeros": "published"}
        if self.tensors != "all":
            options["tensors"] = self.tensors
        if name in self.per_position:
            options["grouping"] = "per-position"
        if not self.guard:
            options["guard"] = False
        return Method(name="regulariser", options=options)


ELEMENT = {0: "none", 1: "l1", 2: "hoyer", 3: "hoyer-square", 4: "transformed-l1"}
CIFAR_IDS = {0: "none", 1: "group-lasso", 2: "group-hoyer", 3: "group-hoyer-square"}

SCRIPTS: dict[str, Script] = {
    "mnist-element": Script("element.py (MNIST)", ELEMENT, tensors="all"),
    "mnist-structure-mlp": Script("structure.py of the MLP", {0: "none", 1: "group-lasso", 2: "group-hoyer-square"}),
    "mnist-structure-cnn": Script(
        "structure.py of the CNN",
        {0: "none", 1: "group-lasso", 2: "group-hoyer-square"},
        per_position=("group-lasso",),
        guard=False,
    ),
    "cifar-group": Script("the CIFAR group script", CIFAR_IDS),
    "imagenet-group": Script(
        "the ImageNet group script", CIFAR_IDS, per_position=("group-lasso", "group-hoyer", "group-hoyer-square")
    ),
}

NAMES = ("none", "l1", "hoyer", "hoyer-square", "transformed-l1", "group-lasso", "group-hoyer", "group-hoyer-square")
ALIASES = {"hs": "hoyer-square", "tl1": "transformed-l1", "ghs": "group-hoyer-square", "group-hs": "group-hoyer-square"}


def named(reg: str, script: str) -> str:
    """The name of a regulariser typed by name, by a usual short form, or by the integer of a stated script.

    Args:
        reg: what was typed.
        script: the script whose integer it is.

    Raises:
        ReproError: for an unknown name, or an integer the script does not know.
    """
    if reg.lstrip("-").isdigit():
        ids = SCRIPTS[script].ids
        if int(reg) not in ids:
            meant = ", ".join(f"{i} = {n}" for i, n in ids.items())
            raise ReproError(
                f"--reg {reg} means nothing in {SCRIPTS[script].path} (it would train without a regulariser); "
                f"there, {meant}."
            )
        return ids[int(reg)]
    name = ALIASES.get(reg, reg)
    if name not in NAMES:
        raise unknown("regulariser", reg, NAMES)
    return name
