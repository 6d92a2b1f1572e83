"""Full-size networks: counts, initial weights, operations and masks from the original's initial weights."""

from __future__ import annotations

import math
from itertools import pairwise

import conventions as c
import pytest
import synflow_cases as s
import torch
from torch import nn

from papers.synflow import code_flops
from papers.synflow.multiplicity import family_of, multiplicities
from papers.synflow.networks import SIZES, dense_classifier, model_for
from papers.synflow.recipe import initial_network
from papers.synflow.theory import cut_over_flow, unit_sums
from shared.data.batch import Batch
from shared.models.channel_scale import ChannelScale
from shared.models.registry import build
from shared.protocol import Prunable
from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.collapse import empty_tensors
from shared.sparsity.density import (
    count_is_off,
    densities,
    largest_exponent,
    of_exponent,
    removed_by_threshold,
    removed_exactly,
)
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.pruners import grasp_scores_of, magnitude_scores, snip_scores, synflow_scores
from shared.sparsity.rounds import VARIANTS, How, Rounds, prune_in_rounds
from shared.sparsity.synflow import flow_and_scores

CASES = s.CASES
HEAD = VARIANTS["head"]


def shape_of(data: str) -> tuple[int, int, int]:
    channels, side, _, _ = SIZES[data]
    return channels, side, side


def in_double(network: nn.Module) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    network = network.double().eval()
    return network, {n: p.detach() for n, p in prunable_parameters(network).items()}


def test_network_counts() -> None:
    case = CASES["network-counts"]
    found = []
    for family, name, data in case["inputs"]["networks"]:
        network = build(model_for(family, name, data))
        sizes = [p.numel() for p in prunable_parameters(network).values()]
        visits = dict(
            zip(dict(network.named_parameters()), multiplicities(network, family_of(family, name)), strict=True)
        )
        scales = sum(m.weight.numel() for m in network.modules() if isinstance(m, ChannelScale))
        found.append(
            {
                "class": family,
                "network": name,
                "data": data,
                "parameters": parameter_count(network),
                "optimizer_parameters": parameter_count(network) - scales,
                "prunable": sum(sizes),
                "tensors": len(sizes),
                "log10_max_compression": largest_exponent(sum(sizes), len(sizes)),
                "prunable_sizes": sizes,
                "optimizer_multiplicity_of_prunable_published": [visits[n] for n in prunable_parameters(network)],
            }
        )
    dense = []
    for family, name, data in case["inputs"]["dense_classifier_networks"]:
        network = build(model_for(family, name, data))
        rule = Prunable(exclude=dense_classifier(model_for(family, name, data)))
        sizes = [p.numel() for p in prunable_parameters(network, rule).values()]
        dense.append(
            {
                "class": family,
                "network": name,
                "data": data,
                "prunable": sum(sizes),
                "tensors": len(sizes),
                "parameters": parameter_count(network),
            }
        )
    c.close({"networks": found, "dense_classifier": dense}, case["expected"], case["tolerance"])


def test_flops_per_tensor() -> None:
    case = CASES["flops-per-tensor"]
    for family, name, data in case["inputs"]["networks"]:
        expected = case["expected"][f"{family}/{name}/{data}"]
        network = build(model_for(family, name, data))
        rows = code_flops.table(network, shape_of(data))
        # The reference's table leaves out the norms whose names start with bn; its total has them.
        listed = [[r.size, r.operations] for r in rows if not r.name.split(".")[-2].startswith("bn")]
        assert listed == [row[1:] for row in expected["table"]]
        assert sum(r.operations for r in rows) == expected["code_flops"]
        assert macs(layer_table(network, shape_of(data)))[0] == expected["weight_macs"]


def test_flop_sparsity() -> None:
    case = CASES["flop-sparsity"]
    given, expected = case["inputs"], case["expected"]
    family, name, data = given["network"]
    network = build(model_for(family, name, data))
    kept = dict(zip(prunable_parameters(network), given["kept_per_prunable_tensor"], strict=True))
    out = code_flops.reported(code_flops.table(network, shape_of(data)), kept)
    assert out.all_parameters == expected["possible_parameters"]
    assert out.all_operations == expected["possible_operations"]
    # The original multiplies single-precision mask means back: its totals are off by a few units.
    assert out.parameters == pytest.approx(expected["remaining_parameters"], rel=3e-7)
    assert out.operations == pytest.approx(expected["remaining_operations"], rel=3e-7)
    assert out.parameter_share == pytest.approx(expected["parameter_sparsity"], rel=3e-7)
    assert out.operation_share == pytest.approx(expected["flop_sparsity"], rel=3e-7)


