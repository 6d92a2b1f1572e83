"""RigL and Erdos-Renyi densities of the DSR reference file, which lie outside the paper."""

from __future__ import annotations

from typing import Any

import conventions as c
import torch

from shared.sparsity import erdos_renyi, rigl

CASES = c.load("dsr")


def test_rigl_densities() -> None:
    case = CASES["rigl_densities"]
    for row, wanted in zip(case["inputs"]["rows"], case["expected"]["rows"], strict=True):
        # shapes are stated as [kh, kw, in, out] and [in, out]
        shapes = [tuple(reversed(s)) for s in row["shapes"]]
        custom = {int(i): s for i, s in row["custom"].items()}
        kind, power = row["method"], row["power"]
        found = erdos_renyi.sparsities(shapes, row["sparsity"], kind=kind, power=power, custom=custom)
        c.close(found, wanted["sparsities"], case["tolerance"])
        assert [erdos_renyi.kept(n, s) for n, s in zip(c.sizes(shapes), found, strict=True)] == wanted["kept"]


def test_rigl_cosine_fraction() -> None:
    case = CASES["rigl_cosine_fraction"]
    for row, wanted in zip(case["inputs"]["rows"], case["expected"]["fractions"], strict=True):
        length = row["end"] - row["begin"]
        c.close([rigl.cosine_fraction(row["initial"], t, length) for t in row["steps"]], wanted, case["tolerance"])


def test_rigl_drop_counts() -> None:
    case = CASES["rigl_drop_counts"]
    pairs = case["inputs"]["pairs"]
    assert [rigl.drop_count(p["active"], p["fraction"]) for p in pairs] == case["expected"]["dropped"]
    double = [int(p["active"] * p["fraction"]) for p in pairs]
    assert double == case["expected"]["double_precision_truncation"]


def test_rigl_trace() -> None:
    """The component in its own step order: an update replaces the gradient step."""
    case = CASES["rigl_trace"]
    i, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    weights = [c.tensor(t["weights"], torch.float32).reshape(-1) for t in i["tensors"]]
    targets = [c.tensor(t["target"], torch.float32).reshape(-1) for t in i["tensors"]]
    live = []
    for t, w in zip(i["tensors"], weights, strict=True):
        live.append(torch.zeros(len(w), dtype=torch.bool))
        live[-1][t["active"]] = True
    momentum = [torch.zeros_like(w) for w in weights]
    step, updated_at = 0, None
    for call in expected["calls"]:
        assert call["step_before"] == step
        gradients = [m * w - t for w, m, t in zip(weights, live, targets, strict=True)]
        update = rigl.due(step, i["begin"], i["end"], i["frequency"]) and updated_at != step
        assert call["mask_update"] == update
        if update:
            updated_at = step
            fraction = rigl.cosine_fraction(i["drop_fraction"], step, i["end"] - i["begin"])
            became: list[Any] = []
            for n, (w, m, g) in enumerate(zip(weights, live, gradients, strict=True)):
                new = rigl.updated(w, m, g, rigl.drop_count(int(m.sum()), fraction))
                became.append(c.kept(new & ~m))
                w[new & ~m] = 0
                momentum[n][new & ~m] = 0
                live[n] = new
            assert became == call["became_active"]
            assert [c.kept(m) for m in live] == call["active_after"]
        else:
            for w, m, g, v in zip(weights, live, gradients, momentum, strict=True):
                v.mul_(i["momentum"]).add_(g * m)
                w.sub_(i["learning_rate"] * v)
            step += 1
        assert call["step_after"] == step
        c.close([float(w.sum()) for w in weights], call["weights_sum"], tolerance)
    for ours, theirs in zip(weights, expected["weights_after"], strict=True):
        c.close(ours.tolist(), theirs["data"], tolerance)
    for ours, theirs in zip(momentum, expected["momentum_after"], strict=True):
        c.close(ours.tolist(), theirs["data"], tolerance)
