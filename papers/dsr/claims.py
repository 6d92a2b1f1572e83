"""Every published number of the paper as a claim, in the tables one types after ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from papers.dsr import counts, invariants, original, sentences
from papers.dsr.protocols import experiments
from papers.dsr.rows import Row, rows, same_as, settings_of
from papers.dsr.settings import SEEDS
from shared.claims import Claim, Exact, Table, Value

__all__ = ["claim_of", "same_as", "tables"]

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
    "mnist": "The authors' own five runs; SET, DeepR, tied and thin dense have no published MNIST number.",
    "cifar10": "The authors' own five runs, of the earlier generation; DeepR's numbers carry its first-step bug.",
    "imagenet": "Recalled from the published paper, not read: shown, never counted.",
    "medians": "The same runs as in the tables of means: shown, not counted.",
    "runs": "Seeds were never set: shown, not counted.",
    "third-party": "Shown, not counted; one summary lost a digit (97.54 for 97.754).",
    "overhead": "Recalled, and of another machine: shown, not counted.",
    "seed": "What our table of counterparts says about each option, against the README it came from.",
}
ALIASES = {"cifar10": ("cifar",), "invariants": ("laws",)}
NETWORK = {"lenet-300-100": "lenet300", "wrn-28-2": "wide_resnet", "resnet50": "imagenet_resnet50"}
WIDTH = {"wide_resnet": 2.0}
GRANULARITY = {"kernel": "kernel"}


@cache
def tables() -> dict[str, Table]:
    """All tables, each with its numbers first and the sentences it carries after them."""
    shown: dict[str, list[Claim]] = {name: [] for name in TITLES}
    for row in rows():
        shown[row["verify_table"]].append(claim_of(row))
    shown["invariants"] = list(laws())
    for name, claims in shown.items():
        claims.extend(sentences.of_table(name))
    return {
        name: Table(name, title, tuple(shown[name]), SEEDS, ALIASES.get(name, ()), NOTES.get(name, ""))
        for name, title in TITLES.items()
    }


def claim_of(row: Row) -> Value | Exact:
    """The claim a row makes: a value to be estimated by runs, or a count to be measured."""
    return _exact(row) if row["verify_table"] in ("counts", "seed") else _value(row)


def _value(row: Row) -> Value:
    return Value(
        id=row["claim_id"],
        table=row["verify_table"],
        text=_text(row),
        source=row["source"],
        provenance=row["provenance"],
        note=_note(row),
        experiment=row["experiment"],
        metric="top1_accuracy" if row["metric"] == "top1_accuracy_run" else row["metric"],
        value=float(row["value"]),
        sd=float(row["sd"]) if row["sd"] else None,
        n=int(row["n"]) if row["n"] else None,
        unit=row["unit"],
        margin=float(row["margin"]),
        margin_reason=row["margin_reason"],
        rounding=float(row["rounding"]),
        per_seed=tuple(float(v) for v in row["per_seed"].split("/")) if row["per_seed"] else (),
        gating=row["gating"] == "yes",
    )


def _exact(row: Row) -> Exact:
    return Exact(
        id=row["claim_id"],
        table=row["verify_table"],
        text=_text(row),
        source=row["source"],
        provenance=row["provenance"],
        note=_note(row),
        measure=_measure(row),
        value=float(row["value"]),
        unit=row["unit"],
        tolerance=float(row["rounding"]),
    )


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


def _note(row: Row) -> str:
    also = f"the same measurement as {row['same_as']}" if row["same_as"] else ""
    return "; ".join(part for part in (row["note"], also) if part)


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


def laws() -> list[Claim]:
    """What holds at every event, and the sheet's worked examples, number by number."""

    def law(id: str, text: str, measure: Callable[[], float], value: float = 1.0, kind: Any = "invariant") -> Exact:
        unit = "holds" if kind == "invariant" else "count"
        return Exact(
            id=id, table="invariants", text=text, source="sheet 4.1 and 7", provenance="code-log", measure=measure,
            value=value, unit=unit, kind=kind,
        )  # fmt: skip

    out: list[Claim] = [
        law(
            "law-constant",
            "The corrected rule keeps the number of active weights at every event",
            invariants.constant_count,
        ),
        law(
            "law-surplus",
            "The published rule never loses weights; what it gains is rounding",
            invariants.published_surplus,
        ),
        law(
            "law-zero", "Grown weights, and all that is inactive, are 0 after an event", invariants.grown_start_at_zero
        ),
        law(
            "law-threshold",
            "The threshold halves above 1.1 N_p, doubles below 0.9 N_p, else stays",
            invariants.threshold_rule,
        ),
        law("example-threshold", "Worked example 7.2: eight counts, eight thresholds", invariants.threshold_example),
    ]
    for layer, digits in enumerate((222, 312, 321)):
        out.append(
            law(
                f"example-growth-{layer}",
                f"Worked example 7.4: R 10, 5, 5 and K 2, 3, 1, remainder to tensor {layer}: grown {digits}",
                partial(invariants.growth_example, layer),
                digits,
                "exact",
            )
        )
    runs = (("wrnet_schedule", 500, 200, 190, 367), ("resnet_schedule", 5005, 100, 95, 232))
    for schedule, per_epoch, epochs, stop, n in (*runs, ("mnist_schedule", 600, 100, 90, 273)):
        text = f"{schedule}, {epochs} epochs of {per_epoch} steps, stop at {stop}: {n} events"
        out.append(
            law(f"events-{schedule}", text, partial(invariants.events, schedule, per_epoch, epochs, stop), n, "exact")
        )
    firsts = (
        (0.9, 0.138, 20_041),
        (0.8, 0.07, 20_341),
        (0.7, 0.046, 20_041),
        (0.6, 0.034, 19_755),
        (0.5, 0.028, 20_341),
    )
    for s, f, n in firsts:
        measure = partial(invariants.set_count, "wide_resnet", s, f, 2.0)
        out.append(
            law(f"set-wrn-{100 * s:g}", f"SET on WRN-28-2 at {100 * s:g} % moves {n:,} weights", measure, n, "exact")
        )
    for s, f, n in ((0.8, 0.089, 404_523), (0.9, 0.14, 318_163)):
        measure = partial(invariants.set_count, "imagenet_resnet50", s, f, 1.0)
        out.append(
            law(
                f"set-resnet50-{100 * s:g}",
                f"SET on ResNet-50 at {100 * s:g} % moves {n:,} weights",
                measure,
                n,
                "exact",
            )
        )
    return out
