"""Corruptions, networks, schedules and normalisation."""

from __future__ import annotations

from typing import Any

import conventions as c
import pytest
import random_tickets_cases as r
import torch
from random_tickets_cases import CASES

from papers.random_tickets import settings
from papers.random_tickets.schedules import milestones_of, resumed, steps
from shared.data import corruptions
from shared.data.normalise import Normalise
from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Method, Schedule
from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.one_shot import keep_from_threshold
from shared.sparsity.rearrange import layer_shuffled, rearranged
from shared.sparsity.smart_ratios import Rule, smart_counts
from shared.training.optim import learning_rate


def test_random_labels() -> None:
    case = CASES["random_labels_published"]
    for e in case["expected"]["results"]:
        labels = corruptions.published_labels(e["n"], e["classes"])
        assert labels[: len(e["first"])].tolist() == e["first"]
        assert torch.bincount(labels, minlength=e["classes"]).tolist() == e["histogram"]
        assert int(labels.sum()) == e["sum"]


def test_three_meanings_of_random_pixels() -> None:
    case = CASES["random_pixels_three_modes"]
    i, e = case["inputs"], case["expected"]
    shape = i["images_uint8_hwc"]["shape"]
    values = (5 * torch.arange(torch.tensor(shape).prod()) + 11) % 256
    hwc = values.view(shape)
    chw = hwc.permute(0, 3, 1, 2)
    orders = {k: [r.permutation(p) for p in i[f"{k}_permutations"]] for k in ("published", "snip", "grasp")}
    moved = {
        "published": [corruptions.permuted_values(x, o) for x, o in zip(chw, orders["published"], strict=True)],
        "answer42_snip": [corruptions.permuted_rows(x, o) for x, o in zip(chw, orders["snip"], strict=True)],
        "answer42_grasp": [
            corruptions.permuted_rows_and_columns(x, *orders["grasp"][2 * k : 2 * k + 2]) for k, x in enumerate(chw)
        ],
    }
    published = torch.stack(moved["published"]).permute(0, 2, 3, 1).reshape(-1)
    assert published.tolist() == [int(v) for v in e["published_hwc"]["data"]]
    for name in ("answer42_snip", "answer42_grasp"):
        assert torch.stack(moved[name]).reshape(-1).tolist() == [int(v) for v in e[f"{name}_chw"]["data"]]
    for name, images in moved.items():
        same = all(
            torch.equal(a.flatten().sort().values, b.flatten().sort().values) for a, b in zip(images, chw, strict=True)
        )
        assert same == e["multiset_preserved_per_image"][name]
        planes = [
            torch.equal(a[k].flatten().sort().values, b[k].flatten().sort().values)
            for a, b in zip(images, chw, strict=True)
            for k in range(3)
        ]
        assert planes == e["colour_planes_preserved_as_sets"][name]


