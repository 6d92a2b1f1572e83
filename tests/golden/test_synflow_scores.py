"""Scores of the five pruners on tiny networks against the SynFlow code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import synflow_cases as s
import torch
import torch.nn.functional as F

from shared.protocol import Prunable
from shared.sparsity.masked import flat, run
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.pruners import GRASP, PRUNERS, grasp_scores_of, magnitude_scores, snip_scores, synflow_scores
from shared.sparsity.synflow import flow

CASES = s.CASES
PLAIN = [
    "scores-linear-float64", "scores-linear-float32", "scores-mlp-float64", "scores-cnn-float64", "scores-res-float64",
    "scores-cnn-float32", "scores-mlp-unequal-batches", "scores-cnn-unequal-batches", "scores-with-existing-masks",
]  # fmt: skip


def score(
    pruner: str,
    given: Mapping[str, Any],
    variant: str,
    model: torch.nn.Module | None = None,
    names: list[str] | None = None,
    **options: Any,
) -> dict[str, torch.Tensor]:
    """Scores by name through the product's functions, with the parameters of a variant."""
    model = model or s.network(given)
    weights = s.weights_of(model, names or given["prunable_order"])
    live = {n: m != 0 for n, m in ((k, s.value(v)) for k, v in given["masks"].items())} if "masks" in given else None
    first, second = s.passes(given)
    if variant == "published" and live is not None:
        weights = {n: w * live[n] for n, w in weights.items()}
    passes = [first, second].__getitem__
    dtype = next(iter(weights.values())).dtype
    if pruner == "mag":
        found = magnitude_scores()
    elif pruner == "snip":
        found = snip_scores(model, passes, normalise=variant == "head", **options)
    elif pruner == "grasp":
        rule = GRASP["paper" if variant == "head" else "published"]
        found = grasp_scores_of(model, passes, fixed_sample=False, **rule, **options)
    else:
        found = synflow_scores(model, given["network"]["input_shape"], dtype=dtype, **options)
    masks = live or {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    return s.split(found(weights, masks, 0), weights)


@pytest.mark.parametrize("case_id", PLAIN)
def test_scores(case_id: str) -> None:
    case = CASES[case_id]
    given = case["inputs"]
    for variant in ("head", "published"):
        for pruner, expected in case["expected"][variant].items():
            assert pruner in PRUNERS
            s.tensors_close(score(pruner, given, variant), expected, case["tolerance"])
    if "synflow_R" in case["expected"]:
        model = s.network(given)
        found = flow_of(model, given)
        assert found == pytest.approx(case["expected"]["synflow_R"], rel=1e-8)


def flow_of(model: torch.nn.Module, given: Mapping[str, Any]) -> float:
    return flow(model, s.weights_of(model, given["prunable_order"]), given["network"]["input_shape"])


@pytest.mark.parametrize("case_id", ["synflow-trained-batchnorm-cnn", "synflow-trained-batchnorm-res"])
def test_synflow_with_trained_statistics(case_id: str) -> None:
    case = CASES[case_id]
    given, expected = case["inputs"], case["expected"]
    model = s.network(given)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    s.tensors_close(score("synflow", given, "head", model), expected["scores"], case["tolerance"])
    assert flow_of(model, given) == pytest.approx(expected["R"], rel=1e-8)
    restored = all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert restored is expected["state_restored_exactly"]


def test_stale_gradients() -> None:
    case = CASES["stale-gradients"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model = s.network(given)
    (batch,) = s.batches(given, [given["stale_batch"]])
    weights = {n: w.requires_grad_() for n, w in s.weights_of(model, given["prunable_order"]).items()}
    gradients = torch.autograd.grad(F.cross_entropy(run(model, weights, batch.images), batch.labels), weights.values())
    stale = dict(zip(weights, gradients, strict=True))
    for pruner, wanted in expected["head_contaminated"].items():
        options = {} if pruner == "snip" else {"stale": stale}
        s.tensors_close(score(pruner, given, "head", **options), wanted, tolerance)
    published = score("snip", given, "published", stale=stale)
    s.tensors_close(published, expected["published_snip_contaminated"], tolerance)
    s.tensors_close(score("grasp", given, "head"), expected["clean_grasp"], tolerance)
    s.tensors_close(score("synflow", given, "head"), expected["clean_synflow"], tolerance)


SETS = {
    "bias": Prunable(bias=True),
    "batchnorm": Prunable(batchnorm=True),
    "bias_and_batchnorm": Prunable(bias=True, batchnorm=True),
}


@pytest.mark.parametrize("name", SETS)
def test_prunable_sets(name: str) -> None:
    case = CASES["prunable-sets"]
    given, expected = case["inputs"], case["expected"][name]
    order = list(prunable_parameters(s.network(given), SETS[name]))
    assert order == expected["order"]
    for pruner in set(expected) - {"order"}:
        s.tensors_close(score(pruner, given, "head", names=order), expected[pruner], case["tolerance"])


@pytest.mark.parametrize("pruner", ["snip", "grasp"])
def test_scoring_in_training_mode_moves_the_statistics(pruner: str) -> None:
    case = CASES["score-train-mode"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model = s.network(given)
    order = list(prunable_parameters(model))
    s.tensors_close(score(pruner, given, "head", model, order, mode="train"), expected[pruner], tolerance)
    running = {n: b for n, b in model.named_buffers() if "running" in n}
    s.tensors_close(running, expected[f"running_after_{pruner}"], tolerance)
    assert not model.training


def test_the_hand_calculated_example() -> None:
    """Sheet, section 7.3: y = W2 W1 x with L = y^2/2 conserves theta * dL/dtheta, here through SynFlow's own flow."""
    given = CASES["scores-linear-float64"]["inputs"]
    model = s.network(given)
    weights = s.weights_of(model, given["prunable_order"])
    scores = score("synflow", given, "head", model)
    sums = [float(t.sum()) for t in scores.values()]
    assert sums == pytest.approx([flow_of(model, given)] * len(sums))
    assert float(flat(scores).min()) >= 0
    assert list(scores) == list(weights)
