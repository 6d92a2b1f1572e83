"""What was typed, and the published job that the rest is taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from papers.dsr.jobs import Job, jobs
from papers.dsr.options import OPTIONS, RIGL
from papers.dsr.protocols import VARIANTS
from papers.dsr.settings import THIN, model_for
from papers.dsr.sizes import active_weights
from papers.dsr.widths import lenet_width
from shared.errors import ReproError, unknown
from shared.option_rules import Ranges

OPTION = {option.name: option for option in OPTIONS}
BESIDE = {"seed": 42, "variant": "published"}
LATER = {"lenet300": ("mnist", "ours"), "wide_resnet": ("cifar",), "imagenet_resnet50": ("imagenet",)}
EARLIER = LATER | {"wide_resnet": ("wrn",), "imagenet_resnet50": ("resnet",)}
"""The lists that a variant takes its settings from: those of one generation, of which MNIST has the earlier alone."""
KINDS = {"lenet300": ("linear",), "wide_resnet": ("conv",), "imagenet_resnet50": ("conv", "linear")}
"""Kinds of prunable layers."""
RANGES = Ranges(
    fractions=(
        "sparsity", "sparsity_conv", "sparsity_linear", "target_sparsity_conv", "target_sparsity_linear",
        "drop_fraction",
    ),
    positive=(
        "reallocations_per_update", "initial_threshold", "deep_rewiring_eta", "pruning_steps",
        "pruning_interval_epochs", "update_interval", "fine_tune_epochs", "epochs", "batch_size", "width_multiplier",
        "stop_rewiring_epoch",
    ),
    not_negative=("weight_decay", "l1_coefficient", "val_size", "momentum", "pruning_start_epoch", "seed"),
    below_one=("momentum",),
)  # fmt: skip
ON = {"batch_norm", "augmentation"}
"""Switches that are on by default: saying so again changes nothing."""
OFF = {"sparse_downsample", "rescale_tied_gradient", "kernel_group_lasso"}


@dataclass(frozen=True)
class Choice:
    """Typed options over defaults; ``choice.typed`` holds only what was asked for."""

    typed: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name in self.typed:
            return self.typed[name]
        return BESIDE[name] if name in BESIDE else OPTION[name].default

    def given(self, name: str, otherwise: Any) -> Any:
        """What was typed, else another value."""
        return self.typed.get(name, otherwise)


def read(options: Mapping[str, Any]) -> Choice:
    """Drop what was not typed, refuse unknown names and values out of range.

    Raises:
        ReproError: naming the option and what it takes.
    """
    typed = {name: value for name, value in options.items() if value is not None}
    for name, value in typed.items():
        if name not in OPTION and name not in BESIDE:
            raise unknown("dsr option", name, [*OPTION, *BESIDE])
        choices = OPTION[name].choices if name in OPTION else VARIANTS if name == "variant" else ()
        if choices and value not in choices:
            raise unknown(f"value of {flag(name)}", str(value), choices)
    RANGES.check(typed, flag)
    return Choice({n: v for n, v in typed.items() if n not in OFF | ON or (v is False if n in ON else v)})


def flag(name: str) -> str:
    """The option as typed."""
    if name in ON:
        return "--no-" + name.replace("_", "-")
    return OPTION[name].flag if name in OPTION else f"--{name}"


def separate(c: Choice) -> list[str]:
    """The options that set the sparsity of the network's kinds of layers, one kind each."""
    prefix = "target_sparsity" if c["method"] == "pruning" else "sparsity"
    return [f"{prefix}_{kind}" for kind in KINDS[c["network"]]]


def sparsity_of(c: Choice) -> float:
    """What was typed for all prunable weights; where each kind has its own, that of the first."""
    each = separate(c)
    return float(c[each[0]] if all(name in c.typed for name in each) else c["sparsity"])


def search(c: Choice) -> Choice:
    """The DSR run that finds the masks of ``--masks-of-dsr``: what was typed holds for it too, but for the length."""
    return Choice({k: v for k, v in c.typed.items() if k not in ("method", "masks_of_dsr", "epochs")})


def nearest(c: Choice) -> Job:
    """The published job of this network and method at the nearest sparsity, with the wished sparsity.

    Raises:
        ReproError: if the generation that the variant names never ran this method on this network.
    """
    network, wanted = c["network"], sparsity_of(c)
    method = "set" if c["method"] == RIGL else c["method"]
    lists = (EARLIER if c["variant"] == "published-iclr" else LATER)[network]
    granularity = c["granularity"] if method == "dsr" and c["granularity"] == "kernel" else "weight"
    fitting = [
        job
        for job in jobs().values()
        if job.list in lists
        and job.method == method
        and job.mask_from is None
        and job.runs
        and job.granularity in (granularity, "weight")
    ]
    if not fitting:
        raise ReproError(
            f"The earlier lists have no --method {c['method']} on {network}, and generations are never mixed; leave "
            "--variant published-iclr out."
        )
    best = min(fitting, key=lambda j: (j.granularity != granularity, abs(j.sparsity - wanted)))
    sparsity = 0.0 if method == "dense" else wanted
    published = best.sparsity == wanted or c["method"] != "set" or "drop_fraction" in c.typed
    fraction = best.fraction if published else _fraction(best, wanted)
    return replace(best, sparsity=sparsity, width=_width(c, best, sparsity), fraction=fraction)


def _fraction(job: Job, sparsity: float) -> float:
    """SET's fraction at a sparsity that no job has: matched to DSR's N_p as those of the jobs are (sheet 7.3)."""
    target = next(j.target for j in jobs().values() if j.list == job.list.replace("ours", "mnist") and j.target)
    active = active_weights(model_for(job.network, job.width), sparsity)
    if target >= active:
        raise ReproError(
            f"SET moves as many weights as DSR, {target:,} on {job.network}, but {active:,} are active at sparsity "
            f"{sparsity:g}; give --drop-fraction."
        )
    return float(f"{target / active:.3g}")


def _width(c: Choice, job: Job, sparsity: float) -> float:
    if "width_multiplier" in c.typed:
        return float(c["width_multiplier"])
    if job.method != "thin":
        return job.width
    if job.network == "lenet300":
        return lenet_width(sparsity)
    published = THIN[job.generation][job.network]
    if sparsity not in published:
        known = ", ".join(f"{s:g}" for s in published)
        raise ReproError(
            f"The published thin widths stand for sparsities {known}; give --width-multiplier in its place for others."
        )
    return published[sparsity]
