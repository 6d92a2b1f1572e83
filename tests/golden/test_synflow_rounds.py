"""Pruning in rounds, collapse and conservation on tiny networks."""

from __future__ import annotations

from typing import Any

import conventions as c
import pytest
import synflow_cases as s
import torch
from torch import nn

from papers.synflow import theory
from shared.draws import KeyedDraws
from shared.models.layers import sequential
from shared.sparsity.collapse import empty_tensors
from shared.sparsity.density import count_is_off, densities, largest_exponent, of_exponent
from shared.sparsity.masked import leaves, run
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.paths import effective_masks
from shared.sparsity.pruners import (
    GRASP,
    grasp_scores_of,
    magnitude_scores,
    random_scores,
    snip_scores,
    synflow_scores,
)
from shared.sparsity.rounds import VARIANTS, How, Rounds, Score, prune_in_rounds
from shared.sparsity.synflow import flow

CASES = s.CASES


def scorer(pruner: str, model: nn.Module, given: dict[str, Any], variant: str = "head") -> Score:
    if pruner == "mag":
        return magnitude_scores()
    if pruner == "synflow":
        return synflow_scores(model, given["network"]["input_shape"])
    batches = s.batches(given, None)
    if pruner == "snip":
        return snip_scores(model, lambda index: batches)
    rule = GRASP["published" if variant == "published" else "paper"]
    return grasp_scores_of(model, lambda index: batches, **rule)


def rounds(
    pruner: str,
    given: dict[str, Any],
    density: float,
    n: int,
    kind: str = "exponential",
    variant: str = "head",
    scope: str = "global",
) -> tuple[Rounds, nn.Module, dict[str, torch.Tensor]]:
    model = s.network(given)
    names = given.get("prunable_order") or list(prunable_parameters(model))
    weights = s.weights_of(model, names)
    how = VARIANTS[variant]
    how = How(rule=how.rule, scope=scope, lock=how.lock, zero_masked=how.zero_masked)
    out = prune_in_rounds(scorer(pruner, model, given, variant), weights, densities(density, n, kind), how)
    return out, model, weights


@pytest.mark.parametrize("case_id", ["loop-synflow-mlp", "loop-synflow-cnn", "loop-synflow-res"])
def test_synflow_loop(case_id: str) -> None:
    case = CASES[case_id]
    given = case["inputs"]
    for expected in case["expected"]["runs"]:
        for variant in ("head", "published") if case_id.endswith("mlp") else ("head",):
            out, model, weights = rounds(
                "synflow", given, expected["s"], expected["n"], expected["schedule"], variant, expected["scope"]
            )
            total = sum(w.numel() for w in weights.values())
            found = {
                "s": expected["s"],
                "n": expected["n"],
                "schedule": expected["schedule"],
                "scope": expected["scope"],
                "kept_per_tensor": out.kept[-1],
                "revived_total": sum(out.revived),
                "R_after": flow(model, weights, given["network"]["input_shape"], out.live),
                "aborts": count_is_off(out.remaining, total, expected["s"]),
                "kept_per_iteration": out.kept,
                "masks": s.masks_of(out.live),
            }
            c.close({k: found[k] for k in expected}, expected, case["tolerance"])


@pytest.mark.parametrize("variant", ["head", "published", "corrected"])
def test_snip_revives_what_head_forgets(variant: str) -> None:
    case = CASES["loop-snip-revival"]
    given = case["inputs"]
    out, _, _ = rounds("snip", given, given["s"], given["n"], given["schedule"], variant)
    found = {"kept_per_iteration": out.kept, "revived": out.revived, "masks": s.masks_of(out.live)}
    if variant == "published":
        found["stored_zeros_per_tensor"] = [int((w == 0).sum()) for w in out.stored.values()]
    assert found == case["expected"][variant]


