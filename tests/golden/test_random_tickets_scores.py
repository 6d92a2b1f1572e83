"""SNIP, GraSP, one-shot magnitude and the batches they score."""

from __future__ import annotations

from typing import Any

import conventions as c
import pytest
import random_tickets_cases as r
import torch
from random_tickets_cases import CASES

from papers.random_tickets import components
from papers.random_tickets.settings import scoring
from shared.data.balanced_batch import balanced_batch
from shared.data.corruptions import permuted_rows_and_columns
from shared.draws import ReplayedDraws
from shared.errors import ReproError
from shared.sparsity import snip as snip_rules
from shared.sparsity.grasp import grasp_scores
from shared.sparsity.one_shot import keep_from_threshold, lottery_ticket_masks
from shared.training.state import Batch, State


def batch(spec: dict[str, Any], classes: int | None = None) -> Batch:
    images = c.tensor(spec["images"])
    labels = torch.tensor(spec["labels"]) if "labels" in spec else c.labels(len(images), classes or spec["classes"])
    return Batch(images, labels)


def rounds_of(i: dict[str, Any]) -> r.Batches:
    specs = i["loader_batches"]
    return r.Batches([[batch(s)] for s in specs], specs[0]["classes"])


def check_masks(state: State, e: dict[str, Any]) -> None:
    assert r.mask_bits(state.masks) == r.expected_bits(e["masks"])
    assert state.masks.remaining == e["kept"]
    if "kept_per_layer" in e:
        assert [*state.masks.remaining_per_tensor().values()] == e["kept_per_layer"]


SNIP = ["snip_published_conv", "snip_published_resnet_two_rounds", "snip_published_mlp_ties"]


@pytest.mark.parametrize("case_id", SNIP)
def test_published_snip(case_id: str) -> None:
    case = CASES[case_id]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    per_class, rounds = i["samples_per_class"], i["rounds"]
    found = components.scoring_batches(rounds_of(i), per_class, rounds)
    source = batch(i["loader_batches"][0])
    assert torch.equal(found[0].images, source.images[i["scoring_indices"]])
    model = r.network(i["network"])
    params = r.state_of(model).masks.parameters
    batches = [(b.images, b.labels) for b in found]
    scores, _ = snip_rules.snip_scores_over(model, params, batches)
    c.close(float(scores.sum().abs() + components.SNIP_OFFSET), e["norm_factor"], tolerance)
    normalised = scores / (scores.sum().abs() + components.SNIP_OFFSET)
    expected = torch.cat([c.tensor(v).reshape(-1) for v in e["scores_normalised"].values()])
    c.close(normalised, expected.tolist(), tolerance)
    gradients = torch.cat([c.tensor(v).reshape(-1) for v in e["weight_grads"].values()])
    weights = torch.cat([p.detach().reshape(-1) for p in params.values()])
    c.close(scores, (gradients * weights).abs().tolist(), {"rtol": 1e-8, "atol": 1e-12})
    for result in e["per_ratio"]:
        state = r.state_of(r.network(i["network"]))
        if "error" in result:
            with pytest.raises(ReproError):
                components.snip(state, rounds_of(i), sparsity=result["prune_ratio"], variant="published")
            continue
        components.snip(
            state, rounds_of(i), sparsity=result["prune_ratio"], variant="published", per_class=per_class,
            rounds=rounds,
        )  # fmt: skip
        assert snip_rules.snip_quota(len(scores), result["prune_ratio"]) == result["k"]
        check_masks(state, result)
        c.close(normalised[state.masks.flat()].min().item(), result["threshold"], tolerance)


