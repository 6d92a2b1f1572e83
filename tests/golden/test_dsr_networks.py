"""Networks, counts, tied tensors, penalties and pruning schedules of the DSR reference file."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import conventions as c
import dsr_traces as traces
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from papers.dsr import counts, protocols, settings
from papers.dsr.jobs import jobs
from shared.models.registry import build
from shared.models.wide_resnet import fan_out_sd, widths
from shared.sparsity import accounting, gradual, tying
from shared.sparsity.masks import Masks, prunable_parameters
from shared.sparsity.regularisers import kernel_lasso
from shared.sparsity.units import active_count, of_units, unit_size
from shared.training.components.masked_weights import MaskedWeights
from shared.training.components.tables import in_force
from shared.training.components.tied import TiedGradients

CASES = c.load("dsr")
NETWORK = {"lenet-300-100": "lenet300", "wrn-28-2": "wide_resnet", "resnet50": "imagenet_resnet50"}
PRUNING = (
    "pruning_wrn_cubic_icml",
    "pruning_wrn_exponential_iclr",
    "pruning_lenet_icml_099",
    "pruning_lenet_iclr_090",
    "pruning_resnet50_icml",
)


def row_counts(network: str, row: dict[str, Any], width: float = 1.0, **options: Any) -> dict[str, Any]:
    """A row of counts in the reference's terms, from the product's networks."""
    granularity = row.get("granularity", "weight")
    prunable, fixed = counts.shapes(network, width, **options)
    sizes = [unit_size(s, granularity) for s in prunable]
    totals = c.sizes(prunable)
    if row.get("tied"):
        values = [tying.bank_size(n, row["sparsity"]) for n in totals]
        tied = {"values_per_tensor": values, "tied_values": sum(values)}
        return {**row, **tied, "fixed": fixed, "trainable": sum(values) + fixed}
    units = [active_count(n // k, row["sparsity"]) for n, k in zip(totals, sizes, strict=True)]
    kept = sum(u * k for u, k in zip(units, sizes, strict=True))
    return {**row, "units": units, "prunable_active": kept, "fixed": fixed, "trainable": kept + fixed}


def same_row(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    names = {"per_tensor": "units", "active_units_per_tensor": "units"}
    assert {k: ours[names.get(k, k)] for k in theirs} == theirs


def test_lenet_counts() -> None:
    case = CASES["lenet_counts"]
    inputs, expected = case["inputs"], case["expected"]
    for row, wanted in zip(inputs["lenet_counts"]["rows"], expected["lenet_counts"]["rows"], strict=True):
        same_row(row_counts("lenet300", row, batchnorm=row["normalisation"]), wanted)
    for s, wanted in zip(inputs["lenet_tied_counts"]["sparsity"], expected["lenet_tied_counts"]["rows"], strict=True):
        same_row(row_counts("lenet300", {"sparsity": s, "tied": True}), wanted)


def test_wrn_counts() -> None:
    expected = CASES["wrn_counts"]["expected"]
    prunable, _ = counts.shapes("wide_resnet", 2.0)
    assert [list(s) for s in prunable] == expected["wrn_counts"]["prunable_shapes"]
    for wanted in expected["wrn_counts"]["rows"]:
        row = {"sparsity": wanted["sparsity"], "granularity": wanted["granularity"]}
        same_row(row_counts("wide_resnet", row, 2.0), wanted)
    for wanted in expected["wrn_tied_counts"]["rows"]:
        same_row(row_counts("wide_resnet", {"sparsity": wanted["sparsity"], "tied": True}, 2.0), wanted)


def test_thin_widths() -> None:
    expected = CASES["thin_widths"]["expected"]
    for row in expected["wrn_thin_widths"]["rows"]:
        k = row["widen_factor"]
        prunable, fixed = counts.shapes("wide_resnet", k)
        channels = [16, *widths(k)]
        assert row == {
            "widen_factor": k,
            "widths": channels,
            "shortcut_convolutions": sum(a != b for a, b in pairwise(channels)),
            "prunable": sum(c.sizes(prunable)),
            "parameters": sum(c.sizes(prunable)) + fixed,
        }
    for row in expected["resnet50_thin_widths"]["rows"]:
        w = row["widen_factor"]
        prunable, fixed = counts.shapes("imagenet_resnet50", w)
        base = prunable[0][0]
        ours = {"widen_factor": w, "base_width": base, "stage_widths": [base * 2**i for i in range(4)]}
        total = sum(c.sizes(prunable))
        assert row == {**ours, "prunable": total, "parameters": total + fixed}


def test_resnet50_counts() -> None:
    expected = CASES["resnet50_counts"]["expected"]
    for downsample, key in ((False, "prunable_shapes"), (True, "prunable_shapes_sparse_downsample")):
        prunable, _ = counts.shapes("imagenet_resnet50", downsample=downsample)
        assert [list(s) for s in prunable] == expected[key]
    for row, wanted in zip(CASES["resnet50_counts"]["inputs"]["rows"], expected["rows"], strict=True):
        same_row(row_counts("imagenet_resnet50", row, downsample=row["sparse_downsample"]), wanted)


@pytest.mark.parametrize("name", ["lenet", "wrn", "resnet50"])
def test_initial_scales(name: str) -> None:
    about, laws = CASES["initial_scales"]["inputs"][name], CASES["initial_scales"]["expected"][name]
    if name == "lenet":
        model = build(settings.model_for("lenet300"))
    elif name == "wrn":
        model = build(settings.model_for("wide_resnet", about["widen_factor"], depth=about["depth"]))
    else:
        model = build(settings.model_for("imagenet_resnet50", about["widen_factor"]))
    for law in laws:
        module = model.get_submodule(law["name"].removesuffix(".weight"))
        weight = module.weight.detach()  # type: ignore[union-attr,operator]
        assert list(weight.shape) == law["shape"]
        if law["law"] == "normal":
            assert isinstance(module, nn.Conv2d)
            c.close(fan_out_sd(module), law["sd"], CASES["initial_scales"]["tolerance"])
            assert float(weight.std()) == pytest.approx(law["sd"], rel=5 / (2 * weight.numel()) ** 0.5)
        else:
            assert float(weight.abs().max()) <= law["bound"]
            assert float(weight.abs().max()) > 0.98 * law["bound"]


def test_multiply_accumulates() -> None:
    for key, wanted in CASES["multiply_accumulates"]["expected"].items():
        if key.startswith("lenet"):
            network, width = "lenet300", 1.0
        else:
            network = "wide_resnet" if key.startswith("wrn") else "imagenet_resnet50"
            width = float(key.rsplit("-", 1)[1])
        spec = settings.model_for(network, width)
        model = build(spec)
        prunable = prunable_parameters(model, settings.DENSE[network])
        table = accounting.layer_table(model, (spec.channels, spec.size, spec.size))
        inside = sum(layer.macs_dense for layer in table if layer.name in prunable)
        assert {"macs": sum(layer.macs_dense for layer in table), "macs_prunable": inside} == wanted, key


@pytest.mark.parametrize("case_id", ["forward_wrn", "forward_resnet50"])
def test_forward_and_gradients(case_id: str) -> None:
    case = CASES[case_id]
    inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model, prunable = traces.network(inputs)
    masks = Masks(prunable_parameters(model, prunable))
    assert list(masks) == list(inputs["masks"])
    masks.set({n: of_units(traces.positions(m), masks.live[n].shape) for n, m in inputs["masks"].items()})
    images = c.tensor(inputs["images"])
    classes = expected["logits_training"]["shape"][1]
    labels = (7 * torch.arange(len(images)) + 3) % classes
    model.train()
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()  # type: ignore[no-untyped-call]
    masks.apply_to_gradients()
    c.close(traces.checks({"x": logits})["x"], expected["logits_training"], tolerance)
    c.close(loss.item(), expected["loss"], tolerance)
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    c.close(traces.checks({n: gradients[n] for n in expected["gradients"]}), expected["gradients"], tolerance)
    model.eval()
    with torch.no_grad():
        c.close(traces.checks({"x": model(images)})["x"], expected["logits_evaluation"], tolerance)


def test_tied_tensors() -> None:
    case = CASES["tied_tensors"]
    inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    coverage = expected["tied_cyclic_coverage"]["indices"]
    for about, wanted in zip(inputs["tied_cyclic_coverage"]["cases"], coverage, strict=True):
        assert tying.index_map(torch.arange(about["positions"]), about["bank"]).tolist() == wanted
    for kind in ("tied_linear", "tied_convolution"):
        about, wanted = inputs[kind], expected[kind]
        n = c.sizes([about["shape"]])[0]
        m = tying.bank_size(n, about["sparsity"])
        groups = tying.index_map(torch.tensor(about["order"]), m)
        gradient = tying.sum_over_groups(c.tensor(about["gradient_of_expanded_weights"]), groups, m)
        assert m == wanted["bank_size"]
        assert groups.tolist() == wanted["index_map"]
        c.close(c.tensor(about["bank"])[groups].tolist(), wanted["expanded"]["data"], tolerance)
        c.close(gradient.tolist(), wanted["bank_gradient"]["data"], tolerance)
        c.close((gradient * m / n).tolist(), wanted["corrected_gradient"]["data"], tolerance)


class Tensors(nn.Module):
    """A convolution's and a linear layer's weights, nothing else."""

    def __init__(self, convolution: torch.Tensor, linear: torch.Tensor) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, bias=False, dtype=torch.float64)
        self.fc = nn.Linear(5, 4, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self.conv.weight.copy_(convolution)
            self.fc.weight.copy_(linear)


@pytest.mark.parametrize("kind", ["l1", "kernel_group_lasso"])
def test_penalties(kind: str) -> None:
    import test_dsr_reallocation as events

    case = CASES["penalties"]
    rule, wanted, tolerance = (
        case["inputs"]["penalties_sparse"],
        case["expected"]["penalties_sparse"][kind],
        case["tolerance"],
    )
    tensors = [(c.tensor(rule[name]), traces.positions(rule[f"{name}_mask"])) for name in ("convolution", "linear")]
    state = events.state_of(tensors, {})
    component = MaskedWeights(l1=rule["coefficient"], kernel_lasso=kind != "l1")
    component.start(state)
    for p in state.masks.parameters.values():
        p.grad = torch.zeros_like(p)
    penalty = component.penalty(state)
    assert penalty is not None
    c.close(penalty.item(), wanted["penalty"], tolerance)
    component.before_step(state)
    for p, gradient in zip(state.masks.parameters.values(), wanted["gradients"], strict=True):
        assert p.grad is not None
        c.close(p.grad.reshape(-1).tolist(), gradient["data"], tolerance)

    rule, wanted = case["inputs"]["penalties_tied"], case["expected"]["penalties_tied"][kind]
    groups, expanded = [], []
    for name in ("convolution", "linear"):
        groups.append(tying.index_map(torch.tensor(rule[name]["order"]), rule[name]["bank"]["shape"][0]))
        expanded.append(c.tensor(rule[name]["bank"])[groups[-1]].view(rule[name]["shape"]))
    live = [(w, torch.ones(w.numel(), dtype=torch.bool)) for w in expanded]
    state = events.state_of(live, {})
    state.kept |= {f"tied/{i}": g for i, g in enumerate(groups)}
    tied = TiedGradients(l1=rule["coefficient"], kernel_lasso=kind != "l1")
    tied.start(state)
    penalty = tied.penalty(state)
    assert penalty is not None
    penalty.backward()  # type: ignore[no-untyped-call]
    c.close(penalty.item(), wanted["penalty"], tolerance)
    tied.before_step(state)
    for p, g, gradient in zip(state.masks.parameters.values(), groups, wanted["gradients"], strict=True):
        assert p.grad is not None
        bank = torch.empty(gradient["shape"], dtype=torch.float64)
        bank[g] = p.grad.reshape(-1)
        c.close(bank.tolist(), gradient["data"], tolerance)


def test_kernel_lasso_example() -> None:
    """Example 7.10."""
    kernels = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    kernels[0, 0] = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert kernel_lasso([kernels]).item() == pytest.approx(5.000001, abs=1e-7)


@cache
def tensors_of(network: str) -> tuple[list[int], int]:
    prunable, fixed = counts.shapes(NETWORK[network], 2.0 if network == "wrn-28-2" else 1.0)
    return c.sizes(prunable), fixed


@pytest.mark.parametrize("case_id", PRUNING)
def test_pruning_protocols(case_id: str) -> None:
    case = CASES[case_id]
    i, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    first, steps, interval = i["start_epoch"] + 1, i["pruning_steps"], i["interval_epochs"]
    sizes, fixed = tensors_of(i["network"])
    lenet = i["network"] == "lenet-300-100"
    targets = [i["target_sparsity"]] * len(sizes)
    if lenet:
        others, last = gradual.last_layer_targets(i["target_sparsity"], sum(sizes[:-1]), sizes[-1])
        targets = [others, others, last]
    fractions = [gradual.step_fractions(t, steps, i["shape"]) for t in targets]
    extra = 1 if i["generation"] == "icml" else 0
    left = [gradual.remaining_after(n, f, extra) for n, f in zip(sizes, fractions, strict=True)]
    ours: dict[str, Any] = {
        "epochs_run": gradual.epochs_needed(first, interval, steps, i["fine_tune_epochs"]),
        "prune_after_epochs": [e - 1 for e in gradual.step_epochs(first, interval, steps)],
        "active_after_each_prune": [[left[t][k] for t in i["tensors_listed"]] for k in range(steps)],
        "prunable_active_after_each_prune": [sum(n[k] for n in left) for k in range(steps)],
        "trainable_after_each_prune": [sum(n[k] for n in left) + fixed for k in range(steps)],
        "fraction_conv": fractions[0],
        "fraction_linear": fractions[0] if lenet else fractions[-1],
        "fraction_last_layer": fractions[-1],
    }
    table = settings.SCHEDULES[i["learning_rate_schedule"]].lr
    ours["learning_rate_per_epoch"] = [in_force(*table, e) for e in range(ours["epochs_run"])]
    c.close({k: ours[k] for k in expected}, expected, tolerance)


def test_pruning_target_zero() -> None:
    case = CASES["pruning_target_zero"]
    i = case["inputs"]
    sizes, _ = tensors_of(i["network"])
    fractions = gradual.step_fractions(i["target_sparsity"], i["pruning_steps"], "exponential")
    for name, extra in (("published_icml", 1), ("published_iclr", 0)):
        left = [gradual.remaining_after(n, fractions, extra) for n in sizes]
        epochs = gradual.step_epochs(i["start_epoch"] + 1, i["interval_epochs"], i["pruning_steps"])
        assert case["expected"][name] == {
            "prune_after_epochs": [e - 1 for e in epochs],
            "active_after_each_prune": [list(row) for row in zip(*left, strict=True)],
        }


def test_job_settings() -> None:
    """Every line of the later CIFAR-10 list, in the original's terms."""
    case = CASES["job_settings"]
    columns = case["inputs"]["columns"]
    (listed,) = case["expected"]["lists"]
    assert len(listed["rows"]) == len([j for j in jobs().values() if j.list == "cifar"])
    for row in listed["rows"]:
        wanted = dict(zip(columns, row, strict=True))
        job = jobs()[f"cifar:{wanted['job']}"]
        assert job.runs == wanted["runs"]
        if not job.runs:
            continue
        moving, pruning = job.method in ("dsr", "set"), job.method == "pruning"
        sparse = job.method in ("dsr", "set", "static", "deep-rewiring", "tied")
        ours = {
            "job": job.number,
            "runs": True,
            "network": "wrn-28",
            "width": job.width,
            "sparsity_conv": job.sparsity if sparse else 0.0,
            "sparsity_linear": 0.0,
            "granularity": job.granularity,
            "epochs": job.epochs,
            "batch_size": job.batch,
            "weight_decay": 1e-4 if pruning else job.weight_decay,  # the flag's default, overridden by the checkpoint
            "l1_coefficient": job.l1,
            "schedule": job.schedule,
            "reallocation": moving,
            "threshold": job.method == "dsr",
            "across": job.method == "dsr",
            "target": job.target,
            "fraction": job.fraction,
            "stop_epoch": job.stop,
            "deep_rewiring": job.method == "deep-rewiring",
            "eta": job.eta,
            "tied": job.method == "tied",
            "prune": pruning,
            "prune_target_conv": job.sparsity if pruning else None,
            "prune_target_linear": 0.0 if pruning else None,
            "prune_steps": job.steps,
            "prune_start": job.start,
            "prune_post": job.post,
            "cubic": job.shape == "cubic" if pruning else None,
            "resume": "cifar10_WideResNet_0" if pruning else None,
            "mask_from": None if job.mask_from is None else f"cifar10_WideResNet_{job.mask_from}",
            "train_evaluation": False,
        }
        if job.weights == "initial":
            ours["resume"] = f"cifar10_WideResNet_{job.mask_from}_initial"
        assert ours == wanted
        assert protocols.protocol(job, 42).epochs >= job.epochs
