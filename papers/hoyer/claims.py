"""Every published number of DeepHoyer as a claim, in the tables one types after ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from papers.hoyer import counts, sentences
from papers.hoyer.cells import scientific
from papers.hoyer.settings import NETWORK_TITLES, SEEDS, TITLES
from shared import claim_file
from shared.claim_file import Row, settings_of
from shared.claims import Exact, Table, Value

TABLES = {
    "mnist-mlp": "LeNet-300-100 on MNIST: element-wise pruning (first rerun, from scratch)",
    "mnist-cnn": "LeNet-5 on MNIST: element-wise pruning (first rerun, from scratch)",
    "mnist-structural": "LeNet-300-100 and LeNet-5 on MNIST: structural pruning (first rerun, from scratch)",
    "mnist-mlp-sweep": "LeNet-300-100 on MNIST: strengths at a fixed threshold (second rerun, from the dense network)",
    "mnist-mlp-front": "LeNet-300-100 on MNIST: strengths around the published ones, by the ratio rule",
    "mnist-cnn-front": "LeNet-5 on MNIST: strengths around the published ones, by the ratio rule",
    "mnist-structural-front": "LeNets on MNIST: strengths of the group regularisers, from the dense network",
    "mnist-corrected": "LeNets on MNIST from the dense network: the corrected variant beside the published one",
    "mnist-mlp-equal": "LeNet-300-100 on MNIST: every element-wise method at equal remaining weights",
    "mnist-cnn-equal": "LeNet-5 on MNIST: every element-wise method at equal remaining weights",
    "fashion-mlp": "LeNet-300-100 on Fashion-MNIST (first rerun's notebooks)",
    "fashion-cnn": "LeNet-5 on Fashion-MNIST (first rerun's notebooks)",
    "fashion-report": "The first rerun's report on Fashion-MNIST",
    "cifar-zoo": "Dense networks on CIFAR-10 and CIFAR-100: parameters and errors",
    "cifar-structural": "ResNets on CIFAR-10: structural pruning, three strengths a regulariser",
    "cifar-notes": "Remarks on the zoo: depths, weight decay, batch size, AlexNet's learning rate",
    "imagenet": "Dense networks on ImageNet",
    "defaults": "Defaults of the original scripts, as the seed states them",
    "laws": "Properties of the regularisers",
    "recalled": "The paper's own tables, from memory",
}
ALIASES = {"mnist-mlp": ("mlp",), "mnist-cnn": ("cnn",), "mnist-structural": ("structural",), "cifar-zoo": ("zoo",)}
EQUAL_NOTE = (
    "No published numbers: the published trainings, each pruned by one threshold to the same sparsities, so that "
    "accuracies are compared at equal remaining weights (traps 7 and 24)."
)
FRONT_NOTE = "No published numbers: three strengths a method, so that fronts can be compared (trap 24)."
NOTES = {
    "mnist-mlp": "One run each. T and V columns differ in training budget and selection too (trap 5).",
    "mnist-structural": "The fair baseline is no regulariser with the script's weight decay (trap 11).",
    "mnist-mlp-front": FRONT_NOTE,
    "mnist-cnn-front": f"{FRONT_NOTE} Its trends are shown and not counted: no source speaks of them.",
    "mnist-structural-front": (
        f"{FRONT_NOTE} Only the paper's sentence on groups is counted; nobody published trends, or a comparison with "
        "the fair baseline, the script's weight decay alone (trap 11)."
    ),
    "mnist-corrected": (
        "Shown, not counted: nobody published numbers of the corrected variant (sheet 4.11). Corrected runs train on "
        "55,000 images and choose their epoch of finetuning on the other 5,000."
    ),
    "mnist-mlp-equal": EQUAL_NOTE,
    "mnist-cnn-equal": EQUAL_NOTE,
    "cifar-structural": (
        "No published numbers: the paper's strengths are not known, so no order of the regularisers is claimed; the "
        "report shows both fronts and the smaller networks that are left (sheet 6, E5)."
    ),
    "fashion-report": "Shown, not counted: the notebooks print the same numbers; one row is mislabelled (trap 20).",
    "cifar-zoo": "The rows called ResNet-110 and PreResNet-110 belong to 164-layer bottleneck networks (trap 4).",
    "imagenet": "Shown, not counted: no recipe is stated for these numbers.",
    "defaults": "True of the fixed-threshold script only: the other one finetunes 50 epochs at 1e-3 (trap 5).",
    "recalled": "From memory and unverified: these rows never decide anything.",
}
SAYS = {
    "top1_accuracy": "accuracy after finetuning",
    "top1_accuracy_best_before_epoch": "best accuracy while finetuning",
    "top1_accuracy_dense": "accuracy after training",
    "top1_accuracy_before_finetune": "accuracy after pruning",
    "remaining_weights": "weights left",
    "pruned_percent": "pruned",
    "top1_error": "error",
    "top5_error": "top-5 error",
    "params": "million parameters",
    "compression_rate": "compression",
    "train_epochs": "training epochs",
    "train_lr": "learning rate of training",
    "finetune_epochs": "finetuning epochs",
    "finetune_lr": "learning rate of finetuning",
}


rows = cache(partial(claim_file.read, Path(__file__).with_name("claims.csv")))
"""The rows of claims.csv."""


@cache
def tables() -> dict[str, Table]:
    """All tables; fixed-threshold rows come first, so that the ratio's runs find the shared training done."""
    claims = map(claim_of, sorted(rows(), key=lambda r: "/V" in r["experiment"]))
    return claim_file.tables(TABLES, claims, sentences.of_table, seeds=SEEDS, aliases=ALIASES, notes=NOTES)


def claim_of(row: Row) -> Value | Exact:
    """The claim a row makes: a value to be estimated by runs, or a count to be measured."""
    if not row["experiment"]:
        return claim_file.exact(row, _text(row), _measure(row))
    which = "best" if row["which"] == "best" else "last"
    return claim_file.value(row, _text(row), metric=row["our_metric"], which=which)


def _measure(row: Row) -> Callable[[], float]:
    if row["metric"] == "params":
        return partial(counts.millions, row["network"])
    if row["metric"] == "remaining_weights":  # an unpruned network
        return partial(counts.parameters, row["network"])
    return partial(counts.default, row["metric"])


def _text(row: Row) -> str:
    """The row in words: ``LeNet-5, Hoyer 1e-2, ratio 0.08, weights left: 1,818``."""
    at = settings_of(row)
    method = TITLES.get(row["method"], row["method"])
    strength = f" {scientific(at['decay'])}" if "decay" in at and row["method"] != "none" else ""
    rule = {"std-ratio": "ratio", "fixed": "threshold"}.get(at.get("rule", ""), "")
    what = [NETWORK_TITLES.get(row["network"], row["network"]), *["CIFAR-100"] * (row["dataset"] == "cifar100")]
    what += [f"{method}{strength}"] * (row["method"] != "" and row["verify_table"] not in ("cifar-zoo", "imagenet"))
    if rule:
        what.append(f"{rule} {at['sensitivity']}")
    if row["verify_table"] == "cifar-notes" and "weight_decay" in at:
        what.append(f"weight decay {at['weight_decay']}, batch {at['batch']}")
    said = SAYS.get(row["our_metric"]) or SAYS.get(row["metric"], row["metric"].replace("_", " "))
    what.append("accuracy" if row["verify_table"] == "cifar-notes" and said.startswith("accuracy") else said)
    number = f"{int(row['value']):,}" if row["unit"] == "count" else row["value"]
    return f"{', '.join(p for p in what if p)}: {number}{' %' if row['unit'] == 'percent' else ''}"