@pytest.mark.parametrize("case_id", ["snip_answer42_conv", "snip_milad_mlp"])
def test_answer42_snip(case_id: str) -> None:
    case = CASES[case_id]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    spec = i["network"]
    spec = spec | {"layers": [layer for layer in spec["layers"] if layer["type"] != "log_softmax"]}
    data = batch(i["batch"])
    for result in e["per_ratio"]:
        model = r.network(spec)
        state = r.state_of(model, ReplayedDraws({"snip-redraw": r.redrawn(model, i["redrawn_weights"])}))
        scores, _ = snip_rules.snip_scores_over(
            model, state.masks.parameters, [(data.images, data.labels)], reinitialise="xavier-normal",
            draws=state.draws,
        )  # fmt: skip
        c.close(scores.sum().item(), e["norm_factor"], tolerance)
        expected = torch.cat([c.tensor(v).reshape(-1) for v in e["scores_normalised"].values()])
        c.close(scores / scores.sum(), expected.tolist(), tolerance)
        loader = r.Batches([[data]], int(data.labels.max()) + 1)
        components.snip(state, loader, sparsity=result["prune_ratio"], variant="answer42")
        check_masks(state, result)
        c.close((scores / scores.sum())[state.masks.flat()].min().item(), result["threshold"], tolerance)


GRASP = [
    "grasp_conv_T200",
    "grasp_conv_other_temperature",
    "grasp_mlp_reinit",
    "grasp_resnet_two_rounds_reinit",
    "grasp_odd_batch",
    "grasp_mlp_ties",
    "grasp_answer42_rearrange",
]


@pytest.mark.parametrize("case_id", GRASP)
def test_grasp(case_id: str) -> None:
    case = CASES[case_id]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    per_class, rounds, redrawn = i["samples_per_class"], i["rounds"], i.get("redrawn_linear_weights")
    found = components.scoring_batches(rounds_of(i), per_class, rounds)
    assert torch.equal(found[0].images, batch(i["loader_batches"][0]).images[i["scoring_indices"]])
    model = r.network(i["network"])
    weights = {n: p.detach() for n, p in r.state_of(model).masks.parameters.items()}
    weights |= {n: c.tensor(v).view(weights[n].shape) for n, v in (redrawn or {}).items()}
    halves = components.halves(found)
    plain = grasp_scores(model, weights, halves, temperature=i["temperature"], mode="train", normalise=False)
    c.close(abs(plain.sum().item()) + 1e-10, e["norm_factor"], tolerance)
    normalised = -plain / (plain.sum().abs() + 1e-10)
    if "scores_normalised" in e:
        expected = torch.cat([c.tensor(v).reshape(-1) for v in e["scores_normalised"].values()])
        c.close(normalised, expected.tolist(), tolerance)
    if "hessian_gradient_product" in e:
        product = torch.cat([c.tensor(v).reshape(-1) for v in e["hessian_gradient_product"].values()])
        flat = torch.cat([w.reshape(-1) for w in weights.values()])
        c.close(plain, (product * flat).tolist(), {"rtol": 1e-7, "atol": 1e-13})
    for result in e["per_ratio"]:
        model = r.network(i["network"])
        sources = {"grasp-redraw": r.redrawn(model, redrawn)} if redrawn else {}
        state = r.state_of(model, ReplayedDraws(sources))
        options = {
            "sparsity": result["prune_ratio"],
            "variant": "published",
            "per_class": per_class,
            "rounds": rounds,
            "temperature": i["temperature"],
            "redraw_classifier": bool(redrawn),
        }
        if "error" in result:
            with pytest.raises(ReproError):
                components.grasp(state, rounds_of(i), **options)
            continue
        components.grasp(state, rounds_of(i), **options)
        if "mask_permutations" in i:
            from shared.protocol import Method
            from shared.training.structure import apply_checks

            state.draws = ReplayedDraws({"check-rearrange": r.permutations(i["mask_permutations"])})
            dense = {n: p.detach() for n, p in r.network(i["network"]).named_parameters() if n in weights}
            apply_checks(state, (Method(name="layerwise-rearrange"),), dense)
        else:
            c.close(normalised[state.masks.flat()].max().item(), result["threshold"], tolerance)
        check_masks(state, result)


