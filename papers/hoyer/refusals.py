"""Options that would have no effect, or cannot work, in the chosen combination: each is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from papers.hoyer.choice import Choice, flag
from papers.hoyer.original_ids import SCRIPTS
from shared.option_rules import Needs, refuse

DEPTHS = {"resnet": (6, 2), "preresnet": (6, 2), "wrn": (6, 4), "resnext": (9, 2), "densenet-bc": (6, 4)}
"""Network -> layers of one more block in every stage, and layers outside them (sheet 2.2)."""
BOTTLENECK = (9, 2)
ELEMENT = ("l1", "hoyer", "hoyer-square", "transformed-l1")


def _on(*networks: str) -> Callable[[Choice], bool]:
    return lambda c: c["network"] in networks


def _prunes(c: Choice) -> bool:
    return c["prune_rule"] != "none"


def _regularised(c: Choice) -> bool:
    return c.reg != "none"


RULES: tuple[Needs[Choice], ...] = (
    Needs("depth", _on("resnet", "preresnet", "wrn", "resnext", "densenet-bc"), "on {network}, which has one depth"),
    Needs("block", _on("resnet", "preresnet"), "on {network}"),
    Needs("cardinality", _on("resnext"), "on {network}; it belongs to resnext"),
    Needs("widen_factor", _on("wrn"), "on {network}; it belongs to wrn"),
    Needs("growth_rate", _on("densenet-bc"), "on {network}; it belongs to densenet-bc"),
    Needs("dropout", _on("wrn"), "on {network}; it belongs to wrn"),
    Needs("decay", _regularised, "without a regulariser; choose one with --reg"),
    Needs("hold_norm", _regularised, "without a regulariser; choose one with --reg"),
    Needs("lr_milestones", lambda c: not c.small, "on MNIST, where the learning rate is constant"),
    Needs("lr_gamma", lambda c: not c.small, "on MNIST, where the learning rate is constant"),
    Needs("pretrain_epochs", lambda c: bool(c["pretrained"]), "without --pretrained"),
    Needs("threshold", _prunes, "with --prune-rule none"),
    Needs("target_sparsity", _prunes, "with --prune-rule none"),
    Needs("threshold", lambda c: "target_sparsity" not in c.typed, "with --target-sparsity, which searches it"),
    Needs("finetune_epochs", _prunes, "with --prune-rule none"),
    Needs("finetune_lr", _prunes, "with --prune-rule none"),
    Needs("finetune_weight_decay", _prunes, "with --prune-rule none"),
)


def check(c: Choice) -> None:
    """Refuse the first option that would be ignored and the first combination that cannot run.

    Raises:
        ReproError: one sentence saying which and what would be right.
    """
    refuse(c, c.typed, flag, RULES, (_variant, _missing, _depth, _script, _data, _start))


def _variant(c: Choice) -> str | None:
    if c["variant"] == "reconstructed" and not (c.large and c.reg in ELEMENT):
        return (
            "--variant reconstructed is element-wise pruning on ImageNet, of which the authors published no code; "
            "choose --network imagenet-alexnet and an element-wise --reg, or another variant."
        )
    return None


def _missing(c: Choice) -> str | None:
    if c.reg != "none" and "decay" not in c.typed:
        return f"--reg {c.reg} needs --decay, its strength; at 0 it would do nothing."
    if c["eval_split"] == "val" and not c["val_size"]:
        return "--eval-split val needs --val-size N, the training images to hold out."
    return None


def _depth(c: Choice) -> str | None:
    """A depth that no whole number of blocks makes."""
    network, depth = c["network"], c["depth"]
    if network not in DEPTHS:
        return None
    bottleneck = network in ("resnet", "preresnet") and c["block"] == "bottleneck"
    per, outside = BOTTLENECK if bottleneck else DEPTHS[network]
    if depth >= per + outside and (depth - outside) % per == 0:
        return None
    below = max(1, (depth - outside) // per) * per + outside
    blocks = f" with {c['block']} blocks" if network in ("resnet", "preresnet") else ""
    return f"--depth {depth} is none of {network}{blocks}, which has {per}n + {outside}; try {below} or {below + per}."


def _script(c: Choice) -> str | None:
    """A script that does not know the regulariser, or trains other networks."""
    script = SCRIPTS[c.script]
    if c.reg not in script.ids.values() and c["variant"] == "published":
        known = ", ".join(script.ids.values())
        free = Choice({name: value for name, value in c.typed.items() if name != "script"})
        if "script" in c.typed and c.reg in SCRIPTS[free.script].ids.values():
            return f"{script.path} knows {known}, not {c.reg}; leave --script out."
        other = ("reconstructed" if c.large else "corrected") + ", without --script" * ("script" in c.typed)
        return f"{script.path} knows {known}, not {c.reg}; use --variant {other}."
    if "script" not in c.typed:
        return None
    if c["variant"] != "published" and not _script_counts(c):
        return f"--script has no effect with --variant {c['variant']}, which computes every regulariser alike."
    if c.script.partition("-")[0] != ("imagenet" if c.large else "mnist" if c.small else "cifar"):
        return f"{script.path} does not train {c['network']}; leave --script out."
    if c.script.endswith("-mlp") and c["network"] != "lenet-300-100":
        return f"{script.path} trains lenet-300-100; use --script mnist-structure-cnn."
    if c.script.endswith("-cnn") and c["network"] != "lenet-5":
        return f"{script.path} trains lenet-5; use --script mnist-structure-mlp."
    return None


def _script_counts(c: Choice) -> bool:
    """Whether a script matters beyond its formulas: it decays weights, or says what the integer typed means."""
    named = {name: value for name, value in c.typed.items() if name != "script"} | {"reg": c.reg}
    return Choice(named).group != c.group or str(c.typed.get("reg", "")).lstrip("-").isdigit()


def _data(c: Choice) -> str | None:
    fitting = "imagenet" if c.large else "mnist or fashion-mnist" if c.small else "cifar10 or cifar100"
    if c["dataset"] not in fitting.split(" or "):
        return f"{c['network']} reads another kind of image; choose --dataset {fitting}."
    return None


def _start(c: Choice) -> str | None:
    if not (c.small or c.large or c["pretrained"]) and c.reg != "none":
        return "The CIFAR script always starts from a dense network; leave --pretrained out."
    return None