def test_half_dataset() -> None:
    case = CASES["half_dataset"]
    for i, e in zip(case["inputs"]["settings"], case["expected"]["results"], strict=True):
        n, batch = i["n"], i["batch"]
        first = corruptions.first_half(n, batch, i["max_batch_idx"])
        assert len(first) == e["published_count"]
        assert first.tolist()[:: len(first) - 1 if n > 100 else 1] == e["published_indices"]
        assert -(-len(first) // batch) == e["published_steps_per_epoch"]
        order = r.permutation(i["permutation"]) if "permutation" in i else torch.arange(n)
        half = corruptions.random_half(order)
        assert len(half) == e["answer42_count"]
        assert -(-len(half) // batch) == e["answer42_steps_per_epoch"]
        assert (len(half) - 1) % batch + 1 == e["answer42_last_batch"]
        if "answer42_indices" in e:
            assert half.tolist() == e["answer42_indices"]


def test_layerwise_checks_of_answer42() -> None:
    case = CASES["layerwise_checks_answer42"]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    masks = r.state_of(r.network(i["network"])).masks
    live = masks.split(keep_from_threshold(masks.flat_weights(), i["prune_ratio"]))
    assert {n: r.bits(m) for n, m in live.items()} == r.expected_bits(e["magnitude_masks"])
    weights = {n: p.detach() for n, p in masks.parameters.items()}
    shuffled = {
        n: layer_shuffled(w, r.permutation(p)) * live[n]
        for (n, w), p in zip(weights.items(), i["weight_permutations"], strict=True)
    }
    moved = {n: rearranged(m, r.permutation(p)) for (n, m), p in zip(live.items(), i["mask_permutations"], strict=True)}
    for name, expected in e["weights_after_shuffle_and_mask"].items():
        c.close(shuffled[name], [float(v) for v in expected["data"]], tolerance)
    assert [int(m.sum()) for m in live.values()] == e["kept_per_layer"]
    assert {n: r.bits(m) for n, m in moved.items()} == r.expected_bits(e["rearranged_masks"])
    assert [int(m.sum()) for m in moved.values()] == e["rearranged_kept_per_layer"]
    before = [(weights[n] * live[n]).abs().sum().item() for n in live]
    c.close(before, e["kept_abs_sum_before"], tolerance)
    c.close([w.abs().sum().item() for w in shuffled.values()], e["kept_abs_sum_after_shuffle"], tolerance)


def rates(lr: float, schedule: Schedule, length: int, first: int = 0) -> list[dict[str, Any]]:
    """The rate of every epoch, as runs of equal ones."""
    runs: list[dict[str, Any]] = []
    for epoch in range(length):
        rate = learning_rate(lr, schedule, epoch + 1)
        if runs and runs[-1]["lr"] == pytest.approx(rate, rel=1e-12):
            runs[-1]["last"] = first + epoch
        else:
            runs.append({"first": first + epoch, "last": first + epoch, "lr": rate})
    return runs


def test_published_schedules() -> None:
    case = CASES["lr_schedule_published"]
    for i, e in zip(case["inputs"]["settings"], case["expected"]["results"], strict=True):
        epochs, start = settings.epochs_of(i["dataset"]), i.get("start", 0)
        end = epochs if i["dataset"] == "tiny-imagenet" else i.get("epochs", epochs)
        lr, schedule = resumed(epochs, start, end - start, "published", i["lr"])
        assert (start, end - start) == (e["first_epoch"], e["epochs_run"])
        c.close(rates(lr, schedule, end - start, start), e["runs"], case["tolerance"])


def test_schedules_of_answer42() -> None:
    case = CASES["lr_schedules_answer42"]
    (rewinding, linear), (expected, lines) = case["inputs"]["parts"], case["expected"]["parts"]
    for i, e in zip(rewinding["settings"], expected["results"], strict=True):
        epochs, start, length = i["epochs"], i["rewind_epoch"], i["retrain_epochs"]
        if "error" in e:
            with pytest.raises(ReproError, match="beyond"):
                resumed(epochs, start, length, "answer42")
            continue
        lr, schedule = resumed(epochs, start, length, "answer42", rewinding["initial_lr"])
        c.close(rates(lr, schedule, length), e["retrain_runs"], case["tolerance"])
        pretrain = steps(milestones_of(epochs))
        c.close(rates(rewinding["initial_lr"], pretrain, epochs), e["pretrain_runs"], case["tolerance"])
        assert length == e["retrain_epochs_run"]
    for epochs, line in zip(linear["epochs"], lines["lr_per_epoch"], strict=True):
        found = [
            learning_rate(linear["initial_lr"], Schedule(kind="linear", epochs=epochs), epoch + 1)
            for epoch in range(epochs)
        ]
        c.close(found, line, {"rtol": 1e-9, "atol": 1e-15})


VARIANTS = {"published": settings.SU, "answer42": settings.RANDOM42, "answer42-snip": settings.SNIP42}


@pytest.mark.parametrize("at", range(len(CASES["parameter_counts_and_init"]["inputs"]["items"])))
def test_parameter_counts_and_initial_weights(at: int) -> None:
    case = CASES["parameter_counts_and_init"]
    i, e = case["inputs"]["items"][at], case["expected"]["results"][at]
    dataset = {10: "cifar10", 100: "cifar100", 200: "tiny-imagenet"}[i["num_classes"]]
    model = build(settings.model_for(i["network"], dataset, VARIANTS[i["variant"]]))
    weights = prunable_parameters(model)
    assert parameter_count(model) == e["parameters"]
    assert sum(w.numel() for w in weights.values()) == e["prunable"]
    assert [w.numel() for w in weights.values()] == e["layer_sizes"]
    if "layer_shapes" in e:
        assert [list(w.shape) for w in weights.values()] == e["layer_shapes"]
    biases = {"conv_biases": 0, "linear_biases": 0, "batchnorm_affine_parameters": 0}
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        if isinstance(module, torch.nn.Conv2d) and "bias" in own:
            biases["conv_biases"] += own["bias"].numel()
        elif isinstance(module, torch.nn.Linear):
            biases["linear_biases"] += own["bias"].numel()
        elif isinstance(module, torch.nn.BatchNorm2d):
            biases["batchnorm_affine_parameters"] += sum(p.numel() for p in own.values())
    assert biases == {k: e[k] for k in biases}
    for weight, mean, std in zip(weights.values(), e["init_mean"], e["init_std"], strict=True):
        n, w = weight.numel(), weight.detach()
        assert abs(float(w.mean()) - mean) < 5 * std / n**0.5
        assert float(w.std()) == pytest.approx(std, rel=5 / (2 * n) ** 0.5)
    zero = all(bool((p == 0).all()) for k, p in model.named_parameters() if k.endswith("bias"))
    assert zero == e["all_biases_zero"]


def test_macs() -> None:
    case = CASES["macs"]
    for i, e in zip(case["inputs"]["items"], case["expected"]["results"], strict=True):
        dataset = {10: "cifar10", 100: "cifar100"}[i["num_classes"]]
        model = build(settings.model_for(i["network"], dataset, settings.SU))
        table = layer_table(model, (3, i["image"], i["image"]))
        assert [layer.macs_dense for layer in table] == e["macs_per_layer"]
        assert macs(table)[0] == e["macs"]
        sizes, flags = [layer.total for layer in table], [len(layer.shape) == 2 for layer in table]
        for ticket in e["random_ticket"]:
            rule = Rule(sparsity=ticket["prune_ratio"], depth_penalty=i["network"] == "vgg19", arithmetic="published")
            kept = smart_counts(sizes, flags, rule)
            assert sum(k * layer.positions for k, layer in zip(kept, table, strict=True)) == ticket["sparse_macs"]


@pytest.mark.parametrize("at", [0, 1])
def test_forward_of_the_real_networks(at: int) -> None:
    case = CASES["forward_real_networks"]
    i, e, tolerance = case["inputs"]["parts"][at], case["expected"]["parts"][at], case["tolerance"]
    model = r.real(i["network"], i["num_classes"], i["weights"])
    images = c.tensor(i["images"])
    with torch.no_grad():
        c.close(model.train()(images).reshape(-1), e["train_logits"]["data"], tolerance)
        c.close(model.eval()(images).reshape(-1), e["eval_logits"]["data"], tolerance)
        next(iter(prunable_parameters(model).values())).zero_()
        logits = model.train()(images)
    assert (logits - logits[:1]).abs().max().item() == e["first_conv_zero_max_difference_between_samples"]


def test_normalisation() -> None:
    case = CASES["normalisation"]
    raw = torch.tensor(case["inputs"]["raw_values"], dtype=torch.uint8)
    for name, expected in case["expected"].items():
        variant, dataset = name.split("/")
        data = settings.data_for(dataset, settings.SNIP42 if variant == "answer42-snip" else settings.SU)
        normalise = Normalise(data.mean, data.std, 3, torch.float32, torch.device("cpu"))
        images = raw.view(1, 1, 1, -1).expand(1, 3, 1, -1)
        for channel, values in enumerate(expected):
            c.close(normalise(images)[0, channel, 0], values, case["tolerance"])


def test_checks_that_need_no_training_are_methods() -> None:
    """Names under which protocols know what the reference file states."""
    from shared.data.checks import CHECKS
    from shared.training.structure import NAMES

    for name in ("random-labels", "random-pixels", "half-dataset"):
        assert name in CHECKS
    assert [Method(name=n).name for n in NAMES] == ["layerwise-rearrange", "layerwise-weight-shuffling"]
