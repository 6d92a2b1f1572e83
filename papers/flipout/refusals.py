"""Options that would have no effect, or cannot work, in the chosen combination: each is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from papers.flipout.choice import Choice, flag
from papers.flipout.options import OUTCOME, PERIODIC
from papers.flipout.settings import IMAGES, SIDE
from shared.option_rules import Needs, refuse

SCHEDULED = (*PERIODIC, *OUTCOME)
PUNCTUAL = ("prune_interval", "prune_stop_epoch")


def method_in(*methods: str) -> Callable[[Choice], bool]:
    """Whether the chosen method is one of these."""
    return lambda c: c["method"] in methods


def _noisy(c: Choice) -> bool:
    return bool(c["grad_noise"])


def _quantised(c: Choice) -> bool:
    return bool(c["quantise"])


def _pruning(c: Choice) -> bool:
    return c["method"] != "none"


def _steps(c: Choice) -> bool:
    """Whether the learning rate follows milestones; the published annealing overwrites them (trap T16)."""
    overwritten = c["anneal_lr"] and c["variant"] == "published"
    return c["lr_milestones"] != "none" and not overwritten


PENALTIES = ("hoyer_lambda", "group_hoyer_lambda", "l1", "l2")
NOISE_OFF = "without gradient noise; add --grad-noise"
NO_FRACTION = "with --method {method}, which removes no fraction"
NOT_SNIP = "with --method {method}, which scores convolution and linear weights only"

RULES: tuple[Needs[Choice], ...] = (
    Needs("sparsity", method_in(*PERIODIC, "snip"), "with --method {method}, whose sparsity is an outcome"),
    Needs("prune_interval", method_in(*SCHEDULED), "with --method {method}, which does not prune while training"),
    Needs("prune_stop_epoch", method_in(*SCHEDULED), "with --method {method}, which does not prune while training"),
    Needs("prune_fraction", method_in(*PERIODIC), NO_FRACTION),
    Needs("threshold", method_in("threshold", "flip"), "with --method {method}; it belongs to threshold and flip"),
    Needs("sensitivity", method_in("sensitivity"), "with --method {method}; it belongs to sensitivity"),
    Needs("flipout_p", method_in("flipout"), "with --method {method}; it is the exponent of --method flipout"),
    Needs("flips_offset", method_in("flipout"), "with --method {method}; it belongs to the score of --method flipout"),
    Needs("prune_bias", _pruning, "with --method none, which prunes nothing"),
    Needs("prune_batchnorm", _pruning, "with --method none, which prunes nothing"),
    Needs("prune_bias", lambda c: c["method"] != "snip", NOT_SNIP),
    Needs("prune_batchnorm", lambda c: c["method"] != "snip", NOT_SNIP),
    Needs("grad_noise_scale", _noisy, NOISE_OFF),
    Needs("grad_noise_stop_epoch", _noisy, NOISE_OFF),
    Needs("grad_noise_prunable_only", _noisy, NOISE_OFF),
    Needs("grad_noise_mode", _noisy, NOISE_OFF),
    Needs("grad_noise_scale_by_lr", _noisy, NOISE_OFF),
    Needs("grad_noise_scale_by_lr", lambda c: _steps(c) or c["anneal_lr"], "while the learning rate is constant"),
    Needs("hoyer_stop_epoch", lambda c: c["hoyer_lambda"] is not None, "without --hoyer-lambda"),
    Needs("hoyer_prunable_only", lambda c: c["hoyer_lambda"] is not None, "without --hoyer-lambda"),
    Needs("momentum", lambda c: c["optimizer"] != "adam", "with --optimizer adam"),
    Needs(
        "lr_milestones", lambda c: _steps(c) or c["lr_milestones"] == "none", "with --anneal-lr, which overwrites them"
    ),
    Needs("lr_gamma", _steps, "without learning-rate milestones"),
    Needs("anneal_lr", _pruning, "with --method none: the sparsity stays 0"),
    Needs("anneal_weight_decay", _pruning, "with --method none: the sparsity stays 0"),
    Needs(
        "anneal_weight_decay",
        lambda c: bool(c["weight_decay"]) or any(c[p] is not None for p in PENALTIES),
        "without weight decay or a penalty",
    ),
    Needs("quantise_weight_observer", _quantised, "without --quantise"),
    Needs("quantise_activation_observer", _quantised, "without --quantise"),
    Needs("quantise_scheme", _quantised, "without --quantise"),
)


def check(c: Choice) -> None:
    """Refuse the first option that would be ignored and the first combination that cannot run.

    Raises:
        ReproError: one sentence saying which and what would be right.
    """
    refuse(c, c.typed, flag, RULES, (_together, _missing, _network, _epochs))


def _together(c: Choice) -> str | None:
    """Options that contradict each other."""
    for option in PUNCTUAL:
        if "sparsity" in c.typed and option in c.typed:
            return f"--sparsity derives when to prune; give either --sparsity or {flag(option)}."
    if c["method"] == "snip" and c["variant"] == "published" and c["grad_noise"]:
        return (
            "Gradient noise revives every weight that published SNIP removed, because its masks are ones (trap T29); "
            "use --variant corrected or leave --grad-noise out."
        )
    if c["flipout_p"] % 1 and c.typed.get("variant") == "published":
        return (
            f"--flipout-p {c['flipout_p']:g} is undefined for negative weights with --variant published, whose power "
            "keeps the sign (trap T3); choose a whole number, or leave --variant out for the power of abs(w)."
        )
    if c["flips_offset"] not in (0, 1):
        return f"--flips-offset is what FlipOut's score adds to the flips, 1 or 0, not {c['flips_offset']}."
    if c["eval_split"] == "val" and not c["val_size"]:
        return "--eval-split val needs --val-size N, the training images to hold out."
    return None


def _missing(c: Choice) -> str | None:
    """Options a method cannot do without."""
    method = c["method"]
    if method in ("threshold", "sensitivity") and method not in c.typed:
        return f"--method {method} needs --{method}; at 0 it would prune nothing."
    if method in OUTCOME and "prune_interval" not in c.typed:
        return f"--method {method} needs --prune-interval, the epochs between its cuts."
    if "prune_stop_epoch" in c.typed and "prune_interval" not in c.typed:
        return "--prune-stop-epoch needs --prune-interval; without it the prunings are spread over the whole run."
    if method == "structured-magnitude":
        if not c["network"].startswith("vgg"):
            return f"--method structured-magnitude removes filters of VGG networks; {c['network']} has other joints."
        if not (c["prune_bias"] and c["prune_batchnorm"]):
            return "--method structured-magnitude removes whole channels; add --prune-bias and --prune-batchnorm."
    return None


def _network(c: Choice) -> str | None:
    """Networks that cannot read a data set, or lack what is to be pruned."""
    network, dataset = c["network"], c["dataset"]
    side = 224 if network == "densenet121" else 32
    if SIDE[dataset] != side:
        fitting = ", ".join(name for name, size in SIDE.items() if size == side)
        return f"{network} reads images of {side}x{side}; choose --dataset from {fitting}."
    if c["prune_bias"] and network.startswith(("resnet", "densenet")):
        return f"The convolutions of {network} have no bias; leave --prune-bias out."
    if c["prune_batchnorm"] and network.startswith(("lenet", "conv")):
        return f"{network} has no batch normalisation; leave --prune-batchnorm out."
    if c["val_size"] >= IMAGES[dataset]:
        return f"--val-size {c['val_size']} leaves nothing to train on; {dataset} has {IMAGES[dataset]:,} images."
    return None


def _epochs(c: Choice) -> str | None:
    """Epochs outside the run."""
    epochs, interval, stop = c["epochs"], c["prune_interval"], c["prune_stop_epoch"]
    if interval is not None and interval >= epochs:
        return f"--prune-interval {interval} never prunes in {epochs} epochs (the last is skipped); lower it."
    if stop is not None and not interval < stop <= epochs:
        return f"--prune-stop-epoch must lie between the interval {interval} and the {epochs} epochs, not at {stop}."
    if c["hoyer_stop_epoch"] is not None and c["hoyer_stop_epoch"] > epochs:
        return f"--hoyer-stop-epoch {c['hoyer_stop_epoch']} lies beyond the {epochs} epochs; leave it out."
    if c["grad_noise_stop_epoch"] is not None and not 1 < c["grad_noise_stop_epoch"] <= epochs:
        return (
            f"--grad-noise-stop-epoch must lie between 2 and the {epochs} epochs, not at {c['grad_noise_stop_epoch']}."
        )
    return None
