"""The networks of DeepHoyer's reference file: counts, multiply-adds, initial distributions, a real training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import conventions as c
import hoyer_cases as h
import pytest
import torch
from test_hoyer_training import Probe, engine, method, train
from torch import nn

from papers.hoyer import counts, settings, zoo
from shared.models.registry import build
from shared.protocol import Model, Prunable
from shared.sparsity import accounting
from shared.sparsity.group_regularisers import group_counts
from shared.sparsity.masks import NORMS, prunable_parameters

FAMILIES = {
    "alexnet": "cifar-alexnet", "vgg19_bn": "cifar-vgg19", "resnet": "cifar-resnet", "preresnet": "cifar-preresnet",
    "wrn": "wide_resnet", "resnext": "cifar-resnext", "densenet": "cifar-densenet",
}  # fmt: skip


def spec(inputs: dict[str, Any]) -> Model:
    """The network of a case, by the arguments of the original constructor."""
    options: dict[str, Any] = {}
    for theirs, ours in (("depth", "depth"), ("cardinality", "cardinality"), ("growthRate", "growth_rate")):
        if theirs in inputs:
            options[ours] = inputs[theirs]
    if inputs.get("block_name", "BasicBlock").lower() == "bottleneck":
        options["block"] = "bottleneck"
    if inputs.get("dropRate"):
        options["dropout"] = inputs["dropRate"]
    width = float(inputs["widen_factor"]) if inputs["family"] == "wrn" else 1.0
    return Model(name=FAMILIES[inputs["family"]], width=width, classes=inputs["num_classes"], options=options)


def kinds(model: nn.Module) -> dict[str, int]:
    """Entries by kind of layer."""
    out = {"conv_weights": 0, "fc_weights": 0, "bn_gammas": 0, "conv_biases": 0}
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            out["conv_weights"] += module.weight.numel()
            out["conv_biases"] += 0 if module.bias is None else module.bias.numel()
        elif isinstance(module, nn.Linear):
            out["fc_weights"] += module.weight.numel()
        elif isinstance(module, NORMS):
            out["bn_gammas"] += module.weight.numel()
    return out


def groups(model: nn.Module, grouping: Any) -> int:
    return sum(sum(group_counts(tuple(p.shape), grouping)) for p in model.parameters() if p.ndim > 1)


def printed_gammas(model: nn.Module, family: str) -> int:
    """Batch-norm gammas that the CIFAR report counts: those whose original name has no ``bn`` (sheet 4.8)."""
    if family == "vgg19_bn":  # named features.N
        return sum(m.weight.numel() for m in model.modules() if isinstance(m, NORMS))
    if family == "resnet":  # the projection's, named downsample.1
        return sum(m.weight.numel() for n, m in model.named_modules() if isinstance(m, NORMS) and "shortcut" in n)
    return 0


def facts(model: nn.Module, inputs: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    total = sum(p.numel() for p in model.parameters())
    regularised = [p for p in model.parameters() if p.ndim > 1]
    weights = sum(p.numel() for p in regularised)
    named_weight = sum(p.numel() for p in prunable_parameters(model, Prunable(batchnorm=True)).values())
    out = {
        "parameters": total,
        "millions_2dp": f"{total / 1e6:.2f}",
        **kinds(model),
        "parameter_tensors": len([*model.parameters()]),
        "regularised_tensors": len(regularised),
        "regularised_weights": weights,
        "pruned_by_name_weight": named_weight,
        "printed_total": weights + printed_gammas(model, inputs["family"]),
        "groups_true": groups(model, "true"),
        "groups_per_position": groups(model, "per-position"),
    }
    return {k: out[k] for k in expected}


CASE = h.CASES["zoo-parameters"]


@pytest.mark.parametrize("name", CASE["inputs"])
def test_counts_and_multiply_adds_of_the_zoo(name: str) -> None:
    macs, expected = h.CASES["zoo-macs"], CASE["expected"][name]
    assert macs["inputs"][name] == CASE["inputs"][name]
    model = build(spec(CASE["inputs"][name]))
    c.close(facts(model, CASE["inputs"][name], expected), expected)
    assert accounting.macs(accounting.layer_table(model, (3, 32, 32)))[0] == macs["expected"][name]


def test_other_networks() -> None:
    case = h.CASES["other-networks"]
    actual: dict[str, Any] = {}
    for name, expected in case["expected"].items():
        if name in settings.MNIST_MODELS:
            model = build(settings.MNIST_MODELS[name])
            shape = (1, 28, 28)
            own = {
                "tensors": {n: list(p.shape) for n, p in model.named_parameters()},
                "weights": sum(p.numel() for p in model.parameters() if p.ndim > 1),
            }
        else:
            model = build(
                Model(name=zoo.IMAGENET[{"resnet50": "resnet-50"}.get(name, name)].model, classes=1000, size=224)
            )
            shape = (3, 224, 224)
            own = {}
        macs = accounting.macs(accounting.layer_table(model, shape))[0]
        everything = {
            "parameters": sum(p.numel() for p in model.parameters()),
            **kinds(model),
            "regularised_tensors": sum(p.ndim > 1 for p in model.parameters()),
            "groups_true": groups(model, "true"),
            "groups_per_position": groups(model, "per-position"),
            "macs": macs,
            "macs_224": macs,
            **own,
        }
        actual[name] = {k: everything[k] for k in expected}
    c.close(actual, case["expected"])


INIT = h.CASES["init-distributions"]
BUILT = {
    "lenet-300-100": settings.MNIST_MODELS[settings.MLP],
    "vgg11_bn": None,
    **{n: spec(i) for n, i in INIT["inputs"].items() if i["family"] in FAMILIES},
}


def flat_sd(values: torch.Tensor) -> float:
    return values.std(correction=0).item()


@pytest.mark.parametrize("name", INIT["expected"])
def test_initial_distributions(name: str) -> None:
    """Shapes in construction order exactly; bounds and spreads of a large sample of draws within sampling error."""
    if name == "vgg11_bn":
        from shared.models import vgg
        from shared.models.fan_out import fan_out
        from shared.models.initialise import initialised

        make = [initialised(lambda: vgg.network(vgg.PLANS["vgg11"], 3, 10), g, fan_out(0.01)) for g in generators()]
    else:
        make = [build(BUILT[name], g) for g in generators()]
    parameters = [[*m.parameters()] for m in make]
    expected = INIT["expected"][name]
    assert [list(p.shape) for p in parameters[0]] == [e[1] for e in expected]
    for index, (label, _, kind, number) in enumerate(expected):
        drawn = torch.cat([ps[index].detach().double().reshape(-1) for ps in parameters])
        if kind == "constant":
            assert (drawn == number).all(), label
            continue
        spread = number if kind == "normal" else number / math.sqrt(3)
        assert flat_sd(drawn) == pytest.approx(spread, rel=6 / math.sqrt(2 * drawn.numel())), label
        assert abs(drawn.mean()) < 6 * spread / math.sqrt(drawn.numel()), label
        largest = drawn.abs().max().item()
        if kind == "uniform":
            assert largest <= number, label
        elif drawn.numel() > 3000:
            assert largest > 2.5 * number, label  # a uniform of this spread ends at 1.7


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(s) for s in range(3)]


def ours(name: str) -> str:
    """A parameter's name in our networks, from the original's."""
    return name.replace("downsample.", "shortcut.")


def test_training_of_the_real_resnet(tmp_path: Path) -> None:
    case = h.CASES["train-resnet-8-basicblock-group-hoyer-square"]
    inputs = case["inputs"]
    model = build(Model(name="cifar-resnet", options={"depth": 8})).double()
    stated = {ours(n): w for n, w in h.parameters(inputs).items()}
    named = dict(model.named_parameters())
    assert set(stated) == set(named)
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(stated[name])
    probe = Probe()
    phases = (train(inputs, inputs["batch_size"], "regularise", method("train-resnet-8", inputs)),)
    run = engine(inputs, phases, Prunable(batchnorm=True), tmp_path, probe, model)
    losses, penalties = probe.rows["loss"], probe.rows["penalty"]
    checks = {n.replace("shortcut.", "downsample."): h.check(p) for n, p in run.state.model.named_parameters()}
    actual = {
        "loss": losses,
        "regulariser": [p / inputs["strength"] for p in penalties],
        "total": [a + b for a, b in zip(losses, penalties, strict=True)],
        "abs_sum_all": probe.rows["abs_sum_all"],
        "parameters": {n: {**v, "first8": v["first8"][:3]} for n, v in checks.items()},
    }
    c.close(actual, case["expected"], case["tolerance"])


def test_steps_per_epoch() -> None:
    case = h.CASES["steps-per-epoch"]
    actual = {k: [-(-n // b), n - (-(-n // b) - 1) * b] for k, (n, b) in case["inputs"].items()}
    c.close(actual, case["expected"])


def test_published_counts_belong_to_the_networks_they_describe() -> None:
    assert counts.parameters("resnet-110") == 1_704_154  # the table's row: 164 layers
    assert counts.parameters("resnet-110 basicblock") == 1_730_714