def test_batch_sizes() -> None:
    case = CASES["batch-sizes"]
    given = case["inputs"]
    for data, expected in case["expected"]["per_data"].items():
        _, _, classes, images = SIZES[data]
        assert (classes, images) == (given["classes"][data], given["train_samples"][data])
        for ratio, batch in given["ratio_and_batch"]:
            wanted = expected["pruning_batches"][f"{ratio}x{batch}"]
            assert (ratio * classes // batch, ratio * classes % batch) == (wanted["full_batches"], wanted["last_batch"])
        batch = given["train_batch"]
        steps = expected["training_batches_per_epoch"], expected["last_training_batch"]
        assert (math.ceil(images / batch), images % batch) == steps


@pytest.mark.parametrize("key", CASES["initial-weights"]["inputs"]["networks"])
def test_initial_weights(key: str) -> None:
    case = CASES["initial-weights"]
    given, tolerance = case["inputs"]["networks"][key], case["tolerance"]
    network = initial_network(given["class"], given["network"], given["data"], given["seed"])
    kinds = (nn.Conv2d, nn.Linear, ChannelScale)
    parts = [(m, kind) for m in network.modules() if isinstance(m, kinds) for kind in ("weight", "bias")]
    tensors = [getattr(m, kind, None) for m, kind in parts if kind == "weight" or given["class"] == "default"]
    tensors = [t.detach().double().reshape(-1) for t in tensors if t is not None]
    expected = case["expected"][key]["tensors"]
    assert len(tensors) == len(expected)
    for found, (name, total, size, first) in zip(tensors, expected, strict=True):
        scale = float(found.abs().sum())
        assert scale == pytest.approx(size, rel=tolerance["rtol"]), name
        assert abs(float(found.sum()) - total) <= tolerance["atol"] + tolerance["rtol"] * scale, name
        assert found[:3].tolist() == pytest.approx(first, rel=1e-6, abs=1e-8), name


def test_published_magnitude_masks() -> None:
    case = CASES["published-mag-masks"]
    given = case["inputs"]
    for seed in given["seeds"]:
        network = initial_network(given["class"], given["network"], given["data"], seed)
        weights = {n: p.detach() for n, p in prunable_parameters(network).items()}
        sizes = [w.numel() for w in weights.values()]
        scores = magnitude_scores()(weights, {}, 0)
        ordered, layer = scores.sort()
        for exponent, *kept in case["expected"][f"seed{seed}"]:
            if exponent == 0:
                assert kept == sizes
                continue
            tau = ordered[removed_by_threshold(len(scores), of_exponent(exponent)) - 1]
            assert [int((part > tau).sum()) for part in scores.split(sizes)] == kept, exponent
        assert len(layer) == sum(sizes)


def pruned(network: nn.Module, pruner: str, row: dict[str, object], data: str, **more: object) -> Rounds:
    network, weights = in_double(network)
    score = magnitude_scores() if pruner == "mag" else synflow_scores(network, shape_of(data))
    plan = densities(of_exponent(float(row["c"])), int(row.get("n", 1)), row.get("schedule", "exponential"))
    how = How(rule="threshold", lock=False, scope=row.get("scope", "global"))
    return prune_in_rounds(score, weights, plan, how)


@pytest.mark.parametrize("case_id", ["masks-fc", "synflow-residual-net"])
def test_masks_from_initial_weights(case_id: str) -> None:
    case = CASES[case_id]
    given = case["inputs"]
    for row in case["expected"]["rows"]:
        network = initial_network(given["class"], given["network"], given["data"], given["seed"])
        out = pruned(network, row.get("pruner", "synflow"), row, given["data"])
        assert out.kept[-1] == row["kept_per_tensor"], row  # float64 is exact here
        total = sum(m.numel() for m in out.live.values())
        assert count_is_off(out.remaining, total, of_exponent(row["c"])) is row["aborts"]
        if "empty_tensors" in row:
            assert [list(out.live).index(n) for n in empty_tensors(out.live)] == row["empty_tensors"]


def test_data_driven_masks() -> None:
    case = CASES["masks-fc-data-driven"]
    given = case["inputs"]
    network, weights = in_double(initial_network(given["class"], given["network"], given["data"], given["seed"]))
    images = c.tensor(given["images"], torch.float32).double()
    labels = torch.tensor(given["labels"]["data"])
    for row in case["expected"]["rows"]:
        cuts = [*range(0, len(labels), row["batch_size"]), len(labels)]
        batches = [Batch(images[i:j], labels[i:j]) for i, j in pairwise(cuts)]
        make = snip_scores if row["pruner"] == "snip" else grasp_scores_of
        out = prune_in_rounds(make(network, lambda index, b=batches: b), weights, [of_exponent(row["c"])], HEAD)
        differences = [abs(a - b) for a, b in zip(out.kept[-1], row["kept_per_tensor"], strict=True)]
        assert max(differences) <= case["tolerance"]["atol"], row


def test_synflow_in_one_shot() -> None:
    case = CASES["synflow-one-shot"]
    for key, given in case["inputs"]["networks"].items():
        network, weights = in_double(initial_network(given["class"], given["network"], given["data"], given["seed"]))
        _, scores = flow_and_scores(network, weights, shape_of(given["data"]))
        ordered = scores.sort().values
        for row in case["expected"][key]["rows"]:
            tau = ordered[removed_by_threshold(len(scores), of_exponent(row["c"])) - 1]
            parts = (scores > tau).split([w.numel() for w in weights.values()])
            kept = [int(p.sum()) for p in parts]
            assert kept == row["kept_per_tensor"], row["c"]
            assert [i for i, n in enumerate(kept) if n == 0] == row["empty_tensors"]
            assert count_is_off(sum(kept), len(scores), of_exponent(row["c"])) is row["aborts"]


@pytest.mark.parametrize("at", range(len(CASES["synflow-flow-at-initialisation"]["expected"]["nets"])))
def test_flow_at_initialisation(at: int) -> None:
    case = CASES["synflow-flow-at-initialisation"]
    expected = case["expected"]["nets"][at]
    family, name, data = expected["network"]
    network = initial_network(family, name, data, expected["seed"])
    weights = {n: p.detach() for n, p in prunable_parameters(network).items()}
    single, scores = flow_and_scores(network, weights, shape_of(data), dtype=torch.float32)
    assert bool(single.isfinite()) is expected["float32_finite"]
    live = {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    out = prune_in_rounds(lambda *_: scores, weights, [0.1], HEAD, live)
    assert count_is_off(out.remaining, len(scores), 0.1) is expected["head_float32_c1_n1_aborts"]
    network, weights = in_double(network)
    double, scores = flow_and_scores(network, weights, shape_of(data))
    assert float(double) == pytest.approx(expected["R_float64"], rel=2e-5)
    out = prune_in_rounds(lambda *_: scores, weights, [0.1])
    assert out.remaining == expected["correct_kept_c1"] == len(scores) - removed_exactly(len(scores), 0.1)


@pytest.mark.heavy
def test_published_vgg19_on_imagenet() -> None:
    case = CASES["published-vgg19-imagenet-init"]
    given, expected = case["inputs"], case["expected"]
    network = initial_network(given["class"], given["network"], given["data"], given["seed"])
    weights = {n: p.detach() for n, p in prunable_parameters(network).items()}
    layers = list(weights.values())
    sums = [float(layers[i].double().abs().sum()) for i in given["layers"]]
    assert sums == pytest.approx(expected["abs_weight_sums"], rel=5e-6)
    units = unit_sums({n: w.abs() for n, w in weights.items()})
    at = [float(units.into[i]) for i in given["unit_positions"]]
    assert at == pytest.approx(expected["unit_in_abs_weight"], rel=5e-6)
    ratios = [cut_over_flow(network, weights, shape_of("imagenet"), of_exponent(x), 1, "exponential")
              for x in given["exponents"]]  # fmt: skip
    assert ratios == pytest.approx(expected["cut_flow_ratio_n1"], rel=5e-6)
    _, scores = flow_and_scores(network, weights, shape_of("imagenet"))
    parts = scores.split([w.numel() for w in layers])
    assert [float(parts[i].sum()) for i in given["layers"]] == pytest.approx(expected["synflow_sums"], rel=5e-6)