def test_corrupted_grasp_sees_the_same_samples_in_both_rounds() -> None:
    case = CASES["grasp_answer42_corrupt_two_rounds"]
    i, tolerance = case["inputs"], case["tolerance"]
    images = c.tensor(i["images"])
    orders = [r.permutation(p) for p in i["permutations"]]
    moved = torch.stack([permuted_rows_and_columns(x, orders[2 * k], orders[2 * k + 1]) for k, x in enumerate(images)])
    labels, size = torch.tensor(i["redrawn_labels"]), i["batch_size"]
    batches = [Batch(x, y) for x, y in zip(moved.split(size), labels.split(size), strict=True)]
    loader = r.Batches([batches], i["classes"])
    for rounds in (1, 2):
        e = case["expected"][f"rounds_{rounds}"]
        model = r.network(i["network"])
        state = r.state_of(model)
        found = components.scoring_batches(loader, i["samples_per_class"], rounds, repeat=True)
        weights = {n: p.detach() for n, p in state.masks.parameters.items()}
        plain = grasp_scores(
            model, weights, components.halves(found), temperature=i["temperature"], mode="train", normalise=False
        )
        c.close(abs(plain.sum().item()) + 1e-10, e["norm_factor"], tolerance)
        expected = torch.cat([c.tensor(v).reshape(-1) for v in e["scores_normalised"].values()])
        c.close(-plain / (plain.sum().abs() + 1e-10), expected.tolist(), tolerance)
        for result in e["per_ratio"]:
            components.grasp(
                state, loader, sparsity=result["prune_ratio"], variant="answer42", rounds=rounds,
                per_class=i["samples_per_class"], redraw_classifier=False, repeat_samples=True,
            )  # fmt: skip
            check_masks(state, result)


def test_class_balanced_fetch() -> None:
    case = CASES["class_balanced_fetch"]
    for sequence, e in zip(case["inputs"]["sequences"], case["expected"]["results"], strict=True):
        stream, at = [], 0
        for labels in sequence["label_batches"]:
            numbers = torch.arange(at, at + len(labels))
            stream.append(Batch(numbers, torch.tensor(labels)))
            at += len(labels)
        if "error" in e:
            with pytest.raises(ReproError, match="too few"):
                balanced_batch(stream, sequence["samples_per_class"], sequence["classes"])
            continue
        images, labels = balanced_batch(stream, sequence["samples_per_class"], sequence["classes"])
        assert images.tolist() == e["indices"]
        assert labels.tolist() == e["labels"]


def test_scoring_settings() -> None:
    from papers.random_tickets import settings

    for e in CASES["scoring_settings"]["expected"]["results"]:
        network, dataset, published = e["network"], e["dataset"], e["published"]
        found = scoring("published", "snip", network, dataset)
        assert found == (published["samples_per_class"], published["rounds"])
        assert settings.CLASSES[dataset] == published["num_classes"]
        assert scoring("published", "grasp", network, dataset) == found
        if "grasp_config" in e:
            config, code = e["grasp_config"], settings.GRASP42
            found = scoring("answer42", "grasp", network, dataset)
            assert found == (config["samples_per_class"], config["rounds"])
            assert code.batch_size == config["batch_size"]
            assert settings.epochs_of(dataset) == config["epochs"]
            assert settings.optimizer(code, network).lr == config["learning_rate"]
            assert settings.optimizer(code, network).weight_decay == config["weight_decay"]


