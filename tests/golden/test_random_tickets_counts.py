"""Per-layer counts, ratios and masks of random and hybrid tickets."""

from __future__ import annotations

from typing import Any

import conventions as c
import pytest
import random_tickets_cases as r
from random_tickets_cases import CASES, PROFILES

from papers.random_tickets.ticket_counts import ticket_counts
from shared.draws import ReplayedDraws
from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.smart_ratios import Rule, answer42_ratios, exact_amounts, smart_counts
from shared.sparsity.tickets import largest_mask, random_mask


def parts(case_id: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    case = CASES[case_id]
    if "parts" not in case["inputs"]:
        return [(case["inputs"], case["expected"])]
    return list(zip(case["inputs"]["parts"], case["expected"]["parts"], strict=True))


def linear(i: dict[str, Any]) -> list[bool]:
    if "layers" in i:
        return [layer["kind"] == "linear" for layer in i["layers"]]
    return [False] * (len(i["layer_sizes"]) - 1) + [True]


def rule(i: dict[str, Any], e: dict[str, Any], **changes: Any) -> Rule:
    settings = {
        "sparsity": e.get("prune_ratio", i.get("prune_ratio")),
        "profile": PROFILES[e.get("profile", i.get("profile", "quadratic"))],
        "depth_penalty": e.get("ratio_family", i.get("ratio_family")) == "vgg",
        "linear_keep": e.get("linear_keep_ratio", i.get("linear_keep_ratio", i.get("last_ratio"))),
        "arithmetic": i["variant"],
        "depth": e.get("depth_constant", i.get("depth_constant")),
    }
    return Rule(**(settings | changes))


PUBLISHED = [
    "published_counts_vgg19",
    "published_counts_resnet32",
    "published_counts_other_networks",
    "published_ablations",
    "published_linear_keep",
    "published_toy_profiles",
    "published_toy_low_sparsity",
    "answer42_counts_vgg19",
    "answer42_counts_resnet32",
    "answer42_uniform_counts",
]


@pytest.mark.parametrize("case_id", PUBLISHED)
def test_counts(case_id: str) -> None:
    for i, e in parts(case_id):
        for result in e["results"]:
            if "error" in result:
                with pytest.raises(ReproError):
                    smart_counts(i["layer_sizes"], linear(i), rule(i, result))
                continue
            kept = smart_counts(i["layer_sizes"], linear(i), rule(i, result))
            assert kept == result["keep"], (case_id, result)
            assert sum(kept) == result["total"]


def test_the_last_flag_set_wins() -> None:
    order = ("linear_decay", "ascend", "cubic", "uniform")
    for i, e in parts("published_flag_precedence"):
        for result in e["results"]:
            last = max(result["flags"], key=order.index)
            assert smart_counts(i["layer_sizes"], linear(i), rule(i, result, profile=PROFILES[last])) == result["keep"]


def test_answer42_ratios() -> None:
    case = CASES["answer42_ratio_values"]
    for i, e in parts("answer42_ratio_values"):
        sizes = i["layer_sizes"]
        for result in e["results"]:
            ratios = answer42_ratios(sizes, linear(i), rule(i, result))
            c.close(ratios, [float(v) for v in result["ratios_after_cascade"]], case["tolerance"])
            total = sum(x * n for x, n in zip(ratios, sizes, strict=True)) / sum(sizes)
            c.close(total, result["total_keep_ratio"], case["tolerance"])


def test_answer42_toy() -> None:
    case = CASES["answer42_toy"]
    i = case["inputs"]
    sizes, flags = i["layer_sizes"], linear(i)
    for e in case["expected"]["results"]:
        wanted = rule(i, e)
        c.close(answer42_ratios(sizes, flags, wanted), [float(v) for v in e["ratios_after_cascade"]], case["tolerance"])
        assert ticket_counts(sizes, flags, wanted) == e["random_keep"]
        counts = ticket_counts(sizes, flags, wanted, hybrid=True)
        hybrid = e["hybrid_keep"]
        if isinstance(hybrid, list):
            assert counts == hybrid
        else:
            assert 0 in counts


@pytest.mark.parametrize("at", range(5))
def test_corrected_counts(at: int) -> None:
    e = CASES["corrected_counts"]["expected"]["results"][at]
    classes = e["num_classes"]
    name, width = ("vgg19", 1.0) if e["network"] == "vgg19" else ("resnet32", 2.0)
    options = {"last_pool": "none"} if name == "vgg19" else {}
    model = build(Model(name=name, width=width, classes=classes, options=options))
    weights = prunable_parameters(model).values()
    sizes, flags = [w.numel() for w in weights], [w.ndim == 2 for w in weights]
    wanted = Rule(sparsity=float(e["prune_ratio"]), depth_penalty=name == "vgg19", linear_keep=0.3)
    assert [int(a) for a in exact_amounts(sizes, flags, wanted)] == e["floors"]
    counts = smart_counts(sizes, flags, wanted)
    assert counts == e["keep"]
    assert sum(counts) == e["total"] == e["target"]


def test_random_ticket_masks() -> None:
    case = CASES["random_ticket_masks"]
    i, e = case["inputs"], case["expected"]
    like = [torch_shape(m) for m in e["published"]]
    orders = [r.permutation(p) for p in i["permutations"]]
    for name, direction, depth in (
        ("published", "gather", None),
        ("answer42", "scatter", i["answer42_depth_constant"]),
    ):
        wanted = Rule(
            sparsity=i["prune_ratio"], depth_penalty=True, linear_keep=i["linear_keep_ratio"], arithmetic=name,
            depth=depth,
        )  # fmt: skip
        counts = smart_counts(i["layer_sizes"], linear(i), wanted)
        assert counts == e[f"{name}_keep"]
        masks = [random_mask(x, k, o, direction) for x, k, o in zip(like, counts, orders, strict=True)]
        assert [r.bits(m) for m in masks] == [m["bits"] for m in e[name]]


def torch_shape(spec: dict[str, Any]) -> Any:
    return r.mask(spec)


def test_hybrid_masks() -> None:
    for i, e in parts("hybrid_masks"):
        model = r.network(i["network"])
        weights = prunable_parameters(model)
        sizes, flags = [w.numel() for w in weights.values()], [w.ndim == 2 for w in weights.values()]
        for result in e["results"]:
            for name, depth in (("published", None), ("answer42", i["answer42_depth_constant"])):
                wanted = rule(i | {"variant": name, "depth_constant": depth}, result)
                if f"{name}_masks" not in result:
                    assert f"{name}_error" in result
                    assert 0 in ticket_counts(sizes, flags, wanted, hybrid=True)
                    continue
                state = r.state_of(r.network(i["network"]))
                from papers.random_tickets.components import hybrid_ticket

                hybrid_ticket(
                    state, None, sparsity=wanted.sparsity, profile=wanted.profile, depth_penalty=wanted.depth_penalty,
                    linear_keep=wanted.linear_keep, arithmetic=name, depth=depth,
                )  # fmt: skip
                assert r.mask_bits(state.masks) == r.expected_bits(result[f"{name}_masks"])
                kept = [*state.masks.remaining_per_tensor().values()]
                assert kept == result[f"{name}_kept_per_layer"]


def test_a_hybrid_ticket_may_leave_a_layer_empty_and_says_so() -> None:
    from papers.random_tickets.components import hybrid_ticket

    i, _ = parts("hybrid_masks")[0]
    state = r.state_of(r.network(i["network"]), ReplayedDraws({}))
    report = hybrid_ticket(
        state, None, sparsity=0.95, depth_penalty=True, arithmetic="answer42", depth=3, linear_keep=0.01
    )
    assert report["empty_layers"]
    assert all(state.masks.remaining_per_tensor()[name] == 0 for name in report["empty_layers"])


def test_magnitude_and_hybrid_on_resnet32() -> None:
    case = CASES["magnitude_and_hybrid_answer42_resnet32"]
    i, tolerance = case["inputs"], case["tolerance"]
    from shared.sparsity.one_shot import keep_from_threshold

    model = r.real(i["network"], i["num_classes"], i["weights"])
    state = r.state_of(model)
    weights = list(state.masks.parameters.values())
    flat = state.masks.flat_weights()
    flags = [w.ndim == 2 for w in weights]
    for e in case["expected"]["results"]:
        live = keep_from_threshold(flat, e["prune_ratio"])
        kept = [int(m.sum()) for m in live.split(state.masks.sizes)]
        assert kept == e["magnitude_kept_per_layer"]
        assert sum(kept) == e["magnitude_kept"]
        c.close(flat[live].abs().min().item(), e["magnitude_smallest_kept"], tolerance)
        wanted = Rule(sparsity=e["prune_ratio"], arithmetic="answer42", depth=i["depth_constant"])
        counts = ticket_counts(state.masks.sizes, flags, wanted, hybrid=True)
        masks = [largest_mask(w, k, ties=True) for w, k in zip(weights, counts, strict=True)]
        assert [int(m.sum()) for m in masks] == e["hybrid_kept_per_layer"]
        assert sum(int(m.sum()) for m in masks) == e["hybrid_kept"]
        smallest = [w.detach()[m].abs().min().item() for w, m in zip(weights, masks, strict=True)]
        c.close(smallest, e["hybrid_smallest_kept_per_layer"], tolerance)
