"""What cannot be run, in sentences: options without effect, checks that are not defined, dead layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from papers.random_tickets import checks
from papers.random_tickets.names import METHOD
from papers.random_tickets.options import OPTIONS
from papers.random_tickets.settings import NETWORKS, depth_constant
from papers.random_tickets.ticket import BY_RATIO, INITIAL, REWINDING, TRAINED, Ticket
from shared.errors import ReproError
from shared.option_rules import Ranges

FLAG = {o.name: o.flag for o in OPTIONS}
RANGES = Ranges(
    fractions=("ratio",),
    positive=("epochs", "finetune_epochs", "samples_per_class", "score_rounds", "temperature", "lr", "batch_size"),
    not_negative=("weight_decay", "rewind_epoch"),
)
ONLY: dict[str, tuple[str, ...]] = {
    # option: the methods that read it
    "rewind_epoch": REWINDING,
    "finetune_epochs": TRAINED,
    "profile": BY_RATIO,
    "depth_penalty": BY_RATIO,
    "last_layer_keep": BY_RATIO,
    "allow_dead_layers": BY_RATIO,
    "samples_per_class": ("snip", "grasp"),
    "score_rounds": ("snip", "grasp"),
    "temperature": ("grasp",),
    "redraw_classifier": ("grasp",),
}


def check_values(typed: Mapping[str, Any]) -> None:
    """Ranges of numbers.

    Raises:
        ReproError: naming the option.
    """
    RANGES.check({name: value for name, value in typed.items() if name in FLAG}, FLAG.__getitem__)
    kept = typed.get("last_layer_keep")
    if kept is not None and not 0 < kept <= 1:
        raise ReproError(f"--last-layer-keep is a fraction above 0 and at most 1, not {kept:g}.")


def check(t: Ticket, typed: Mapping[str, Any]) -> None:
    """Combinations that have no effect or are not defined.

    Raises:
        ReproError: one sentence saying what is wrong and what to do.
    """
    if reason := _without_effect(t, typed) or _undefined(t) or _rewinding(t):
        raise ReproError(reason)


def _without_effect(t: Ticket, typed: Mapping[str, Any]) -> str | None:
    if t.method == "dense" and "ratio" in typed:
        return "--ratio has no effect on --method dense, which removes nothing; leave it out."
    for name, methods in ONLY.items():
        if name in typed and t.method not in methods:
            return f"{FLAG[name]} has no effect on --method {t.method}; it belongs to {', '.join(methods)}."
    if t.method == "snip" and t.variant == "answer42" and ("samples_per_class" in typed or "score_rounds" in typed):
        return "answer42's SNIP scores one plain batch: --samples-per-class and --score-rounds have no effect."
    if t.pixel_mode and "random-pixels" not in checks.together(t):
        return "--pixel-mode has no effect without --check random-pixels."
    if t.half_mode and "half-dataset" not in t.checks:
        return "--half-mode has no effect without --check half-dataset."
    if t.profile == "balanced" and "depth_penalty" in typed:
        return "--depth-penalty has no effect on --profile balanced, which gives every convolution the same share."
    if t.linear_lr and t.method in (*REWINDING, "magnitude"):
        return f"--lr-schedule linear has no second beginning, so --method {t.method} cannot resume it; use steps."
    return None


def _undefined(t: Ticket) -> str | None:
    known = checks.defined(t)
    for name in t.checks:
        if name not in known:
            return f"--check {name} {_why_not(t, name)}; {_instead(t, known)}."
    if t.variant != "answer42":
        return None
    if t.dataset == "tiny-imagenet":
        return "answer42 never trained on Tiny-ImageNet; use --variant published or corrected."
    if t.method == "lt":
        return "answer42 has no lottery tickets; use --method weight-rewinding, or another variant."
    if t.method in BY_RATIO and t.network not in NETWORKS:
        return f"answer42 set the depth in its formula by hand for {' and '.join(NETWORKS)} only, not {t.network}."
    if t.profile not in ("quadratic", "balanced"):
        return f"answer42 has the profiles quadratic and balanced, not {t.profile}; use another variant."
    if t.method in BY_RATIO and depth_constant(t.variant, t.network) is None:
        return f"answer42 has no depth for {t.network}."
    return None


def _why_not(t: Ticket, name: str) -> str:
    """Why a check is refused."""
    if t.method == "dense":
        return "has no effect on --method dense, which draws no ticket"
    if t.method == "random" and name in checks.DATA:
        return "has no effect on --method random: random tickets see no data"
    if t.method in INITIAL and name == "half-dataset":
        return f"is not defined for --method {t.method}, which scores a few images of each class"
    return f"is not what variant {t.variant} did to {METHOD[t.method]}"


def _instead(t: Ticket, known: tuple[str, ...]) -> str:
    """What may be asked for instead."""
    if known:
        return f"there is --check {', '.join(known)}"
    if t.method == "dense":
        return "choose a method that prunes"
    return "--variant corrected has checks of every ticket"


def _rewinding(t: Ticket) -> str | None:
    if t.method in REWINDING and t.rewound_to >= t.length:
        return f"--rewind-epoch {t.rewound_to} lies beyond the {t.length} epochs of training; choose an earlier one."
    return None


def dead_layers(t: Ticket) -> None:
    """Refuse a ticket with a layer of the full-size network that keeps nothing, before anyone trains it (trap 12).

    Raises:
        ReproError: naming the layer.
    """
    if t.method not in BY_RATIO:
        return
    from papers.random_tickets import counts
    from shared.sparsity.smart_ratios import starved

    kept = counts.kept(t)
    empty = starved(kept)
    if not empty:
        return
    sizes, _, names = counts.layers(t.network, t.dataset)
    first = empty[0]
    more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
    what = "the network is a constant and stays at chance" if first == 0 else "what it feeds is cut off"
    raise ReproError(
        f"At --ratio {t.ratio:g} this ticket keeps 0 of {sizes[first]:,} weights of {names[first]}{more}, so {what}; "
        "use --variant corrected, a lower ratio, or --allow-dead-layers to train it all the same."
    )