@pytest.mark.parametrize("case_id", ["lottery_ticket_masks", "lottery_ticket_ties_and_zeros"])
def test_lottery_ticket_masks(case_id: str) -> None:
    case = CASES[case_id]
    for e in case["expected"]["results"]:
        weights = r.state_of(r.network(case["inputs"]["network"])).masks.parameters
        if "error" in e:
            with pytest.raises(ReproError, match="stay dense"):
                lottery_ticket_masks(list(weights.values()), e["prune_ratio"])
            continue
        live, threshold = lottery_ticket_masks(list(weights.values()), e["prune_ratio"])
        found = {n: r.bits(m) for n, m in zip(weights, live, strict=True)}
        assert found == r.expected_bits(e["masks"])
        kept = [int(m.sum()) for m in live]
        assert (sum(kept), kept) == (e["kept"], e["kept_per_layer"])
        assert (0 in kept) == e["some_layer_empty"]
        c.close(threshold.item(), e["threshold"], case["tolerance"])


def test_lottery_tickets_of_resnet32() -> None:
    case = CASES["lottery_ticket_resnet32"]
    i = case["inputs"]
    weights = r.state_of(r.real(i["network"], i["num_classes"], i["weights"])).masks.parameters
    for e in case["expected"]["results"]:
        live, threshold = lottery_ticket_masks(list(weights.values()), e["prune_ratio"])
        kept = [int(m.sum()) for m in live]
        assert (sum(kept), kept) == (e["kept"], e["kept_per_layer"])
        assert (0 in kept) == e["some_layer_empty"]
        c.close(threshold.item(), e["threshold"], case["tolerance"])


@pytest.mark.parametrize("case_id", ["magnitude_answer42", "magnitude_answer42_ties"])
def test_one_shot_magnitude(case_id: str) -> None:
    case = CASES[case_id]
    for e in case["expected"]["results"]:
        state = r.state_of(r.network(case["inputs"]["network"]))
        flat = state.masks.flat_weights()
        if "error" in e:
            with pytest.raises(ReproError):
                keep_from_threshold(flat, e["prune_ratio"])
            continue
        assert snip_rules.snip_quota(len(flat), e["prune_ratio"]) == e["k"]
        state.masks.set_flat(keep_from_threshold(flat, e["prune_ratio"]))
        check_masks(state, e)


def test_snip_and_grasp_of_resnet32() -> None:
    case = CASES["snip_grasp_resnet32_counts"]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    images = c.tensor(i["images"])
    labels = c.labels(len(images), i["num_classes"])
    loader = r.Batches([[Batch(images, labels)]], i["num_classes"])
    found = components.scoring_batches(loader, i["samples_per_class"], 1)
    assert torch.equal(found[0].images, images[i["scoring_indices"]])
    model = r.real(i["network"], i["num_classes"], i["weights"])
    state = r.state_of(model)
    params, sizes = state.masks.parameters, state.masks.sizes
    snip, _ = snip_rules.snip_scores_over(model, params, [(found[0].images, found[0].labels)])
    weights = {n: p.detach() for n, p in params.items()}
    grasp = grasp_scores(
        model, weights, components.halves(found), temperature=i["temperature"], mode="train", normalise=False
    )
    keepers = {
        "snip": lambda s, p: snip_rules.keep_published(s, p, components.SNIP_OFFSET),
        "grasp": lambda s, p: components.keep_grasp(s, p, exact=False),
    }
    for name, scores in (("snip", snip), ("grasp", grasp)):
        norm = scores.sum().abs() + 1e-10
        c.close(norm.item(), e[name]["norm_factor"], tolerance)
        sums = [(s / norm).abs().sum().item() for s in scores.split(sizes)]
        c.close(sums, e[name]["abs_score_sum_per_layer"], {"rtol": 1e-6, "atol": 1e-13})
        for result in e[name]["per_ratio"]:
            live = keepers[name](scores, result["prune_ratio"])
            kept = [int(m.sum()) for m in live.split(sizes)]
            for a, b in zip(kept, result["kept_per_layer"], strict=True):
                assert abs(a - b) <= tolerance["counts_atol"]
            assert abs(sum(kept) - result["kept"]) <= tolerance["counts_atol"]
            edge = (scores / norm)[live].min() * (1 if name == "snip" else -1)
            c.close(edge.item(), result["threshold"], tolerance)
