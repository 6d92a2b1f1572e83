"""Every published number of SynFlow and of the assignment built on it as a claim, by the tables of ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from papers.synflow import counts, sentences, stated
from papers.synflow.any_network import theory_on
from papers.synflow.protocols import DATASETS, NETWORKS
from papers.synflow.settings import SPOKEN
from shared import claim_file
from shared.claim_file import Row, settings_of
from shared.claims import Exact, Table, Value, WhichEpoch

TITLES = {
    "assignment": "The assignment: VGG-16 at six ratios and ResNet-50 at 10x on CIFAR-10, five pruners",
    "theory": "Conservation laws, maximal critical compression and numerical safety",
    "cifar10": "Figure 6, CIFAR-10: best-epoch accuracy of five pruners at 10^0 to 10^3",
    "cifar100": "Figure 6, CIFAR-100: best-epoch accuracy of five pruners at 10^0 to 10^3",
    "tiny-imagenet": "Figure 6, Tiny-ImageNet: best-epoch accuracy of five pruners at 10^0 to 10^3",
    "figure1": "Figure 1: VGG-16-BN on CIFAR-100 up to 10^6, final accuracy, weights and layers left",
    "figure2": "Figure 2: non-empty layers of VGG-19 on ImageNet at powers of two",
    "figure3": "Figure 3: flow into and out of hidden units (VGG-19, ImageNet)",
    "figure4": "Figure 4: average layer score against inverse layer size (VGG-19, ImageNet)",
    "figure5a": "Figure 5a: iterative magnitude pruning in one to five levels",
    "figure5b": "Figure 5b: squared weights in training (VGG-19, CIFAR-10)",
    "figure7": "Figure 7: largest share of the flow that a round removes (VGG-19, ImageNet)",
    "students": "Accuracies in the students' reports: VGG-16 without batch normalisation, FC on MNIST",
    "student-imp": "Iterative magnitude pruning in a student's report, not rewound",
    "student-flops": "Multiply-adds left in the students' reports",
    "student-times": "Testing times in the students' reports",
    "ablation": "Shuffled, re-initialised and inverted masks (third-party reproduction)",
    "counts": "Parameters, prunable weights and multiply-adds of the networks",
    "text": "Numbers in the text",
    "recalled": "Dense accuracies of Frankle et al., from memory",
}
ALIASES = {
    "cifar10": ("figure6", "figure6-cifar10"),
    "cifar100": ("figure6-cifar100",),
    "tiny-imagenet": ("figure6-tiny-imagenet",),
    "figure5a": ("imp",),
    "theory": ("laws",),
}
NOTES = {
    "assignment": (
        "Ratios, not exponents: 10x keeps one weight in ten. The assignment's cells are blank, and its code would have "
        "kept one weight in 10^10. Mag is pruned after 200 epochs of training, which the others do not get (trap 18)."
    ),
    "cifar10": "Best epoch on the test set; the optimiser stepped each tensor 2 to 5 times (trap 3).",
    "figure1": "Weight counts of SynFlow are those of the rule; the published runs lose up to two weights to ties.",
    "student-times": "Shown, not counted: seconds on other machines, independent of compression (trap 22).",
    "ablation": "Its SynFlow rows measured an unpruned network (trap 24); shown, not counted.",
    "recalled": "From memory and unverified: these rows never decide anything.",
}
SEEDS: dict[str, tuple[int, ...]] = {"assignment": (1, 2), "figure1": (3, 1003, 2003), "cifar100": (3, 1003, 2003)}


rows = cache(partial(claim_file.read, Path(__file__).with_name("claims.csv")))
"""The rows of claims.csv."""


@cache
def tables() -> dict[str, Table]:
    """All tables, each with its numbers first and the sentences it carries after them."""
    claims = (claim_of(row) for row in rows() if row["claim_id"] not in STATEMENTS)
    made = claim_file.tables(
        TITLES, claims, sentences.of_table, seeds=(1, 2, 3), aliases=ALIASES, notes=NOTES, other_seeds=SEEDS
    )
    return made | {"theory": replace(made["theory"], on=theory_on)}


STATEMENTS = {"paper-high-compression-threshold": "where sentence q1 begins; not a number by itself"}
"""Rows that no number of ours could equal or miss."""


def claim_of(row: Row) -> Value | Exact:
    """The claim a row makes: a value to be estimated by runs, or a number to be computed."""
    measure = _measure(row)
    if measure is None:
        return _value(row)
    value = _expected(row)
    unit = row["unit"] if row["value"] else "count"
    tolerance = _tolerance(row, value)
    return claim_file.exact(row, _text(row, value), measure, value=value, unit=unit, tolerance=tolerance)


def _value(row: Row) -> Value:
    which: dict[str, WhichEpoch] = {"best": "best", "last": "last"}
    metric = "top1_accuracy" if "accuracy" in row["metric"] else row["metric"]
    if metric == "macs_remaining":
        metric += f":{LAYERS.index(settings_of(row)['layer'])}"
    return claim_file.value(
        row,
        _text(row, float(row["value"])),
        metric=metric,
        note="; ".join(p for p in (row["note"], row["margin_reason"] if row["gating"] == "no" else "") if p),
        # masks stay as they were pruned: only an accuracy differs between the last and the best epoch
        which=which.get(row["which"], "unknown") if metric == "top1_accuracy" else "last",
    )


def _expected(row: Row) -> float:
    """The published number; a blank cell of the assignment stands for the weights its ratio keeps (sheet 7.1)."""
    if row["value"]:
        return float(row["value"])
    size = {"vgg16": 14_715_584, "resnet50": 23_467_712}[row["network"]]
    ratio = float(settings_of(row)["compression_ratio"])
    return -(-size // int(ratio))


def _measure(row: Row) -> Callable[[], float] | None:
    """How a number is computed without a run; ``None`` where it takes one."""
    at, table, metric = settings_of(row), row["verify_table"], row["metric"]
    exponent = float(at["compression_exponent"]) if "compression_exponent" in at else 0.0
    if row["experiment"] or (row["gating"] == "no" and table != "assignment"):
        return None
    if table == "counts":
        return partial(counts.network_count, at["model_class"], row["network"], row["dataset"], metric)
    if table == "assignment":
        if metric == "pre_epochs":
            return stated.pretraining
        family = "lottery" if row["network"] == "vgg16" else "tinyimagenet"
        return partial(counts.remaining_at_ratio, family, row["network"], "cifar10", float(at["compression_ratio"]))
    if metric == "remaining_weights":
        if row["method"] == "mag":
            return partial(counts.magnitude_kept, int(at["seed"]), exponent)
        return partial(counts.remaining, *counts.FIGURE1, exponent)
    if metric == "nonempty_layers":
        return partial(counts.magnitude_nonempty, exponent)
    if metric == "critical_compression_log10":
        return counts.magnitude_critical
    if metric == "max_compression_log10":
        return partial(counts.max_compression, *counts.FIGURE1)
    if table in ("figure3", "figure4"):
        return partial(counts.conservation, row["method"], metric)
    if table == "figure7":
        return partial(counts.cut_in_one_round, exponent)
    if metric == "mac_fraction_remaining":
        return partial(counts.student_share, exponent)
    if metric == "macs_remaining":
        return partial(counts.student_layer, LAYERS.index(at["layer"]), exponent)
    return TEXT[metric]


def seeds() -> float:
    """Seeds of the tables of Figures 1 and 6, as they would be run."""
    return stated.only(float(len(tables()[name].seeds)) for name in ("cifar10", "cifar100", "tiny-imagenet", "figure1"))


LAYERS = (*(f"layers.{i}.conv" for i in (0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16)), "fc")
TEXT: dict[str, Callable[[], float]] = {
    "prune_iterations": stated.synflow_rounds,
    "sparsity": stated.highest_sparsity,
    "seeds": seeds,
    "model_dataset_combinations": stated.panels,
}


def _tolerance(row: Row, value: float) -> float:
    """Ties, single precision and printed digits."""
    metric = row["metric"]
    if metric == "remaining_weights" and row["method"] != "mag":
        return 2.0  # weights that tie at the threshold all go
    if metric == "macs_remaining":
        return 0.01 * value if row["method"] == "synflow" else 0.0  # masks of a GPU (sheet 7.5)
    if metric == "mac_fraction_remaining":
        return 1e-4
    if metric in ("nonempty_layers", "critical_compression_log10"):
        return 1e-4
    if metric == "unit_in_out_max_relative_difference":
        return 2e-6  # the published number is the rounding of single precision
    if row["verify_table"] in ("figure3", "figure4", "figure7", "text") or metric == "max_compression_log10":
        return max(1e-4, 1e-4 * abs(value), 5e-4 if metric == "max_compression_log10" else 0)
    return 0.0


METRICS = {
    "top1_accuracy": "",
    "top1_accuracy_best_epoch": "best epoch",
    "top1_accuracy_final_epoch": "last epoch",
    "nonempty_layers": "layers left",
    "remaining_weights": "weights left",
    "mac_fraction_remaining": "share of multiply-adds left",
    "macs_remaining": "multiply-adds left",
    "test_time": "testing time",
    "weight_macs": "multiply-adds",
    "code_flops": "operations as the code counts them",
    "params": "parameters",
    "trainable_params": "trained parameters",
    "prunable_weights": "prunable weights",
    "prunable_layers": "prunable tensors",
}


def _text(row: Row, value: float) -> str:
    """The row in words: ``VGG-16-BN on CIFAR-10, SynFlow at 10^2, best epoch: 90.08 +- 0.12 %``."""
    at = settings_of(row)
    who = f"{NETWORKS.get(row['network'], row['network'])} on {DATASETS.get(row['dataset'], row['dataset'])}"
    method = "" if row["method"] in ("none", "any") else SPOKEN.get(row["method"], row["method"])
    level = ""
    if "compression_exponent" in at:
        level = f"at 10^{float(at['compression_exponent']):g}"
    elif "compression_ratio" in at:
        level = f"at {at['compression_ratio']}x"
    elif row["verify_table"] == "ablation" and row["method"] != "dense":
        level = f"at {row['sparsity_percent']} % sparsity"
    extra = [f"{at['levels']} levels" if "levels" in at else "", at.get("layer", ""), at.get("state", "")]
    extra += [f"{at['schedule']}, {at['prune_iterations']} rounds" if row["verify_table"] == "figure7" else ""]
    extra += [f"{at['ablation']}" if at.get("ablation", "none") != "none" else ""]
    extra += [f"{row['claim_id'][:4]}" if row["claim_id"].startswith("stu") else ""]
    extra += [at.get("model_class", "") if row["verify_table"] == "counts" else ""]
    metric = METRICS.get(row["metric"], row["metric"].replace("_", " ")) if row["value"] else "weights left"
    subject = ", ".join(p for p in (who, " ".join(q for q in (method, level) if q), *extra, metric) if p)
    spread = f" ± {float(row['sd']):g}" if row["sd"] and float(row["sd"]) else ""
    if row["unit"] == "count" or not row["value"]:
        return f"{subject}: {value:,.4g}" if value % 1 else f"{subject}: {int(value):,}"
    unit = {"percent": " %", "seconds": " s"}.get(row["unit"], "")
    return f"{subject}: {value:g}{spread}{unit}"
