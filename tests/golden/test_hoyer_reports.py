"""Structural reports, multiply-adds left, kept counts of the full network and schedules of DeepHoyer's reference."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import conventions as c
import hoyer_cases as h
import hoyer_original as original
import pytest
import torch
from test_hoyer_networks import ours
from torch import Tensor

from papers.hoyer import zoo
from shared.models.registry import build
from shared.protocol import Model, Prunable, Schedule
from shared.sparsity import alive, thresholds
from shared.sparsity.masks import prunable_parameters
from shared.training.optim import learning_rate


def compare(case_id: str, actual: Any) -> None:
    case = h.CASES[case_id]
    c.close(actual, case["expected"], case["tolerance"])


def counts(a: alive.Alive) -> dict[str, list[int]]:
    return {"alive_inputs_outputs": [a.inputs, a.outputs], "inputs_outputs": [a.all_inputs, a.all_outputs]}


@pytest.mark.parametrize("case_id", ["structure-report-mlp", "structure-report-cnn"])
def test_structural_report(case_id: str) -> None:
    named = {n: w.detach() for n, w in h.parameters(h.CASES[case_id]["inputs"]).items()}
    table = alive.alive_table(named)
    tensors = {
        n: {"nonzeros": int((w != 0).sum())} | (counts(table[n]) if n in table else {}) for n, w in named.items()
    }
    kept, total = sum(t["nonzeros"] for t in tensors.values()), sum(w.numel() for w in named.values())
    compare(case_id, {"tensors": tensors, "totals": original.totals(kept, total)})


def weights(named: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n: w.detach() for n, w in named.items() if n.endswith("weight")}


def test_structural_report_on_cifar() -> None:
    named = weights(h.parameters(h.CASES["structure-report-cifar"]["inputs"]))
    rows, kept, total = original.cifar_table(named)
    everything = sum(w.numel() for w in named.values())
    compare(
        "structure-report-cifar",
        {
            "tensors": {n: counts(a) for n, a in rows.items()},
            "totals": original.totals(kept, total),
            "logged_element_sparsity": alive.element_sparsity(named.values()),
            "weights_incl_bn": everything,
            "nonzero_incl_bn": sum(int((w != 0).sum()) for w in named.values()),
        },
    )


def test_kept_counts_of_resnet_20() -> None:
    """The prune step of a real network: every tensor named weight, never a bias."""
    case = h.CASES["kept-counts-resnet-20"]
    stated = {ours(n): w.detach() for n, w in h.parameters(case["inputs"]).items()}
    model = build(Model(name="cifar-resnet", options={"depth": 20})).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(stated[name])
    published, corrected = (prunable_parameters(model, Prunable(batchnorm=b)) for b in (True, False))
    assert {n for n in stated if n.endswith("weight")} == set(published)
    actual = {}
    for s in case["expected"]:
        kept = {n: int(thresholds.keep(p, thresholds.absolute(p, float(s))).sum()) for n, p in published.items()}
        total = sum(p.numel() for p in published.values())
        alive_now = sum(kept.values())
        actual[s] = {
            "kept": {n.replace("shortcut.", "downsample."): k for n, k in kept.items()},
            "total_kept": alive_now,
            "total_weights": total,
            "element_sparsity": 1 - alive_now / total,
            "biases_changed": len(set(published) - {n for n in stated if n.endswith("weight")}),
            "corrected_without_bn": {
                "total_kept": sum(kept[n] for n in corrected),
                "total_weights": sum(p.numel() for p in corrected.values()),
            },
        }
    compare("kept-counts-resnet-20", actual)


def runs(rates: list[float], first: int = 0) -> list[list[Any]]:
    """[rate, first epoch, last epoch] of each stretch of equal rates."""
    out = []
    for rate, group in groupby(enumerate(rates, first), key=lambda pair: pair[1]):
        epochs = [e for e, _ in group]
        out.append([rate, epochs[0], epochs[-1]])
    return out


def scheduled(base: float, milestones: list[int], gamma: float, epochs: int) -> list[float]:
    schedule = Schedule(kind="multistep", milestones=tuple(milestones), gamma=gamma)
    return [learning_rate(base, schedule, epoch) for epoch in range(1, epochs + 1)]


def test_schedules_on_cifar() -> None:
    actual = {}
    for name, i in h.CASES["lr-schedule-cifar"]["inputs"].items():
        setting = (i["learning_rate"], i["milestones"], i["gamma"])
        if i["first_epoch"]:
            rates = original.resumed_rates(*setting, i["first_epoch"], i["epochs"])
        else:
            rates = scheduled(*setting, i["epochs"])
            assert rates == pytest.approx(original.resumed_rates(*setting, 0, i["epochs"]))
        actual[name] = runs(rates, i["first_epoch"])
    compare("lr-schedule-cifar", actual)


def test_schedules_on_imagenet() -> None:
    actual = {}
    for name, i in h.CASES["lr-schedule-imagenet"]["inputs"].items():
        milestones = [*range(i["lr_step_size"], i["epochs"], i["lr_step_size"])]
        actual[name] = runs(scheduled(i["learning_rate"], milestones, i["lr_gamma"], i["epochs"]))
    compare("lr-schedule-imagenet", actual)
    recipe = zoo.IMAGENET_RECIPE
    assert (recipe.epochs, recipe.milestones) == (90, (30, 60))


POSITIONS = {"conv1": (576, 25), "conv2": (64, 25), "fc1": (1, 1), "fc2": (1, 1)}
LENET5 = [(1, 20), (20, 50), (800, 500), (500, 10)]


def chain(alive_counts: list[list[int]], full: list[Any]) -> list[tuple[int, int]]:
    return alive.merged([alive.Alive(*a, *f) for a, f in zip(alive_counts, full, strict=True)])


def test_the_smaller_count_at_each_joint() -> None:
    inputs = h.CASES["flops-min-rule"]["inputs"]
    actual: dict[str, Any] = {"mlp": {}, "lenet_5": {}}
    for name, i in inputs["mlp"].items():
        used = chain(i["alive_inputs_outputs"], i["inputs_outputs"])
        widths = [used[0][0], *(out for _, out in used)]
        macs, dense = alive.linear_macs(widths), sum(a * b for a, b in i["inputs_outputs"])
        actual["mlp"][name] = {
            "widths_used": widths,
            "macs": macs,
            "dense_macs": dense,
            "percent_2dp": f"{100 * macs / dense:.2f}",
        }
    sizes = [p * k for p, k in POSITIONS.values()]
    dense = sum(a * b * s for (a, b), s in zip(LENET5, sizes, strict=True))
    for name, i in inputs["lenet_5"].items():
        used = chain(i["alive_inputs_outputs"], LENET5)
        macs = sum(a * b * s for (a, b), s in zip(used, sizes, strict=True))
        actual["lenet_5"][name] = {
            "used": {layer: list(u) for layer, u in zip(POSITIONS, used, strict=True)},
            "macs": macs,
            "dense_macs": dense,
            "percent_2dp": f"{100 * macs / dense:.2f}",
        }
    compare("flops-min-rule", actual)


def test_the_intersection_at_each_joint_is_never_larger() -> None:
    named = h.parameters(h.CASES["flops-index-intersection"]["inputs"])
    tensors = [w.detach() for w in named.values()]
    table = [alive.alive(w) for w in tensors]
    used = alive.merged(table)
    smaller = [used[0][0], *(out for _, out in used)]
    widths = alive.intersected_widths(tensors)
    compare(
        "flops-index-intersection",
        {
            "alive_inputs_outputs": [[a.inputs, a.outputs] for a in table],
            "min_rule": {"widths": smaller, "macs": alive.linear_macs(smaller)},
            "index_intersection": {"widths": widths, "macs": alive.linear_macs(widths)},
        },
    )
    assert all(a <= b for a, b in zip(widths, smaller, strict=True))
