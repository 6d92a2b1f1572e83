"""Every published number of the paper as a claim, in the tables one types after ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from papers.dsr import counts, laws, original, sentences
from papers.dsr.protocols import experiments
from papers.dsr.published import rows
from papers.dsr.settings import SEEDS
from shared import claim_file
from shared.claim_file import Row, settings_of
from shared.claims import Exact, Table, Value

TITLES = {
    "mnist": "LeNet-300-100 on MNIST at six sparsities",
    "cifar10": "WRN-28-2 on CIFAR-10 at five sparsities",
    "imagenet-iclr": "ResNet-50 on ImageNet, the submission's Table 2",
    "imagenet": "ResNet-50 on ImageNet, the published Table 2",
    "invariants": "Laws of reallocation, worked examples, event counts",
    "counts": "Trainable parameters",
    "medians": "Medians of five runs, as the figures plot them",
    "runs": "Single runs of the authors",
    "third-party": "The same experiments in other papers' summaries",
    "overhead": "Epoch time relative to static training",
    "seed": "Defaults of the original's 47 options",
}
NOTES = {
    "mnist": (
        "The authors' own five runs; SET, DeepR, tied and thin dense have no published MNIST number. Margins of static "
        "sparse are half its gap to pruning, so REPRODUCED says little there."
    ),
    "cifar10": "The authors' own five runs, of the earlier generation; DeepR's numbers carry its first-step bug.",
    "imagenet": "Recalled from the published paper, not read: shown, never counted.",
    "medians": "The same runs as in the tables of means, judged by ranks (trap 22): shown, not counted.",
    "runs": "Seeds were never set: shown, not counted.",
    "third-party": "Shown, not counted; one summary lost a digit (97.54 for 97.754).",
    "overhead": "Recalled, and of another machine: shown, not counted.",
    "seed": "What our table of counterparts says about each option, against the README it came from.",
}
ALIASES = {"cifar10": ("cifar",), "invariants": ("laws",)}
NETWORK = {"lenet-300-100": "lenet300", "wrn-28-2": "wide_resnet", "resnet50": "imagenet_resnet50"}
WIDTH = {"wide_resnet": 2.0}


@cache
def tables() -> dict[str, Table]:
    """All tables, each with its numbers first and the sentences it carries after them."""
    claims = [*map(claim_of, rows()), *laws.laws()]
    return claim_file.tables(TITLES, claims, sentences.of_table, seeds=SEEDS, aliases=ALIASES, notes=NOTES)


def claim_of(row: Row) -> Value | Exact:
    """The claim a row makes: a value to be estimated by runs, or a count to be measured."""
    if row["verify_table"] in ("counts", "seed"):
        return claim_file.exact(row, _text(row), _measure(row))
    if row["metric"] == "top1_accuracy_median":
        of = claim_file.single_runs(next(r for r in rows() if r["claim_id"] == row["same_as"]))
        return claim_file.value(row, _text(row), metric="top1_accuracy", statistic="median", per_seed=of)
    single = row["metric"] == "top1_accuracy_run"
    return claim_file.value(row, _text(row), metric="top1_accuracy" if single else row["metric"])


def _measure(row: Row) -> Callable[[], float]:
    at = settings_of(row)
    if row["metric"] == "option_count":
        return original.count
    if row["metric"] == "option_default":
        return partial(original.default, at["option"])
    return partial(_count, NETWORK[row["network"]], row["method"], float(row["sparsity_percent"] or 0) / 100, at)


def _count(network: str, method: str, sparsity: float, at: dict[str, str]) -> float:
    width = float(at.get("width_multiplier", WIDTH.get(network, 1.0)))
    norm = at.get("batch_norm") != "off"
    if method in ("dense", "thin-dense"):
        return counts.dense(network, width, batchnorm=norm)
    if method == "tied":
        return counts.tied(network, sparsity, width)
    if method == "gradual-pruning":
        extra = 0 if at.get("cutoff") == "int(f*n)" else 1
        shape: Any = at["schedule"]
        return counts.gradually_pruned(network, sparsity, shape, int(at["steps"]), extra, width)
    return counts.trainable(
        network,
        sparsity,
        width=width,
        granularity=at.get("granularity", "weight"),
        batchnorm=norm,
        downsample=at.get("sparse_downsample") == "on",
    )


METRICS = {
    "top1_accuracy": "",
    "top1_accuracy_median": "median of five runs",
    "top1_accuracy_run": "one run",
    "top5_accuracy": "top-5",
    "params": "trainable parameters",
    "epoch_time_ratio": "epoch time over that of static training",
    "option_count": "number of options",
    "option_default": "default",
}


def _text(row: Row) -> str:
    """The row in words: ``LeNet-300-100, DSR, 99 %: 97.754 ± 0.035 %``."""
    experiment = experiments().get(row["experiment"])
    who = experiment.title if experiment else _who(row)
    subject = ", ".join(part for part in (who, METRICS[row["metric"]]) if part)
    spread = f" ± {float(row['sd']):g}" if row["sd"] else ""
    unit = {"percent": " %", "ratio": " times"}.get(row["unit"], "")
    figure = f"{int(float(row['value'])):,}" if row["unit"] == "count" else f"{float(row['value']):g}{spread}{unit}"
    return f"{subject}: {figure}"


def _who(row: Row) -> str:
    at = settings_of(row)
    if "option" in at:
        return f"--{at['option']}"
    level = f"{row['sparsity_percent']} %" if row["sparsity_percent"] not in ("", "0") else ""
    about = row["setting"].replace(";", ", ") if row["verify_table"] == "counts" else ""
    return ", ".join(p for p in (row["network"], row["method"].replace("-", " "), level, about) if p)
