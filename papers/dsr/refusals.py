"""Options that would have no effect, or cannot work, in the chosen combination: each is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from papers.dsr.choice import OPTION, Choice, flag, nearest, search, separate
from papers.dsr.options import RIGL
from papers.dsr.settings import SCHEDULES
from shared.option_rules import Needs, refuse

MOVING = ("dsr", "set")
SPARSE = ("dsr", "set", RIGL, "deep-rewiring", "static", "tied")


def method_in(*methods: str) -> Callable[[Choice], bool]:
    """Whether the chosen method is one of these."""
    return lambda c: c["method"] in methods


def network_in(*networks: str) -> Callable[[Choice], bool]:
    """Whether the chosen network is one of these."""
    return lambda c: c["network"] in networks


def moving(c: Choice) -> str:
    """The method whose events move units: that of the search for ``--masks-of-dsr``; empty if none does."""
    if c["masks_of_dsr"]:
        return "dsr"
    return str(c["method"]) if c["method"] in MOVING else ""


def moves(c: Choice) -> bool:
    """Whether there are events."""
    return bool(moving(c))


def threshold(c: Choice) -> bool:
    """Whether events drop by a threshold."""
    criterion = c.given("drop_criterion", "threshold" if moving(c) == "dsr" else "fraction")
    return moves(c) and criterion != "fraction"


def fraction(c: Choice) -> bool:
    """Whether events drop a fraction of each tensor."""
    return moves(c) and not threshold(c)


def penalised(c: Choice) -> bool:
    """Whether there is a penalty: the one that was typed, or the published one, as DeepR has it."""
    return bool(c.given("l1_coefficient", nearest(c).l1))


NOT_HERE = "with --method {method}"
CONVOLUTIONS = network_in("wide_resnet", "imagenet_resnet50")
RULES: tuple[Needs[Choice], ...] = (
    Needs("depth", network_in("wide_resnet"), "on {network}, whose depth is fixed"),
    Needs("batch_norm", network_in("lenet300"), "on {network}, which has no form without it"),
    Needs("norm_init", network_in("lenet300"), "on {network}, whose norms start at 1 in the original"),
    Needs("norm_init", lambda c: c["batch_norm"] is not False, "with --no-batch-norm"),
    Needs("augmentation", network_in("wide_resnet"), "on {network}; the original leaves it out on CIFAR-10 alone"),
    Needs("sparse_downsample", network_in("imagenet_resnet50"), "on {network}"),
    Needs("sparse_downsample", lambda c: c["method"] not in ("dense", "thin"), NOT_HERE),
    Needs("sparsity", lambda c: c["method"] != "dense", NOT_HERE),
    Needs(
        "sparsity",
        lambda c: c["method"] != "thin" or c["width_multiplier"] is None,
        "beside --width-multiplier, which sets the size of a thin network",
    ),
    Needs("sparsity_conv", method_in(*SPARSE), NOT_HERE),
    Needs("sparsity_conv", CONVOLUTIONS, "on {network}, which has no convolution"),
    Needs("sparsity_linear", method_in(*SPARSE), NOT_HERE),
    Needs("sparsity_linear", network_in("lenet300", "imagenet_resnet50"), "on {network}: its classifier stays dense"),
    Needs("sparsity_linear", lambda c: c["initial_density"] == "uniform", "with --initial-density erdos-renyi"),
    Needs("sparsity_conv", lambda c: c["initial_density"] == "uniform", "with --initial-density erdos-renyi"),
    Needs("target_sparsity_conv", method_in("pruning"), NOT_HERE),
    Needs("target_sparsity_conv", CONVOLUTIONS, "on {network}, which has no convolution"),
    Needs("target_sparsity_linear", method_in("pruning"), NOT_HERE),
    Needs("target_sparsity_linear", network_in("lenet300", "imagenet_resnet50"), "on {network}"),
    Needs("granularity", method_in("dsr", "set", "static"), NOT_HERE + "; it works per weight"),
    Needs("granularity", lambda c: c["variant"] != "published-iclr", "in the earlier code, which only runs per weight"),
    Needs("granularity", CONVOLUTIONS, "on {network}: linear layers are always per weight"),
    Needs("initial_density", method_in("dsr", "set", RIGL, "deep-rewiring", "static"), NOT_HERE),
    Needs("initial_density", lambda c: c["granularity"] == "weight", "with --granularity {granularity}"),
    Needs("rescale_tied_gradient", method_in("tied"), NOT_HERE),
    Needs("rescale_tied_gradient", lambda c: c["variant"] == "corrected", "as published; add --variant corrected"),
    Needs("masks_of_dsr", method_in("static"), NOT_HERE + "; it belongs to static"),
    Needs("drop_criterion", moves, NOT_HERE),
    Needs("reallocations_per_update", threshold, "without a threshold"),
    Needs("initial_threshold", threshold, "without a threshold"),
    Needs("initial_threshold", lambda c: c["drop_criterion"] != "exact-count", "with --drop-criterion exact-count"),
    Needs("drop_fraction", lambda c: fraction(c) or c["method"] == RIGL, "without --drop-criterion fraction"),
    Needs("update_interval", method_in(RIGL), NOT_HERE + "; its intervals are those of the schedule"),
    Needs("growth_allocation", moves, NOT_HERE),
    Needs("growth_rule", moves, NOT_HERE),
    Needs(
        "growth_init",
        lambda c: c["method"] != "deep-rewiring",
        NOT_HERE + "; the original could redraw there, but no job does",
    ),
    Needs("growth_init", moves, NOT_HERE),
    Needs("stop_rewiring_epoch", lambda c: moves(c) or c["method"] in ("deep-rewiring", RIGL), NOT_HERE),
    Needs("deep_rewiring_eta", method_in("deep-rewiring"), NOT_HERE),
    Needs("deep_rewiring_signs", method_in("deep-rewiring"), NOT_HERE),
    Needs("deep_rewiring_signs", lambda c: c["variant"] == "corrected", "as published; add --variant corrected"),
    Needs("pruning_schedule", method_in("pruning"), NOT_HERE),
    Needs("pruning_steps", method_in("pruning"), NOT_HERE),
    Needs("pruning_start_epoch", method_in("pruning"), NOT_HERE),
    Needs("pruning_interval_epochs", method_in("pruning"), NOT_HERE),
    Needs("fine_tune_epochs", method_in("pruning"), NOT_HERE),
    Needs("kernel_group_lasso", CONVOLUTIONS, "on {network}, which has no convolution"),
    Needs("kernel_group_lasso", penalised, "without --l1-coefficient, which {method} has not by itself on {network}"),
)


def check(c: Choice) -> None:
    """Refuse the first option that would be ignored, and combinations that cannot run.

    Raises:
        ReproError: one sentence saying which and what would be right.
    """
    refuse(c, c.typed, flag, RULES, (_of_the_later_code, _said_twice, _together, _without_its_table, _too_far))


LATER_ONLY = ("batch_norm", "augmentation", "masks_of_dsr")
"""Options that the later code added (sheet 4.14); granularity and the rescaling of tied gradients have own rules."""


def _of_the_later_code(c: Choice) -> str | None:
    if c["variant"] != "published-iclr":
        return None
    later = [name for name in LATER_ONLY if name in c.typed]
    return f"{flag(later[0])} is of the later code alone; leave --variant published-iclr out." if later else None


def _said_twice(c: Choice) -> str | None:
    each = separate(c)
    if "sparsity" in c.typed and all(name in c.typed for name in each):
        flags = " and ".join(map(flag, each))
        return f"--sparsity has no effect beside {flags} on {c['network']}, which has no other prunable weights."
    return None


def _together(c: Choice) -> str | None:
    by_threshold = c["drop_criterion"] in ("threshold", "exact-count")
    if moving(c) == "set" and by_threshold and "reallocations_per_update" not in c.typed:
        return "--drop-criterion with a threshold needs --reallocations-per-update beside --method set."
    if moving(c) == "dsr" and c["drop_criterion"] == "fraction" and "drop_fraction" not in c.typed:
        return f"--drop-criterion fraction needs --drop-fraction beside {_mover(c)}."
    if _counts_other_units(c) and "reallocations_per_update" not in c.typed:
        return (
            f"No job moves units of --granularity {c['granularity']} by a threshold, and N_p counts units; add "
            "--reallocations-per-update."
        )
    if c["method"] == "thin" and c["depth"] != OPTION["depth"].default and "width_multiplier" not in c.typed:
        return f"The published thin widths stand for depth {OPTION['depth'].default}; add --width-multiplier."
    if c["momentum"] == 0 and c.given("nesterov", True):
        return "Nesterov needs momentum; add --no-nesterov to --momentum 0."
    return None


def _mover(c: Choice) -> str:
    return "--masks-of-dsr" if c["masks_of_dsr"] else f"--method {c['method']}"


def _counts_other_units(c: Choice) -> bool:
    return c["granularity"] in ("row", "filter") and threshold(c)


def _without_its_table(c: Choice) -> str | None:
    """The published schedules of pruning have learning rates alone; a file's missing tables are filled in."""
    if c["schedule"] not in SCHEDULES:
        return None
    table = "temperature" if c["method"] == "deep-rewiring" else "period"
    if not moves(c) and c["method"] != "deep-rewiring":
        return None
    fitting = [name for name, schedule in SCHEDULES.items() if getattr(schedule, table)]
    if c["schedule"] in fitting:
        return None
    return (
        f"--schedule {c['schedule']} has no table {table}, which {_mover(c)} needs; take one of {', '.join(fitting)}, "
        "or a YAML file with a table lr, whose other tables are then the published ones."
    )


def _too_far(c: Choice) -> str | None:
    searched = search(c) if c["masks_of_dsr"] else c  # --epochs is then of the static part
    stop, epochs = c["stop_rewiring_epoch"], searched.given("epochs", nearest(searched).epochs)
    if stop is not None and stop > epochs:
        return f"--stop-rewiring-epoch {stop} lies beyond the {epochs} epochs; leave it out."
    if c["width_multiplier"] is not None and c["network"] == "lenet300" and c["width_multiplier"] < 1 / 300:
        return "--width-multiplier below 1/300 leaves LeNet no hidden unit."
    if c["depth"] < 10 or (c["depth"] - 4) % 6:
        # the network's own sentence, before anything is run
        return f"The depth of a wide ResNet is 6n + 4 (10, 16, 22, 28, ...), not {c['depth']}."
    return None
