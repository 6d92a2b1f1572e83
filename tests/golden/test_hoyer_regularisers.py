"""Values and gradients of DeepHoyer's regularisers against the original's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import conventions as c
import hoyer_cases as h
import pytest
import torch
from torch import Tensor

from papers.hoyer.original_ids import SCRIPTS
from shared.sparsity import element_regularisers as element
from shared.sparsity import group_regularisers as group
from shared.training.components.regulariser import Regulariser

ELEMENT = {n.replace("-", "_"): f for n, f in element.FUNCTIONS.items()}
GROUP = {n.replace("-", "_"): f for n, f in group.FUNCTIONS.items()}
GROUPINGS: dict[str, group.Grouping] = {"true_groups": "true", "per_position": "per-position"}


def regulariser(kind: str, **options: Any) -> Regulariser:
    return Regulariser(kind.replace("_", "-"), 1.0, **options)


def compare(case_id: str, actual: Any) -> None:
    case = h.CASES[case_id]
    c.close(actual, case["expected"], case["tolerance"])


def differentiated(value: Tensor, *leaves: Tensor) -> tuple[float, list[Tensor]]:
    gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    return value.item(), [torch.zeros_like(w) if g is None else g for g, w in zip(gradients, leaves, strict=True)]


def gradient(value: Tensor, leaf: Tensor) -> Tensor:
    return differentiated(value, leaf)[1][0]


def shaped(values: Tensor) -> dict[str, Any]:
    return {"shape": list(values.shape), "data": h.plain(values)}


def test_element_vector() -> None:
    w = h.tensor(h.CASES["reg-element-vector"]["inputs"]["w"]).requires_grad_()
    actual = {}
    for name, function in ELEMENT.items():
        value, (slope,) = differentiated(function(w), w)
        actual[name] = {"value": value, "gradient": shaped(slope)}
    compare("reg-element-vector", actual)


@pytest.mark.parametrize("zeros", ["published", "corrected"])
def test_element_network(zeros: str) -> None:
    named = h.parameters(h.CASES["reg-element-network"]["inputs"])
    tensors = [*named.values()]
    actual = {}
    for name, function in ELEMENT.items():
        total, slopes = differentiated(regulariser(name, zeros=zeros).value(tensors), *tensors)
        published = {
            "value": total,
            "per_tensor": {n: function(w).item() for n, w in named.items()},
            "gradients": {n: shaped(g) for n, g in zip(named, slopes, strict=True)},
        }
        only = regulariser(name, tensors="weights")
        corrected = {"value": only.value(only.covered(tensors)).item()}
        actual[name] = {"published": published, "corrected_weights_only": corrected}
    compare("reg-element-network", actual)


def test_element_scale() -> None:
    inputs = h.CASES["reg-element-scale"]["inputs"]
    actual: dict[str, Any] = {}
    for factor in inputs["c"]:
        w = (h.tensor(inputs["w"]) * factor).requires_grad_()
        for name, function in ELEMENT.items():
            value, (slope,) = differentiated(function(w), w)
            facts = {"value": value, "gradient_norm": slope.norm().item(), "w_dot_gradient": (w * slope).sum().item()}
            actual.setdefault(str(factor), {})[name] = facts
    compare("reg-element-scale", actual)


def test_element_extremes() -> None:
    inputs = h.CASES["reg-element-extremes"]["inputs"]
    compare(
        "reg-element-extremes", {k: {n: f(h.tensor(w)).item() for n, f in ELEMENT.items()} for k, w in inputs.items()}
    )


def test_ids_per_script() -> None:
    inputs = h.CASES["reg-ids-per-script"]["inputs"]
    named = h.parameters(inputs)
    actual: dict[str, Any] = {}
    for name, tensors in inputs["tensors_given_to_script"].items():
        script = SCRIPTS[name.replace(" ", "-")]
        given = [named[n] for n in tensors]
        actual[name] = {}
        for number in range(6):
            method = script.method(script.ids.get(number, "none"), 1.0)
            value = 0.0
            if method is not None:
                reg = Regulariser(**method.options)  # type: ignore[arg-type]
                value = reg.value(reg.covered(given)).item()
            actual[name][str(number)] = value
    compare("reg-ids-per-script", actual)


def group_facts(w: Tensor, grouping: group.Grouping = "true") -> dict[str, Any]:
    out = {}
    for name, function in GROUP.items():
        value, (slope,) = differentiated(function(w, grouping), w)
        out[name] = {"value": value, "gradient": shaped(slope)}
    return out


def test_group_matrix() -> None:
    w = h.tensor(h.CASES["reg-group-matrix"]["inputs"]["w"]).requires_grad_()
    norms = {
        "column_norms": shaped(group.group_norms(w, "channels")),
        "row_norms": shaped(group.group_norms(w, "filters")),
    }
    for grouping in GROUPINGS.values():
        compare("reg-group-matrix", group_facts(w, grouping) | norms)


def test_group_kernel() -> None:
    w = h.tensor(h.CASES["reg-group-kernel"]["inputs"]["w"]).requires_grad_()
    facts = {g: group_facts(w, grouping) for g, grouping in GROUPINGS.items()}
    actual: dict[str, Any] = {n: {g: facts[g][n] for g in GROUPINGS} for n in GROUP}
    actual["group_counts"] = {g: list(group.group_counts(tuple(w.shape), k)) for g, k in GROUPINGS.items()}
    compare("reg-group-kernel", actual)


def test_mnist_cnn_structure() -> None:
    named = h.parameters(h.CASES["reg-mnist-cnn-structure"]["inputs"])
    script = SCRIPTS["mnist-structure-cnn"]
    actual = {}
    for name in ("group_lasso", "group_hoyer_square"):
        method = script.method(name.replace("_", "-"), 1.0)
        assert method is not None
        reg = Regulariser(**method.options)  # type: ignore[arg-type]
        value, slopes = differentiated(reg.value(reg.covered([*named.values()])), *named.values())
        checks = {n: h.check(g) for n, g in zip(named, slopes, strict=True)}
        true = regulariser(name, tensors="weights")
        actual[name] = {
            "published": {"value": value, "gradient_checks": checks},
            "true_groups": {"value": true.value(true.covered([*named.values()])).item()},
        }
    compare("reg-mnist-cnn-structure", actual)


def test_special_kernels() -> None:
    inputs = h.CASES["reg-group-special-kernels"]["inputs"]
    actual = {
        k: {n: {g: f(h.tensor(w), grouping).item() for g, grouping in GROUPINGS.items()} for n, f in GROUP.items()}
        for k, w in inputs.items()
    }
    compare("reg-group-special-kernels", actual)


def test_zero_group_of_a_matrix() -> None:
    inputs = h.CASES["reg-group-zero-matrix-group"]["inputs"]
    w = h.tensor(inputs["w"], inputs["zeroed"]).requires_grad_()
    actual: dict[str, Any] = {}
    for name, function in GROUP.items():
        for variant in ("published", "corrected"):
            value, (slope,) = differentiated(function(w, raw=variant == "published"), w)
            actual.setdefault(name, {})[variant] = {"value": value, "gradient": shaped(slope)}
    compare("reg-group-zero-matrix-group", actual)


def test_zero_groups_of_a_kernel() -> None:
    inputs = h.CASES["reg-group-zero-kernel-group"]["inputs"]
    w = h.tensor(inputs["w"], inputs["zeroed"]).requires_grad_()
    actual: dict[str, Any] = {}
    for name, function in GROUP.items():
        for g, grouping in GROUPINGS.items():
            value, (raw,) = differentiated(function(w, grouping, raw=True), w)
            flat = raw.reshape(-1)
            published = {
                "value": value,
                "nan_indices": flat.isnan().nonzero().reshape(-1).tolist(),
                "finite_gradient_sum": flat[flat.isfinite()].sum().item(),
            }
            value, (slope,) = differentiated(function(w, grouping), w)
            both = {"published": published, "corrected": {"value": value, "gradient": shaped(slope)}}
            actual.setdefault(name, {})[g] = both
    compare("reg-group-zero-kernel-group", actual)


def test_zero_tensor_guard() -> None:
    case = h.CASES["reg-zero-tensor-guard"]
    named = h.parameters(case["inputs"])
    actual: dict[str, Any] = {}
    for name, kinds in case["expected"].items():
        for kind in kinds:
            method = SCRIPTS[name.replace(" ", "-")].method(kind.replace("_", "-"), 1.0)
            assert method is not None
            reg = Regulariser(**method.options)  # type: ignore[arg-type]
            value, slopes = differentiated(reg.value(reg.covered([*named.values()])), *named.values())
            nans = {n: int(g.isnan().sum()) for n, g in zip(named, slopes, strict=True)}
            actual.setdefault(name, {})[kind] = {"value": h.non_finite(value), "nan_gradients": nans}
    compare("reg-zero-tensor-guard", actual)


def test_float32_underflow() -> None:
    inputs = h.CASES["reg-float32-underflow"]["inputs"]
    chosen = {**ELEMENT, **{n: GROUP[n] for n in ("group_lasso", "group_hoyer_square")}}
    actual: dict[str, Any] = {}
    for size in inputs["magnitudes"]:
        for name, function in chosen.items():
            w = torch.full(inputs["shape"], size, dtype=torch.float32, requires_grad=True)
            value, (slope,) = differentiated(function(w, raw=True), w)
            actual.setdefault(f"{size:.0e}", {})[name] = {
                "value": h.non_finite(value),
                "gradient_all_finite": bool(slope.isfinite().all()),
                "gradient_has_nan": bool(slope.isnan().any()),
            }
    compare("reg-float32-underflow", actual)


def pushes(w: Tensor, function: Any) -> list[int]:
    """What a small descent step does to each |w|: -1 shrinks, +1 grows, 0 neither."""
    inward = -w.detach().sign() * gradient(function(w), w)
    still = inward.abs() < 1e-12
    return torch.where(still, 0, inward.sign()).int().tolist()


def test_trimming_threshold_of_elements() -> None:
    actual = {}
    for name, spec in h.CASES["trim-threshold-element"]["inputs"].items():
        w = h.tensor(spec).requires_grad_()
        actual[name] = {
            "threshold": element.trimming_threshold(w).item(),
            "hoyer": pushes(w, element.hoyer),
            "hoyer_square": pushes(w, element.hoyer_square),
        }
    compare("trim-threshold-element", actual)


def shrinking(w: Tensor, grouping: group.Grouping) -> dict[str, Any]:
    directions: Sequence[group.Direction] = ("channels", "filters")
    out = {}
    for direction in directions:
        limit = group.trimming_threshold(w, direction, grouping)
        below = (group.group_norms(w, direction, grouping) < limit).reshape(-1)
        out[direction] = {"threshold": limit.item(), "shrinking_groups": below.nonzero().reshape(-1).tolist()}
    return out


def test_trimming_threshold_of_groups() -> None:
    inputs = h.CASES["trim-threshold-groups"]["inputs"]
    matrix, kernel = h.tensor(inputs["matrix"]), h.tensor(inputs["kernel"])
    actual = {
        "matrix": shrinking(matrix, "true"),
        "kernel_true_groups": shrinking(kernel, "true"),
        "kernel_per_position": shrinking(kernel, "per-position"),
    }
    compare("trim-threshold-groups", actual)


def test_a_plain_step_grows_the_norm_and_lowers_the_value() -> None:
    inputs = h.CASES["hs-plain-step"]["inputs"]
    w = h.tensor(inputs["w"]).requires_grad_()
    slope = gradient(element.hoyer_square(w), w)
    after = (w - inputs["eta"] * slope).detach()

    def facts(values: Tensor) -> dict[str, float]:
        return {"hoyer_square": element.hoyer_square(values).item(), "sum_of_squares": values.square().sum().item()}

    growth = inputs["eta"] ** 2 * slope.square().sum().item()
    actual = {"before": facts(w), "w_after": shaped(after), "after": facts(after), "growth": growth}
    compare("hs-plain-step", actual)


@pytest.mark.parametrize("name", [*element.FUNCTIONS, *group.FUNCTIONS])
def test_protected_gradients_of_a_zero_tensor_are_zero(name: str) -> None:
    w = torch.zeros(3, 4, requires_grad=True)
    value, (slope,) = differentiated({**element.FUNCTIONS, **group.FUNCTIONS}[name](w), w)
    assert value == 0
    assert not slope.any()