@pytest.mark.parametrize("variant", ["head", "published", "corrected"])
def test_grasp_loop(variant: str) -> None:
    case = CASES["loop-grasp"]
    given = case["inputs"]
    for density, expected in case["expected"]["per_s"].items():
        out, _, weights = rounds("grasp", given, float(density), given["n"], given["schedule"], variant)
        total = sum(w.numel() for w in weights.values())
        found = {
            "kept_per_iteration": out.kept,
            "revived": out.revived,
            "aborts": count_is_off(out.remaining, total, float(density)),
            "masks": s.masks_of(out.live),
        }
        assert {k: found[k] for k in expected[variant]} == expected[variant]


def test_magnitude_loop() -> None:
    case = CASES["loop-magnitude"]
    for expected in case["expected"]["runs"]:
        for variant in ("head", "published", "corrected"):
            once, _, weights = rounds("mag", case["inputs"], expected["s"], 1, variant=variant, scope=expected["scope"])
            ten, _, _ = rounds("mag", case["inputs"], expected["s"], 10, variant=variant, scope=expected["scope"])
            total = sum(w.numel() for w in weights.values())
            assert once.kept[-1] == expected["kept_per_tensor"]
            assert expected["masks"] is None or s.masks_of(once.live) == expected["masks"]
            assert (s.masks_of(once.live) == s.masks_of(ten.live)) is expected["iterations_1_and_10_identical"]
            assert count_is_off(once.remaining, total, expected["s"]) is expected["aborts"]


def test_random_counts() -> None:
    case = CASES["loop-rand-counts"]
    model = s.network(case["inputs"])
    weights = s.weights_of(model, case["inputs"]["prunable_order"])
    for expected in case["expected"]["runs"]:
        for variant in ("head", "corrected"):
            how = How(rule=VARIANTS[variant].rule, scope=expected["scope"], lock=VARIANTS[variant].lock)
            plan = densities(expected["s"], expected["n"])
            out = prune_in_rounds(random_scores(KeyedDraws(1)), weights, plan, how)
            assert [sum(kept) for kept in out.kept] == expected["total_kept_per_iteration"]
            assert expected["kept_per_tensor"] in (None, out.kept[-1])
            total = sum(w.numel() for w in weights.values())
            assert count_is_off(out.remaining, total, expected["s"]) is expected["aborts"]


def test_shuffle_is_a_no_op_there_and_a_permutation_here() -> None:
    from shared.sparsity.rearrange import rearranged

    case = CASES["shuffle-is-a-no-op"]
    given, expected = case["inputs"], case["expected"]
    weights = s.weights_of(model := s.network(given), list(prunable_parameters(model)))
    out = prune_in_rounds(magnitude_scores(), weights, [given["s"]], VARIANTS["head"])
    assert s.masks_of(out.live) == expected["masks"] == expected["masks_with_shuffle_original"]
    draws = KeyedDraws(3)
    moved = {
        n: rearranged(m, draws.permutation(m.numel(), "check-rearrange", index=i))
        for i, (n, m) in enumerate(out.live.items())
    }
    assert [int(m.sum()) for m in moved.values()] == expected["kept_per_tensor_with_shuffle_corrected"]
    assert s.masks_of(moved) != s.masks_of(out.live)


def test_collapse_of_the_tiny_linear_network() -> None:
    case = CASES["collapse-tiny-linear-synflow"]
    given = case["inputs"]
    for target, n, kind, kept, left, kept_corrected, left_corrected in case["expected"]["rows"]:
        for variant, wanted in (("head", (kept, left)), ("corrected", (kept_corrected, left_corrected))):
            out, model, weights = rounds("synflow", given, target / given["N"], n, kind, variant)
            found = (out.kept[-1], flow(model, weights, given["network"]["input_shape"], out.live))
            assert found == wanted, (target, n, kind, variant)


def test_critical_compression() -> None:
    case = CASES["critical-compression-mlp"]
    given, expected = case["inputs"], case["expected"]
    assert largest_exponent(given["N"], given["L"]) == pytest.approx(expected["c_max"], rel=1e-9)
    for name, rows in expected["kept_per_tensor"].items():
        pruner, _, n = name.partition("-n")
        found = [rounds(pruner, given, of_exponent(x), int(n))[0] for x in given["exponents"]]
        assert [out.kept[-1] for out in found] == rows, name
        alive = [x for x, out in zip(given["exponents"], found, strict=True) if not empty_tensors(out.live)]
        assert max(alive) == expected["largest_c_without_empty_tensor"][name]


