"""Every published number of FlipOut as a claim, in the tables one types after ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from papers.flipout import counts, sentences
from papers.flipout.names import spoken
from papers.flipout.settings import SEEDS
from shared import claim_file
from shared.claim_file import Row, settings_of
from shared.claims import Exact, Table, Value

TITLES = {
    "vgg19": "VGG19 on CIFAR-10 at 99.9 % sparsity",
    "resnet18": "ResNet18 on CIFAR-10 at 99.9 % sparsity",
    "densenet121": "DenseNet121 on Imagenette at 99.9 % sparsity",
    "grid": "Five methods at five sparsities on three networks",
    "noise": "Gradient noise: none, other scales, and under global magnitude",
    "criteria": "Other saliencies, prunable batch-norm weights, superseded Hoyer-Square runs",
    "hoyer": "Hoyer-Square sweeps: accuracy at the sparsity a strength happens to give",
    "unpruned": "Unpruned networks",
    "per-seed": "Single runs by seed",
    "trajectory": "Accuracy in the course of training",
    "seed": "The review copy's README (the VGG19 table again)",
    "schedule": "Prune frequencies and the sparsities they give",
    "counts": "Parameters, prunable weights and multiply-adds",
    "remaining": "Weights left after pruning",
    "early": "Single runs of February 2020, for orientation",
}
ALIASES = {"noise": ("noise-ablation",), "hoyer": ("hoyer-sweep",), "per-seed": ("seeds",), "vgg19": ("vgg",)}
NOTES = {
    "vgg19": "Hoyer-Square was one run of 500 epochs that ended at 99.89 %; ours has all seeds at its strength.",
    "seed": "Shown, not counted: the same measurements as table vgg19; its 0.10 is a fraction, 10 %.",
    "grid": "Its 99.9 % column is the unrounded form of the README's tables.",
    "criteria": "The rule of the runs with Hoyer-Square and halvings is lost; those rows are shown, not counted.",
    "hoyer": "One run each; strengths are assigned by rank. ResNet18's rows are read off a figure and never decide.",
    "per-seed": "The runs behind the means of table grid; seeds do not transfer between versions (trap T23).",
    "early": "An older code; shown, not counted.",
}
UNITS = {"fraction": 100.0}
"""Factor to percent: the review copy prints 0.10 under a percent header and means 10 % (trap T1)."""

NETWORK = {"vgg19": "VGG19", "resnet18": "ResNet18", "densenet121": "DenseNet121"}


rows = cache(partial(claim_file.read, Path(__file__).with_name("claims.csv")))
"""The rows of claims.csv."""


@cache
def tables() -> dict[str, Table]:
    """All tables, each with its numbers first and the sentences it carries after them."""
    claims = map(claim_of, rows())
    return claim_file.tables(TITLES, claims, sentences.of_table, seeds=SEEDS, aliases=ALIASES, notes=NOTES)


def claim_of(row: Row) -> Value | Exact:
    """The claim a row makes: a value to be estimated by runs, or a count to be measured."""
    if not row["experiment"]:
        return claim_file.exact(row, _text(row, 1.0), _measure(row))
    factor, at = UNITS.get(row["unit"], 1.0), settings_of(row)
    return claim_file.value(
        row,
        _text(row, factor),
        value=float(row["value"]) * factor,
        sd=float(row["sd"]) * factor if row["sd"] else None,
        unit="percent",
        epoch=int(at["epoch"]) if "epoch" in at else None,
        seed=int(at["seed"]) if "seed" in at else None,
        sparsity_percent=float(row["sparsity_percent"]) if row["sparsity_percent"] else None,
    )


def _measure(row: Row) -> Callable[[], float]:
    at = settings_of(row)
    if row["verify_table"] == "schedule":
        return partial(counts.final_sparsity, int(at["prune_freq"]), float(at["prune_rate"]), int(at["epochs"]))
    if row["verify_table"] == "counts":
        return partial(counts.network_count, row["network"], row["metric"])
    if row["method"] == "snip":
        return partial(counts.remaining_snip, row["network"], float(at["snip_sparsity"]))
    rule = counts.remaining_random if row["method"] == "random" else counts.remaining_periodic
    return partial(rule, row["network"], int(at["prune_freq"]))


METRICS = {
    "top1_accuracy": "",
    "top1_accuracy_at_epoch": "after epoch {epoch}",
    "train_top1_accuracy_running": "running training accuracy",
    "params": "parameters",
    "prunable_params": "prunable weights",
    "forward_macs_per_sample": "multiply-adds per sample",
    "remaining_weights": "weights left",
    "final_sparsity": "sparsity",
}


def _text(row: Row, factor: float) -> str:
    """The row in words: ``VGG19, FlipOut at 99.9 %: 87.39 ± 0.23 %``."""
    at = settings_of(row)
    who = NETWORK.get(row["network"], row["network"])
    _, method, label = f"{row['experiment']}//".split("/")[:3]
    what = spoken(method or row["method"])
    every = f"every {at['prune_freq']} epochs" if row["verify_table"] == "schedule" else ""
    level = "" if every or method == "unpruned" else label or row["sparsity_percent"]
    sparsity = f"at {level} %" if level else ""
    seed = f"seed {at['seed']}" if "seed" in at else ""
    metric = METRICS[row["metric"]].format(**at)
    subject = ", ".join(p for p in (who, " ".join(q for q in (what, every, sparsity) if q), seed, metric) if p)
    spread = f" ± {float(row['sd']) * factor:g}" if row["sd"] else ""
    figure = f"{int(row['value']):,}" if row["unit"] == "count" else f"{float(row['value']) * factor:g}{spread} %"
    return f"{subject}: {figure}"