def test_collapse_and_effective_sparsity() -> None:
    case = CASES["collapse-and-effective-sparsity"]
    shapes = case["inputs"]["shapes"]
    model = sequential([{"type": "linear", "in": i, "out": o} for o, i in shapes])
    names = list(prunable_parameters(model))
    for masks, expected in zip(case["inputs"]["masks"], case["expected"]["reports"], strict=True):
        live = {n: torch.tensor(m).view(*sh) != 0 for n, m, sh in zip(names, masks, shapes, strict=True)}
        effective, paths = effective_masks(model, live, [shapes[0][1]])
        found = {
            "kept_per_tensor": [int(m.sum()) for m in live.values()],
            "empty_tensors": [names.index(n) for n in empty_tensors(live)],
            "paths": int(paths),
            "connected": paths > 0,
            "effective_kept_per_tensor": [int(m.sum()) for m in effective.values()],
            "effective_masks": s.masks_of(effective),
        }
        assert found == expected


def all_scores(pruner: str, given: dict[str, Any]) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """Scores of weights and biases of the conservation experiments."""
    model = s.network(given)
    names = [n for n, _ in model.named_parameters()]
    weights = s.weights_of(model, names)
    live = {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    return model, s.split(scorer(pruner, model, given)(weights, live, 0), weights)


def test_unit_and_layer_conservation() -> None:
    case = CASES["conservation-conv-net"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    for pruner in ("mag", "snip", "grasp", "synflow"):
        model, scores = all_scores(pruner, given)
        units = theory.unit_sums(scores)
        averages, inverse = theory.layer_averages(scores)
        found = {
            "unit_in": units.into,
            "unit_out": units.out,
            "layer_average": averages,
            "weight_sums": {n: float(t.sum()) for n, t in scores.items() if n.endswith("weight")},
            "bias_sums": {n: float(t.sum()) for n, t in scores.items() if n.endswith("bias")},
        }
        c.close(found, expected[pruner], tolerance)
        c.close(inverse, expected["inverse_size"], tolerance)
    total = flow(model, s.weights_of(model, list(scores)), given["network"]["input_shape"])
    assert total == pytest.approx(expected["R"], rel=1e-8)
    assert float((units.into - units.out).abs().max()) < 1e-9 * total


def test_signed_saliency_is_conserved() -> None:
    case = CASES["conservation-signed-saliency"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model = s.network(given)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data.zero_()
    (batch,) = s.batches(given, None)
    weights = leaves(prunable_parameters(model))
    loss = torch.nn.functional.cross_entropy(run(model, weights, batch.images), batch.labels)
    gradients = torch.autograd.grad(loss, list(weights.values()))
    saliency = [w.detach() * g for w, g in zip(weights.values(), gradients, strict=True)]
    c.close([float(t.sum()) for t in saliency], expected["layer_sums"], tolerance)
    c.close([t.sum(1) for t in saliency[:-1]], expected["unit_in"], tolerance)
    c.close([t.sum(0) for t in saliency[1:]], expected["unit_out"], tolerance)


def test_schedule_conservation_ratios() -> None:
    case = CASES["schedule-conservation-ratios"]
    given = case["inputs"]
    model = s.network(given)
    weights = s.weights_of(model, list(prunable_parameters(model)))
    shape = given["network"]["input_shape"]
    found = [
        [
            [theory.cut_over_flow(model, weights, shape, of_exponent(x), n, kind) for n in given["iterations"]]
            for x in given["exponents"]
        ]
        for kind in ("linear", "exponential")
    ]
    s.tensor_close(torch.tensor(found, dtype=torch.float64), case["expected"]["ratios"], case["tolerance"])
